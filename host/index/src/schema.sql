-- One space's index. Everything here can be made anew from the files.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE file (
  id       INTEGER PRIMARY KEY,
  root     TEXT NOT NULL,            -- empty for the space's own folder
  path     TEXT NOT NULL,            -- below the root
  size     INTEGER NOT NULL,
  modified INTEGER NOT NULL,         -- nanoseconds
  hash     BLOB NOT NULL,            -- of the bytes, empty where they were not read
  problem  TEXT,                     -- why nothing of it is found
  UNIQUE (root, path)
) STRICT;

-- What a text says is kept once, wherever it stands.
CREATE TABLE text (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  hash     BLOB NOT NULL UNIQUE,
  heading  TEXT NOT NULL,
  body     TEXT NOT NULL,
  unused   INTEGER                   -- since when it stands nowhere, in seconds; kept for a while with its vector
) STRICT;
CREATE INDEX text_unused ON text (unused) WHERE unused IS NOT NULL;

CREATE TABLE passage (
  id         INTEGER PRIMARY KEY,
  file       INTEGER NOT NULL REFERENCES file (id),
  text       INTEGER NOT NULL REFERENCES text (id),
  first_line INTEGER NOT NULL,
  last_line  INTEGER NOT NULL,
  written    INTEGER NOT NULL,       -- seconds
  talk       INTEGER NOT NULL,       -- whether it is of a conversation
  level      INTEGER NOT NULL        -- 0 no conversation, 1 short, 2 medium, 3 long, 4 none: found by words alone
) STRICT;
CREATE INDEX passage_file ON passage (file);
CREATE INDEX passage_text ON passage (text);
CREATE INDEX passage_talk ON passage (written DESC, id DESC) WHERE talk = 1;

-- What the index of words has to be told of.
CREATE TABLE change (
  seq  INTEGER PRIMARY KEY AUTOINCREMENT,
  text INTEGER NOT NULL,
  gone INTEGER NOT NULL
) STRICT;

CREATE TABLE model (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  identity  TEXT NOT NULL UNIQUE,
  dimension INTEGER NOT NULL,
  complete  INTEGER NOT NULL         -- once every text had a vector of it
) STRICT;

CREATE TABLE vector (
  model INTEGER NOT NULL REFERENCES model (id),
  text  INTEGER NOT NULL,
  e     BLOB NOT NULL,               -- a signed byte a component, the largest 127
  PRIMARY KEY (model, text)
) STRICT, WITHOUT ROWID;

-- Texts that are not to be found although they stand in a file, and how often texts were recalled.
CREATE TABLE forgotten (hash BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE recall (hash BLOB PRIMARY KEY, times INTEGER NOT NULL) STRICT, WITHOUT ROWID;
