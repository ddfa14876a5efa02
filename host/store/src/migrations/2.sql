-- Calls that can be made again. They hold contents and are forgotten after a while, unlike their rows in the audit.
CREATE TABLE recording (
  audit INTEGER PRIMARY KEY REFERENCES audit (id),
  at    INTEGER NOT NULL,
  body  BLOB NOT NULL
) STRICT;
CREATE INDEX recording_at ON recording (at);
