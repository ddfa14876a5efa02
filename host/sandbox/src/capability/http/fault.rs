//! What went wrong on the way, in the words of `wasi:http`. A guest learns the kind of fault and nothing of the
//! machine it happened on.

use std::error::Error as StdError;
use std::io;

use wasmtime_wasi_http::Error;

use super::body::TooLong;
use super::resolver::LookupError;

/// The kind of fault behind an error of the client.
pub(crate) fn kind(error: &reqwest::Error) -> Error {
    if let Some(known) = causes(error).find_map(known_cause) {
        return known;
    }
    match error {
        _ if error.is_timeout() && error.is_connect() => Error::ConnectionTimeout,
        _ if error.is_timeout() => Error::HttpResponseTimeout,
        _ if error.is_connect() => Error::DestinationUnavailable,
        _ if error.is_decode() => Error::HttpResponseContentCoding(None),
        _ if error.is_body() => Error::HttpResponseIncomplete,
        _ => Error::HttpProtocolError,
    }
}

/// Whether the name was found and leads to an address that is not public.
pub(crate) fn is_nearer(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| matches!(cause.downcast_ref(), Some(LookupError::Nearer)))
}

fn known_cause(cause: &(dyn StdError + 'static)) -> Option<Error> {
    if let Some(lookup) = cause.downcast_ref::<LookupError>() {
        return Some(match lookup {
            LookupError::Nearer => Error::HttpRequestDenied,
            LookupError::Unknown(_) => Error::DnsError { rcode: Some("name not found".to_owned()), info_code: None },
        });
    }
    if let Some(TooLong(limit)) = cause.downcast_ref() {
        return Some(Error::HttpRequestBodySize(Some(*limit)));
    }
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some(match tls {
            rustls::Error::InvalidCertificate(_) => Error::TlsCertificateError,
            _ => Error::TlsProtocolError,
        });
    }
    match cause.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => Some(Error::ConnectionRefused),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            Some(Error::ConnectionTerminated)
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some(Error::DestinationUnavailable),
        _ => None,
    }
}

/// The error and what caused it, outermost first. An `io::Error` hides the error it wraps from `source`, so it is
/// asked for by name.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}
