//! Custom sections of a binary, found by walking over its outermost sections. Nothing inside of them is interpreted.

/// The magic number and the version.
pub(crate) const HEADER: usize = 8;

/// The custom section that holds a plugin's manifest.
pub(crate) const MANIFEST: &str = "steward:manifest";
/// The custom section that holds its author's signature.
pub(crate) const SIGNATURE: &str = "steward:signature";

/// Why a custom section cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unclear {
    Damaged,
    /// Two readers could take different ones.
    Twice,
}

/// One section of the outermost level.
pub(crate) struct Section<'a> {
    /// The name of a custom section.
    pub(crate) custom: Option<&'a str>,
    /// What it holds, without its name.
    pub(crate) data: &'a [u8],
    /// All of its bytes, with id and size.
    pub(crate) whole: &'a [u8],
}

/// The sections in their order. Where the binary is damaged the last one is `None`.
pub(crate) fn sections(wasm: &[u8]) -> impl Iterator<Item = Option<Section<'_>>> {
    let mut rest = wasm.get(HEADER..);
    std::iter::from_fn(move || {
        let bytes = rest.filter(|bytes| !bytes.is_empty())?;
        let section = section(bytes);
        rest = section.as_ref().map(|one| &bytes[one.whole.len()..]);
        Some(section)
    })
}

/// The section that the bytes begin with.
fn section(bytes: &[u8]) -> Option<Section<'_>> {
    let (&id, after) = bytes.split_first()?;
    let (size, after) = number(after)?;
    let (body, after) = after.split_at_checked(size)?;
    let whole = &bytes[..bytes.len() - after.len()];
    if id != 0 {
        return Some(Section { custom: None, data: body, whole });
    }
    let (length, named) = number(body)?;
    let (name, data) = named.split_at_checked(length)?;
    Some(Section { custom: std::str::from_utf8(name).ok(), data, whole })
}

/// The first custom section whose name fits.
pub(crate) fn custom(wasm: &[u8], fits: impl Fn(&str) -> bool) -> Option<&[u8]> {
    let whole = sections(wasm).map_while(|section| section);
    whole.filter(|section| section.custom.is_some_and(&fits)).map(|section| section.data).next()
}

/// What the one custom section of that name holds, if there is one.
///
/// # Errors
/// The binary is damaged anywhere, or there are more of that name.
pub(crate) fn only<'a>(wasm: &'a [u8], name: &str) -> Result<Option<&'a [u8]>, Unclear> {
    let mut found = None;
    for section in sections(wasm) {
        let section = section.ok_or(Unclear::Damaged)?;
        if section.custom == Some(name) && found.replace(section.data).is_some() {
            return Err(Unclear::Twice);
        }
    }
    Ok(found)
}

/// A custom section of that name, ready to be put behind the others.
pub(crate) fn written(name: &str, data: &[u8]) -> Vec<u8> {
    let mut body = leb128(name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    [&[0], leb128(body.len()).as_slice(), &body].concat()
}

/// A number in LEB128.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
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
