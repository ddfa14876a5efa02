-- What wakes the assistant when it happens.
CREATE TABLE subscription (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  owner      INTEGER NOT NULL REFERENCES person (id),
  address    TEXT NOT NULL,
  kind       TEXT NOT NULL,
  settings   TEXT NOT NULL,
  prompt     TEXT NOT NULL,
  recipients TEXT NOT NULL,
  seen       TEXT NOT NULL,          -- what was there at the last event, in the kind's own words
  fired_at   INTEGER,
  key        TEXT UNIQUE,            -- dropped ones stay for a while, so that a repeated call finds its own
  created_at INTEGER NOT NULL,
  dropped_at INTEGER
) STRICT;
CREATE INDEX subscription_owner ON subscription (owner, id) WHERE dropped_at IS NULL;
