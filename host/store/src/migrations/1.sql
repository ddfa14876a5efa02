-- Times are milliseconds since 1970 in UTC; envelopes, messages and the like are JSON.

CREATE TABLE person (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  name            TEXT NOT NULL,
  name_folded     TEXT NOT NULL,     -- lower case, for SQLite folds ASCII only
  username        TEXT,
  username_folded TEXT,
  role            TEXT NOT NULL,
  language        TEXT,
  banned          INTEGER NOT NULL DEFAULT 0,
  allowed         INTEGER NOT NULL DEFAULT 0,
  configured      INTEGER NOT NULL DEFAULT 0, -- an owner because the configuration says so
  address         TEXT,              -- last used
  last_seen       INTEGER
) STRICT;
CREATE INDEX person_role ON person (role);

CREATE TABLE identity (
  channel TEXT NOT NULL,
  id      TEXT NOT NULL,
  person  INTEGER NOT NULL REFERENCES person (id),
  linked  INTEGER NOT NULL DEFAULT 0, -- added later: it does not rename the person
  PRIMARY KEY (channel, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE pairing (
  hash       TEXT PRIMARY KEY,
  role       TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pairing_failure (
  person INTEGER NOT NULL REFERENCES person (id),
  at     INTEGER NOT NULL
) STRICT;
CREATE INDEX pairing_failure_person ON pairing_failure (person, at);

CREATE TABLE run (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  session    TEXT NOT NULL,
  person     INTEGER NOT NULL,
  principal  TEXT NOT NULL,
  address    TEXT NOT NULL,
  model      TEXT,
  draft      TEXT,
  attempts   INTEGER NOT NULL DEFAULT 1,
  state      TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'stopped', 'failed')),
  started_at INTEGER NOT NULL,
  ended_at   INTEGER
) STRICT;
CREATE INDEX run_open ON run (id) WHERE state = 'open';
CREATE INDEX run_started ON run (started_at);

CREATE TABLE inbox (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  channel     TEXT,                  -- with external_id: messages only
  external_id TEXT,
  incoming    TEXT,                  -- NULL: purged, the row only knows a repeated delivery
  state       TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'taken', 'done')),
  run         INTEGER REFERENCES run (id),
  received_at INTEGER NOT NULL,
  done_at     INTEGER,
  UNIQUE (channel, external_id)
) STRICT;
CREATE INDEX inbox_new ON inbox (id) WHERE state = 'new';
CREATE INDEX inbox_taken ON inbox (run) WHERE state = 'taken';
CREATE INDEX inbox_done ON inbox (done_at) WHERE state = 'done';

CREATE TABLE entry (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  session TEXT NOT NULL,
  run     INTEGER REFERENCES run (id),
  message TEXT NOT NULL
) STRICT;
CREATE INDEX entry_session ON entry (session, id);
CREATE INDEX entry_run ON entry (run, id);

CREATE TABLE session (
  id                TEXT PRIMARY KEY,
  cleared_through   INTEGER NOT NULL DEFAULT 0,
  compacted_through INTEGER,
  summary           TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  channel     TEXT NOT NULL,
  chat        TEXT NOT NULL,
  outgoing    TEXT NOT NULL,
  key         TEXT,                  -- of the tool call that asked
  position    INTEGER NOT NULL,      -- within what that call asked for
  state       TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
  attempts    INTEGER NOT NULL DEFAULT 0,
  not_before  INTEGER NOT NULL DEFAULT 0, -- 0: at once, whatever the clock says
  error       TEXT,
  created_at  INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;
CREATE UNIQUE INDEX outbox_key ON outbox (key, position) WHERE key IS NOT NULL;
CREATE INDEX outbox_waiting ON outbox (channel, chat, id) WHERE state = 'pending';
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE task (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  person      INTEGER NOT NULL REFERENCES person (id),
  creator     INTEGER NOT NULL REFERENCES person (id),
  title       TEXT NOT NULL,
  kind        TEXT,
  status      TEXT NOT NULL CHECK (status IN ('open', 'in_progress', 'done', 'declined', 'cancelled')),
  deadline    TEXT,                  -- as given, on the owner's wall clock
  deadline_at INTEGER,
  context     TEXT,
  skill       TEXT,
  outcome     TEXT,
  key         TEXT UNIQUE,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX task_person ON task (person, id);

CREATE TABLE job (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  owner      INTEGER NOT NULL REFERENCES person (id),
  address    TEXT NOT NULL,
  title      TEXT NOT NULL,
  prompt     TEXT,
  model      TEXT,
  next       INTEGER NOT NULL,
  repeat     TEXT,
  recipients TEXT NOT NULL,
  key        TEXT UNIQUE,            -- ended jobs stay for a while, so that a repeated call finds its own
  state      TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'fired', 'cancelled')),
  created_at INTEGER NOT NULL,
  ended_at   INTEGER
) STRICT;
CREATE INDEX job_next ON job (next) WHERE state = 'active';
CREATE INDEX job_owner ON job (owner, next) WHERE state = 'active';

