-- What people who are no owners have used up, by day of the owners' calendar. Person 0 is everybody together whom no
-- owner has let in. A resource is one of the code's, or `told/…` for what somebody was told that day.
CREATE TABLE spent (
  day      TEXT NOT NULL,
  person   INTEGER NOT NULL,
  resource TEXT NOT NULL,
  amount   INTEGER NOT NULL,
  PRIMARY KEY (day, person, resource)
) STRICT, WITHOUT ROWID;

-- Messages to owners beyond what may go out at once: they are read in a digest, or when the owner asks for them.
CREATE TABLE letter (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  reader   INTEGER NOT NULL,
  sender   INTEGER NOT NULL,
  text     TEXT NOT NULL,
  at       INTEGER NOT NULL,
  shown_at INTEGER
) STRICT;
CREATE INDEX letter_waiting ON letter (reader, id) WHERE shown_at IS NULL;
CREATE INDEX letter_shown ON letter (shown_at) WHERE shown_at IS NOT NULL;

-- When a reader was last sent a digest.
CREATE TABLE digest (
  reader  INTEGER PRIMARY KEY,
  sent_at INTEGER NOT NULL
) STRICT;

-- What holds for this installation since it was made.
CREATE TABLE installation (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Whoever ran an earlier version let everyone in, unless the configuration said otherwise. At the first start the owner
-- becomes known, so a database without people is new.
INSERT INTO installation (key, value)
  SELECT 'open_to', CASE WHEN EXISTS (SELECT 1 FROM person) THEN 'everyone' ELSE 'paired' END;
