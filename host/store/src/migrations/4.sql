-- What is known about a person as keys and values: profile, zone, preferences.
CREATE TABLE user_data (
  person     INTEGER NOT NULL REFERENCES person (id),
  key        TEXT NOT NULL,
  value      TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (person, key)
) STRICT, WITHOUT ROWID;

-- Files and folders that are searched beside a space's own.
CREATE TABLE memory_source (
  space    TEXT NOT NULL,
  path     TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (space, path)
) STRICT, WITHOUT ROWID;

-- How far a conversation is in its transcript, and how far its facts are in the logs of the days.
CREATE TABLE transcript (
  session           TEXT PRIMARY KEY,
  written_through   INTEGER NOT NULL DEFAULT 0,
  file              TEXT,            -- that was written to last, and its length in bytes then
  length            INTEGER NOT NULL DEFAULT 0,
  distilled_through INTEGER NOT NULL DEFAULT 0,
  facts             TEXT             -- distilled up to there, and perhaps not in a log yet
) STRICT, WITHOUT ROWID;

-- What is to be forgotten; one that is not done is gone on with at the next start, before anything is searched.
CREATE TABLE forgetting (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  space    TEXT NOT NULL,
  person   INTEGER NOT NULL REFERENCES person (id),
  session  TEXT NOT NULL,
  what     TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  done_at  INTEGER,
  key      TEXT NOT NULL UNIQUE
) STRICT;

-- Passages of files that stay and are not to be found any more, by the hash of their text.
CREATE TABLE forgotten (
  space TEXT NOT NULL,
  hash  BLOB NOT NULL,
  PRIMARY KEY (space, hash)
) STRICT, WITHOUT ROWID;

-- How often a passage was recalled, by the hash of its text.
CREATE TABLE recall (
  space   TEXT NOT NULL,
  hash    BLOB NOT NULL,
  times   INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (space, hash)
) STRICT, WITHOUT ROWID;