-- Tool calls whose effect was made, where no row of another table can carry the key.
CREATE TABLE effect (
  key TEXT PRIMARY KEY,
  at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (
  id     INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  person INTEGER NOT NULL,
  run    INTEGER,
  model  TEXT NOT NULL,
  input  INTEGER NOT NULL,
  output INTEGER NOT NULL,
  cached INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_at ON usage (at);

CREATE TABLE audit (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  at           INTEGER NOT NULL,
  run          INTEGER,
  person       INTEGER NOT NULL,
  role         TEXT NOT NULL,
  origin       TEXT NOT NULL,
  session      TEXT NOT NULL,
  plugin       TEXT NOT NULL,
  tool         TEXT NOT NULL,
  outcome      TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  -- Microseconds.
  wall          INTEGER NOT NULL,
  cpu           INTEGER NOT NULL,
  -- Bytes.
  peak_memory   INTEGER NOT NULL,
  bytes_in      INTEGER NOT NULL,
  bytes_out     INTEGER NOT NULL,
  http_sent     INTEGER NOT NULL,
  http_received INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
CREATE TRIGGER audit_is_not_updated BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
-- INSERT OR REPLACE would delete without firing the trigger above.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

-- What plugins keep for themselves; `scope` is whose data it is.
CREATE TABLE kv (
  plugin TEXT NOT NULL,
  scope  TEXT NOT NULL,
  key    TEXT NOT NULL,
  value  BLOB NOT NULL,
  PRIMARY KEY (plugin, scope, key)
) STRICT;

CREATE TABLE secret (
  name       TEXT PRIMARY KEY,
  hosts      TEXT NOT NULL,          -- JSON: where it may be sent
  sealed     BLOB NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

-- Plugins the owner installed, each as it was approved. Its file is plugins/HASH.wasm beside the database.
CREATE TABLE plugin (
  id           INTEGER PRIMARY KEY AUTOINCREMENT, -- another one at each installation
  name         TEXT NOT NULL UNIQUE,
  version      TEXT NOT NULL,
  hash         TEXT NOT NULL,        -- BLAKE3 of the file
  manifest     TEXT NOT NULL,        -- plugin.toml as it was approved
  approved     TEXT NOT NULL,        -- JSON: what it asked for
  enabled      INTEGER NOT NULL,
  installed_at INTEGER NOT NULL
) STRICT;

-- Questions about tool calls; a decision is made once.
CREATE TABLE approval (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  key        TEXT NOT NULL UNIQUE,   -- of the tool call
  code       TEXT NOT NULL UNIQUE,
  run        INTEGER NOT NULL REFERENCES run (id),
  tool       TEXT NOT NULL,
  arguments  TEXT NOT NULL,
  language   TEXT NOT NULL,
  question   TEXT NOT NULL,
  message    TEXT,                   -- the channel's id of the message that shows it
  state      TEXT NOT NULL DEFAULT 'asking'
             CHECK (state IN ('asking', 'approved', 'denied', 'expired', 'withdrawn')),
  settled    INTEGER NOT NULL DEFAULT 0, -- the message shows how it was decided
  decided_by INTEGER,                 -- the person
  asked_at   INTEGER NOT NULL,
  decided_at INTEGER
) STRICT;
CREATE INDEX approval_unsettled ON approval (id) WHERE settled = 0;

CREATE TABLE channel_health (
  channel       TEXT PRIMARY KEY,
  last_ok       INTEGER,
  last_error    TEXT,
  failing_since INTEGER,
  renewed       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
