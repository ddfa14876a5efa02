//! One exchange over `wasi:http`: request out, response in, within a deadline. Nothing is decided here.

use std::time::Duration;

use url::Url;
use wasip2::clocks::monotonic_clock;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
    http_error_code,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{InputStream, StreamError};

use super::{HttpError, Request, Response};

/// The most that one write may carry by the contract of the stream.
const WRITE_SIZE: usize = 4096;
const READ_SIZE: u64 = 64 * 1024;

/// When everything has to be done.
pub(super) struct Deadline {
    reached: Pollable,
    left: u64,
}

impl Deadline {
    pub(super) fn after(time: Duration) -> Self {
        let left = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self { reached: monotonic_clock::subscribe_duration(left), left }
    }

    /// Waits until something is ready; false if the deadline comes first.
    fn wait(&self, ready: &Pollable) -> bool {
        poll(&[ready, &self.reached]).contains(&0)
    }
}

/// Sends one request to the address and reads the answer.
pub(super) fn exchange(request: &Request, url: &Url, deadline: &Deadline) -> Result<Response, HttpError> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let outgoing = outgoing(request, url)?;
    let body = if request.body.is_empty() { None } else { outgoing.body().ok() };
    let options = RequestOptions::new();
    for set in [RequestOptions::set_connect_timeout, RequestOptions::set_first_byte_timeout] {
        // A host that knows no such option still has the deadline here.
        let _ = set(&options, Some(deadline.left));
    }
    let failed = |code: &ErrorCode| fault(&host, code);
    let future = outgoing_handler::handle(outgoing, Some(options)).map_err(|code| failed(&code))?;
    if let Some(body) = body {
        write(body, &request.body, &host)?;
    }
    let response = loop {
        match future.get() {
            Some(Ok(Ok(response))) => break response,
            Some(Ok(Err(code))) => return Err(failed(&code)),
            Some(Err(())) => return Err(broken(&host, "the answer was taken twice")),
            None if deadline.wait(&future.subscribe()) => {}
            None => return Err(HttpError::TimedOut { host }),
        }
    };
    read(&response, request.limit, &host, deadline)
}

fn outgoing(request: &Request, url: &Url) -> Result<OutgoingRequest, HttpError> {
    let headers = Fields::new();
    for (name, value) in &request.headers {
        headers.append(name, value.as_bytes()).map_err(|_| HttpError::Header { name: name.clone() })?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let scheme = if url.scheme() == "https" { Scheme::Https } else { Scheme::Http };
    let set = outgoing
        .set_method(&method(&request.method))
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(url.authority())))
        .and_then(|()| outgoing.set_path_with_query(Some(&path)));
    let wrong = |()| HttpError::Address { url: url.to_string(), problem: "the host does not take it".to_owned() };
    set.map(|()| outgoing).map_err(wrong)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "PATCH" => Method::Patch,
        "OPTIONS" => Method::Options,
        other => Method::Other(other.to_owned()),
    }
}

fn write(body: OutgoingBody, data: &[u8], host: &str) -> Result<(), HttpError> {
    let stream = body.write().map_err(|()| broken(host, "the request's body could not be opened"))?;
    for part in data.chunks(WRITE_SIZE) {
        match stream.blocking_write_and_flush(part) {
            Ok(()) => {}
            // The other side has heard enough: what it answers says why.
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => return Err(stream_fault(host, &error)),
        }
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|code| fault(host, &code))
}

fn read(response: &IncomingResponse, limit: usize, host: &str, deadline: &Deadline) -> Result<Response, HttpError> {
    let headers = response.headers().entries().into_iter();
    let mut answer = Response {
        status: response.status(),
        headers: headers
            .map(|(name, value)| (name.to_lowercase(), String::from_utf8_lossy(&value).into_owned()))
            .collect(),
        ..Response::default()
    };
    let body: IncomingBody = response.consume().map_err(|()| broken(host, "the body was taken twice"))?;
    let stream: InputStream = body.stream().map_err(|()| broken(host, "the body was taken twice"))?;
    loop {
        match stream.read(READ_SIZE) {
            Ok(part) if part.is_empty() => {
                if !deadline.wait(&stream.subscribe()) {
                    return Err(HttpError::TimedOut { host: host.to_owned() });
                }
            }
            Ok(part) => {
                let room = limit - answer.body.len();
                answer.cut = part.len() > room;
                answer.body.extend_from_slice(&part[..part.len().min(room)]);
                if answer.cut {
                    return Ok(answer);
                }
            }
            Err(StreamError::Closed) => return Ok(answer),
            Err(StreamError::LastOperationFailed(error)) => return Err(stream_fault(host, &error)),
        }
    }
}

fn stream_fault(host: &str, error: &wasip2::io::error::Error) -> HttpError {
    match http_error_code(error) {
        Some(code) => fault(host, &code),
        None => broken(host, &error.to_debug_string()),
    }
}

fn broken(host: &str, reason: &str) -> HttpError {
    HttpError::Broken { host: host.to_owned(), reason: reason.to_owned() }
}

/// The code in words.
fn fault(host: &str, code: &ErrorCode) -> HttpError {
    let host = host.to_owned();
    let unreachable = |host, reason: &str| HttpError::Unreachable { host, reason: reason.to_owned() };
    match code {
        ErrorCode::HttpRequestDenied => HttpError::Denied { host, reason: "no grant covers this request".to_owned() },
        ErrorCode::DestinationIpProhibited => {
            HttpError::Denied { host, reason: "its address is not on the public internet".to_owned() }
        }
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => HttpError::UnknownHost { host },
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => HttpError::TimedOut { host },
        ErrorCode::ConnectionRefused => unreachable(host, "it refused the connection"),
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            unreachable(host, "there is no way to it")
        }
        ErrorCode::ConnectionLimitReached => unreachable(host, "too many connections are open"),
        ErrorCode::TlsCertificateError => {
            HttpError::Insecure { host, reason: "its certificate is not valid".to_owned() }
        }
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            HttpError::Insecure { host, reason: "no encryption could be agreed on".to_owned() }
        }
        ErrorCode::InternalError(Some(reason)) => broken(&host, reason),
        ErrorCode::HttpResponseBodySize(_) => broken(&host, "the answer is longer than allowed"),
        ErrorCode::HttpResponseIncomplete | ErrorCode::ConnectionTerminated => {
            broken(&host, "the answer ends too early")
        }
        other => broken(&host, &format!("{other:?}")),
    }
}
