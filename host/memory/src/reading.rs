//! What kind of text a file is, by its name and its bytes, and its text in Unicode.

use std::path::Path;

use encoding_rs::Encoding;
use steward_index::TextKind;

use crate::opening::ReadError;

/// How a file is turned into text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// It is text.
    Text(TextKind),
    /// The plugin for documents reads it, in a sandbox.
    Document,
    /// Pictures, archives, programs: nothing is read of them.
    Other,
}

const DOCUMENTS: &[&str] = &["pdf", "docx", "odt", "epub", "html", "htm", "xhtml"];
const CODE: &[&str] = &[
    "rs", "py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "go", "c", "h", "cc", "cpp", "hpp", "cxx", "java", "kt", "kts",
    "scala", "swift", "rb", "php", "pl", "lua", "sh", "bash", "zsh", "fish", "ps1", "sql", "zig", "hs", "ml", "ex",
    "exs", "erl", "clj", "cs", "fs", "vb", "r", "jl", "dart", "nim", "css", "scss", "vue", "svelte", "wit", "proto",
    "toml", "yaml", "yml", "json", "jsonc", "ini", "cfg", "conf", "tf", "nix", "cmake", "gradle", "xml",
];
const OTHER: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "bmp", "ico", "svg", "heic", "tif", "tiff", "mp3", "ogg", "opus", "wav",
    "flac", "m4a", "mp4", "mkv", "mov", "avi", "webm", "zip", "gz", "xz", "bz2", "zst", "7z", "rar", "tar", "jar",
    "exe", "dll", "so", "dylib", "a", "o", "rlib", "wasm", "class", "pyc", "sqlite", "db", "ttf", "otf", "woff",
    "woff2", "iso", "img", "bin", "dat", "lock", "map", "doc", "xls", "xlsx", "ppt", "pptx",
];

impl FileKind {
    pub(crate) fn of(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let extension = Path::new(&name).extension().map(|one| one.to_string_lossy().into_owned()).unwrap_or_default();
        let is = |list: &[&str]| list.contains(&extension.as_str());
        match () {
            () if is(&["md", "markdown", "mdx"]) => Self::Text(TextKind::Markdown),
            () if is(DOCUMENTS) => Self::Document,
            () if is(OTHER) => Self::Other,
            () if is(CODE) || ["makefile", "dockerfile", "justfile"].contains(&name.as_str()) => {
                Self::Text(TextKind::Code)
            }
            () => Self::Text(TextKind::Plain),
        }
    }
}

/// The text of a file's bytes: UTF-8 with or without a mark, UTF-16 with one, or what the bytes look like.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, ReadError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decoded(encoding, &bytes[mark..]);
    }
    if is_binary(bytes) {
        return Err(ReadError::Binary);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    if let Some(text) = nearly_utf8(bytes) {
        return Ok(text);
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    // UTF-8 was tried above.
    decoded(detector.guess(None, chardetng::Utf8Detection::Deny), bytes)
}

/// A text of UTF-8 with a byte here and there that is broken: those are shown as `�`.
fn nearly_utf8(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let broken = text.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER).count();
    let others = text.chars().filter(|c| !c.is_ascii()).count() - broken;
    (broken * 20 < others).then(|| text.into_owned())
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, ReadError> {
    let (text, broken) = encoding.decode_without_bom_handling(bytes);
    // Encodings with a place for every byte give control characters for what they have none for.
    let odd = text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c));
    if broken || odd { Err(ReadError::Encoding) } else { Ok(text.into_owned()) }
}

/// Text has no zero bytes and hardly any other control characters.
fn is_binary(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(8_192)];
    let odd = start.iter().filter(|&&byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)).count();
    start.contains(&0) || odd * 50 > start.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_by_the_name() {
        let kind = |name: &str| FileKind::of(Path::new(name));
        assert_eq!(kind("notes/Plan.MD"), FileKind::Text(TextKind::Markdown));
        assert_eq!(kind("src/main.rs"), FileKind::Text(TextKind::Code));
        assert_eq!(kind("Makefile"), FileKind::Text(TextKind::Code));
        assert_eq!(kind("letter.PDF"), FileKind::Document);
        assert_eq!(kind("cat.jpeg"), FileKind::Other);
        assert_eq!(kind("README"), FileKind::Text(TextKind::Plain));
    }

    #[test]
    fn texts_are_read_in_their_encoding() {
        let russian = "Печь на даче топить берёзой, а не сосной: от смолы забивается труба.";
        assert_eq!(decode(russian.as_bytes()).unwrap(), russian);
        assert_eq!(decode(&[b"\xef\xbb\xbf", russian.as_bytes()].concat()).unwrap(), russian);
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(russian.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(&utf16).unwrap(), russian);
        for encoding in [encoding_rs::WINDOWS_1251, encoding_rs::KOI8_R] {
            let (bytes, ..) = encoding.encode(russian);
            assert_eq!(decode(&bytes).unwrap(), russian, "{}", encoding.name());
        }
    }

    #[test]
    fn one_broken_byte_spoils_no_text() {
        let mut bytes = "Печь на даче топить берёзой, не сосной.".as_bytes().to_vec();
        bytes[3] = b'!';
        assert!(decode(&bytes).unwrap().ends_with("не сосной."));
    }

    #[test]
    fn what_is_no_text_is_said_to_be_none() {
        assert!(matches!(decode(b"\x7fELF\x02\x01\x01\0\0\0"), Err(ReadError::Binary)));
        let random: Vec<u8> = (0..64u32).map(|n| 0x80 | (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert!(matches!(decode(&random), Err(ReadError::Encoding)));
        assert_eq!(decode(b"").unwrap(), "");
    }
}
