-- The public key of the author who signed a plugin when it was first installed: only that key updates it unasked.
ALTER TABLE plugin ADD COLUMN author TEXT;
