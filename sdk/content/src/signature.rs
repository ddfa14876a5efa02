//! What a file is by its first bytes.

/// How many bytes from the beginning are looked at.
const LOOKED_AT: usize = 8 * 1024;

const SIGNATURES: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\0asm", "a WebAssembly binary"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"OggS", "an Ogg recording"),
    (b"ID3", "an MP3 recording"),
    (b"fLaC", "a FLAC recording"),
];

/// What a file is when it is not text: `a PNG image`. `None` is text.
pub fn binary(data: &[u8]) -> Option<&'static str> {
    if let Some((_, name)) = SIGNATURES.iter().find(|(signature, _)| data.starts_with(signature)) {
        return Some(name);
    }
    if data.starts_with(b"RIFF") && data.get(8..12) == Some(b"WEBP") {
        return Some("a WebP image");
    }
    if data.get(4..8) == Some(b"ftyp") {
        return Some("a video or an image of a phone");
    }
    data.iter().take(LOOKED_AT).any(|&byte| byte == 0).then_some("a binary file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_files_are_named() {
        for (data, name) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("a PNG image")),
            (b"RIFF....WEBPVP8 ", Some("a WebP image")),
            (b"\0\0\0\x18ftypmp42", Some("a video or an image of a phone")),
            (b"abc\0def", Some("a binary file")),
            (b"\xcf\xf0\xe8\xe2\xe5\xf2", None),
            (b"", None),
        ] {
            assert_eq!(binary(data), name, "{data:?}");
        }
    }
}
