-- Whose a chat is, is asked before every step of every run: without this, by reading everybody of the channel.
CREATE INDEX identity_chat ON identity (channel, coalesce(json_extract(address, '$.chat'), id));
-- What is watched is looked for by its kind, and tasks by when they were changed last.
CREATE INDEX subscription_kind ON subscription (kind, id) WHERE dropped_at IS NULL;
CREATE INDEX task_updated ON task (updated_at);
CREATE INDEX task_person_updated ON task (person, updated_at);
