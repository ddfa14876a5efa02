//! Telling text from binary files, and naming the latter so that nobody tries again.

use steward_content::signature;

/// The text of a file, or what it is instead.
pub fn text(data: Vec<u8>) -> Result<String, &'static str> {
    if let Some(name) = signature::binary(&data) {
        return Err(name);
    }
    String::from_utf8(data).map_err(|_| "no UTF-8 text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_binary_files() {
        assert_eq!(text("# План\n".into()).as_deref(), Ok("# План\n"));
        assert_eq!(text(b"\x89PNG\r\n\x1a\n....".to_vec()), Err("a PNG image"));
        assert_eq!(text(b"RIFF....WEBPVP8 ".to_vec()), Err("a WebP image"));
        assert_eq!(text(b"\0\0\0\x18ftypmp42".to_vec()), Err("a video or an image of a phone"));
        assert_eq!(text(b"abc\0def".to_vec()), Err("a binary file"));
        assert_eq!(text(b"\xcf\xf0\xe8\xe2\xe5\xf2".to_vec()), Err("no UTF-8 text"));
        assert_eq!(text(Vec::new()).as_deref(), Ok(""));
    }
}
