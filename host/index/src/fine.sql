-- What a byte of a vector's component leaves out, for comparing those that were found once more. Vectors of before have
-- none. It goes with its vector.
CREATE TABLE IF NOT EXISTS fine (
  model INTEGER NOT NULL,
  text  INTEGER NOT NULL,
  e     BLOB NOT NULL,               -- a signed byte a component, in 254ths of what one of the vector's bytes counts
  PRIMARY KEY (model, text)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS vector_gone AFTER DELETE ON vector BEGIN
  DELETE FROM fine WHERE model = old.model AND text = old.text;
END;
