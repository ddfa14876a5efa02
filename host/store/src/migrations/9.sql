-- Whose a chat is, is asked before every step of every run: without this, by reading everybody of the channel.
CREATE INDEX identity_chat ON identity (channel, coalesce(json_extract(address, '$.chat'), id));
