-- Who people are: each identity remembers itself and why it has an owner's rights; names that identify are the owner's.

-- Named as an owner's by the configuration, as of the last start.
ALTER TABLE identity ADD COLUMN configured INTEGER NOT NULL DEFAULT 0;
-- Why it has an owner's rights beside that: 'code' or 'command'.
ALTER TABLE identity ADD COLUMN granted TEXT;
-- As the channel told of it last; NULL until it has written.
ALTER TABLE identity ADD COLUMN name TEXT;
ALTER TABLE identity ADD COLUMN username TEXT;
ALTER TABLE identity ADD COLUMN address TEXT;
ALTER TABLE identity ADD COLUMN last_seen INTEGER;

ALTER TABLE person ADD COLUMN known_since INTEGER;
-- When an owner first chose them by what identifies, and what they called themselves then.
ALTER TABLE person ADD COLUMN dealt_at INTEGER;
ALTER TABLE person ADD COLUMN dealt_as TEXT;
ALTER TABLE person ADD COLUMN warnings INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN warned_run INTEGER;
-- They were told that they are banned.
ALTER TABLE person ADD COLUMN ban_told INTEGER NOT NULL DEFAULT 0;

UPDATE identity SET configured = 1 WHERE person IN (SELECT id FROM person WHERE configured = 1);
UPDATE identity SET granted = 'code'
  WHERE person IN (SELECT id FROM person WHERE configured = 0 AND role = 'owner');
UPDATE identity SET
    name = (SELECT name FROM person WHERE person.id = identity.person),
    username = (SELECT username FROM person WHERE person.id = identity.person),
    last_seen = (SELECT last_seen FROM person WHERE person.id = identity.person),
    address = (SELECT address FROM person WHERE person.id = identity.person
               AND json_extract(address, '$.channel') = identity.channel)
  WHERE linked = 0 AND (SELECT last_seen FROM person WHERE person.id = identity.person) IS NOT NULL
    AND EXISTS (SELECT 1 FROM run WHERE run.person = identity.person
                AND json_extract(run.address, '$.channel') = identity.channel
                UNION ALL SELECT 1 FROM person WHERE person.id = identity.person
                AND json_extract(person.address, '$.channel') = identity.channel);
UPDATE person SET known_since = coalesce((SELECT min(started_at) FROM run WHERE run.person = person.id), last_seen);
UPDATE person SET dealt_at = coalesce(known_since, 0), dealt_as = name
  WHERE role <> 'external' OR allowed = 1 OR id IN (SELECT person FROM task);
ALTER TABLE person DROP COLUMN configured;

CREATE INDEX identity_person ON identity (person);

-- What the owner calls people. A name that is given identifies one person; what they call themselves does not.
CREATE TABLE alias (
  folded   TEXT PRIMARY KEY,
  alias    TEXT NOT NULL,
  person   INTEGER NOT NULL REFERENCES person (id),
  given_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_person ON alias (person);

-- Counts changes of what people may do, so that another process takes notice.
CREATE TABLE standing (changes INTEGER NOT NULL) STRICT;
INSERT INTO standing VALUES (0);
