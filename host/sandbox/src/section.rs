//! Custom sections of a binary, found by walking over its outermost sections. Nothing inside of them is interpreted.

/// The first custom section whose name fits.
pub(crate) fn custom(wasm: &[u8], fits: impl Fn(&str) -> bool) -> Option<&[u8]> {
    let mut rest = wasm.get(8..)?;
    while let Some((&id, after)) = rest.split_first() {
        let (size, after) = number(after)?;
        let (body, after) = after.split_at_checked(size)?;
        rest = after;
        if id == 0 {
            let (length, named) = number(body)?;
            let (name, data) = named.split_at_checked(length)?;
            if std::str::from_utf8(name).is_ok_and(&fits) {
                return Some(data);
            }
        }
    }
    None
}

/// A number of at most 32 bits in LEB128, and what follows it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_found_behind_others_and_damage_finds_nothing() {
        let mut wasm = wat::parse_str("(component (core module (memory 1)))").unwrap();
        wasm.extend_from_slice(b"\0\x07\x04notehi");
        assert_eq!(custom(&wasm, |name| name == "note"), Some(b"hi".as_slice()));
        assert_eq!(custom(&wasm, |name| name == "other"), None);
        for length in 0..wasm.len() {
            assert_eq!(custom(&wasm[..length], |name| name == "note"), None);
        }
        assert_eq!(custom(b"\0asm\x0d\0\x01\0\0\xff\xff\xff\xff\xff\xff", |_| true), None);
    }
}
