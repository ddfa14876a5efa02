-- Which of what is kept came from foreign text.
ALTER TABLE run ADD COLUMN foreign_text TEXT;        -- where it came from, as JSON; NULL if there was none
ALTER TABLE session ADD COLUMN summary_foreign TEXT; -- the same of the summary

-- Lines of files of memory, prompts and values, by the place they are kept in and their hash.
CREATE TABLE foreign_text (
  place TEXT NOT NULL,
  hash  BLOB NOT NULL,
  PRIMARY KEY (place, hash)
) STRICT, WITHOUT ROWID;

-- Whole files by their contents: one that is edited by hand is another file.
CREATE TABLE foreign_file (
  hash BLOB PRIMARY KEY,
  size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When tools with foreign text before them wrote to the workspace: what changed then is foreign until it changes again.
CREATE TABLE foreign_span (
  began INTEGER NOT NULL,
  ended INTEGER NOT NULL
) STRICT;
