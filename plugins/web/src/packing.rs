//! Bodies that servers send packed although nobody asked for it. What the host unpacks itself never comes here.

use std::io::Read as _;

use flate2::read::{DeflateDecoder, ZlibDecoder};
use steward_sdk::Failure;
use steward_sdk::http::Response;

/// The answer with its body as it was before it was packed, at most so many bytes of it.
///
/// # Errors
/// It is packed in a way that is not known here, or damaged.
pub fn unpacked(mut response: Response, most: usize) -> Result<Response, Failure> {
    let packing = response.header("content-encoding").unwrap_or_default().trim().to_ascii_lowercase();
    match packing.as_str() {
        "" | "identity" => Ok(response),
        "deflate" => {
            let (body, cut) = inflate(&response, most)?;
            response.headers.retain(|(name, _)| name != "content-encoding");
            response.cut |= cut;
            Ok(Response { body, ..response })
        }
        _ => Err(Failure::failed(format!(
            "{} came packed by `{}`, which was not asked for and cannot be read here",
            response.url,
            packing.escape_debug()
        ))),
    }
}

/// By the letter of HTTP the bytes are in zlib's form (RFC 9110, 8.4.1.2); many servers leave its header out.
fn inflate(response: &Response, most: usize) -> Result<(Vec<u8>, bool), Failure> {
    let read = |source: &mut dyn std::io::Read| {
        let mut body = Vec::new();
        let end = source.take(most as u64 + 1).read_to_end(&mut body);
        // A body that was cut ends in the middle of what was packed.
        match end {
            Ok(_) => Some(body),
            Err(_) if response.cut && !body.is_empty() => Some(body),
            Err(_) => None,
        }
    };
    let packed = response.body.as_slice();
    let body = read(&mut ZlibDecoder::new(packed)).or_else(|| read(&mut DeflateDecoder::new(packed)));
    let mut body = body.ok_or_else(|| {
        Failure::failed(format!("{} came packed by `deflate` and is damaged: try again later", response.url))
    })?;
    let cut = body.len() > most;
    body.truncate(most);
    Ok((body, cut))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, ZlibEncoder};

    fn response(encoding: &str, body: Vec<u8>) -> Response {
        let headers = vec![("content-encoding".to_owned(), encoding.to_owned())];
        Response { status: 200, url: "https://a.org/".to_owned(), headers, body, cut: false }
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn deflate_is_read_with_and_without_its_header() {
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(b"hello").unwrap();
        for packed in [zlib(b"hello"), raw.finish().unwrap()] {
            let answer = unpacked(response("Deflate", packed), 100).unwrap();
            assert_eq!((answer.body.as_slice(), answer.header("content-encoding")), (&b"hello"[..], None));
        }
    }

    #[test]
    fn a_bomb_is_cut_and_damage_is_told() {
        let answer = unpacked(response("deflate", zlib(&vec![0; 10 << 20])), 1000).unwrap();
        assert!(answer.cut && answer.body.len() == 1000);
        let damaged = unpacked(response("deflate", b"no such thing".to_vec()), 1000).unwrap_err();
        assert!(damaged.text().contains("damaged"), "{}", damaged.text());
        let unknown = unpacked(response("br", Vec::new()), 1000).unwrap_err();
        assert!(unknown.text().contains("`br`"), "{}", unknown.text());
    }
}
