//! Requests over the granted `http` capability: redirects followed, size and time bounded, errors typed.
//!
//! Which hosts may be reached is the host's decision on every single request, the redirected ones among them. No
//! cookies are kept, and names and passwords do not follow a redirect to another origin.

mod error;
mod redirect;
mod transport;

use std::time::Duration;

use url::Url;

pub use error::HttpError;

/// A request to be sent. `http::get(url).header("accept", "text/html").send()?`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    redirects: u32,
    limit: usize,
    timeout: Duration,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code: 200.
    pub status: u16,
    /// Where it came from, after redirects.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The body was longer than the limit and ends there.
    pub cut: bool,
}

/// A GET request.
pub fn get(url: impl Into<String>) -> Request {
    Request::new("GET", url)
}

/// A POST request.
pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
    Request::new("POST", url).body(body)
}

impl Request {
    /// The largest body that is read if no other limit is set, in bytes.
    pub const DEFAULT_LIMIT: usize = 4 << 20;
    /// How long an answer may take in all if no other time is set.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
    /// How many redirects are followed if no other number is set.
    pub const DEFAULT_REDIRECTS: u32 = 5;

    /// A request with a method such as `PUT`.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            redirects: Self::DEFAULT_REDIRECTS,
            limit: Self::DEFAULT_LIMIT,
            timeout: Self::DEFAULT_TIMEOUT,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// How many redirects to follow; 0 gives the redirecting answer itself.
    #[must_use]
    pub fn redirects(mut self, count: u32) -> Self {
        self.redirects = count;
        self
    }

    /// The most bytes of the body to read; what is longer is cut.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// How long it may take in all, redirects included.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Sends it and waits for the whole answer. Any status is an answer.
    ///
    /// # Errors
    /// The address is wrong, the host refused it, or no whole answer came in time.
    pub fn send(self) -> Result<Response, HttpError> {
        let deadline = transport::Deadline::after(self.timeout);
        redirect::follow(self, |request, url| transport::exchange(request, url, &deadline))
    }
}

impl Response {
    /// The first header of that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced by `�`.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Reads an address, which must be of http or https and name a host.
fn parse(address: &str) -> Result<Url, HttpError> {
    let wrong = |problem: String| HttpError::Address { url: address.to_owned(), problem };
    let url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        "http" | "https" => Err(wrong("it names no host".to_owned())),
        other => Err(wrong(format!("only http and https can be requested, not {other}"))),
    }
}
