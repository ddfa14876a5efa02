//! ZIP archives from plain text, so that what is within documents is mutated and not their packing.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchiveWriter};

/// What begins a line that names the next file.
const MARK: &[u8] = b"=== ";

/// The archive that a text describes: each file is a line `=== name` and what follows it.
///
/// # Errors
/// A name is none that can be in an archive.
pub(crate) fn packed(text: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut data = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut data);
    for (name, content) in files(text) {
        let name = String::from_utf8_lossy(name);
        let method = CompressionMethod::DEFLATE;
        let (mut entry, config) = archive.new_file(&name).compression_method(method).start()?;
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
        writer.write_all(content)?;
        let (encoder, descriptor) = writer.finish()?;
        encoder.finish()?;
        entry.finish(descriptor)?;
    }
    archive.finish()?;
    Ok(data)
}

fn files(text: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut files: Vec<(&[u8], usize, usize)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        match line.strip_prefix(MARK) {
            Some(name) => files.push((name.trim_ascii(), end, end)),
            None => files.iter_mut().last().into_iter().for_each(|file| file.2 = end),
        }
        at = end;
    }
    files.into_iter().map(|(name, start, end)| (name, text[start..end].trim_ascii_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_the_files_of_an_archive() {
        let text = b"=== mimetype\napplication/epub+zip\n=== a/b.xml\n<a>\n</a>\n";
        let found: Vec<(&[u8], &[u8])> = vec![(b"mimetype", b"application/epub+zip"), (b"a/b.xml", b"<a>\n</a>")];
        assert_eq!(files(text), found);
        assert!(packed(text).unwrap().starts_with(b"PK"));
    }
}
