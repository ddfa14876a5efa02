//! Requests over the granted `http` capability: redirects followed, size and time bounded, errors typed.
//!
//! Which hosts may be reached is the host's decision on every single request, the redirected ones among them. No
//! cookies are kept, and names and passwords do not follow a redirect to another origin.

mod error;
mod redirect;
mod transport;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::Failure;

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

    /// Adds the header with which most services take a token: that of a secret the plugin was granted, whose value the
    /// host puts in.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), steward_sdk::Failure> {
    /// let issues = steward_sdk::http::get("https://api.example.org/issues").bearer("EXAMPLE_TOKEN").send()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn bearer(self, secret: &str) -> Self {
        let token = crate::secrets::placeholder(secret);
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    /// The value cannot be written as JSON.
    pub fn json(self, value: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(value)?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// What is sent along.
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

    /// The body read as JSON.
    ///
    /// ```no_run
    /// #[derive(serde::Deserialize)]
    /// struct Rate {
    ///     eur: f64,
    /// }
    ///
    /// # fn main() -> Result<(), steward_sdk::Failure> {
    /// let rate: Rate = steward_sdk::http::get("https://rates.example.org/usd").send()?.successful()?.json()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It is no JSON of that form, or was cut.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let wrong = |problem: String| Failure::failed(format!("{} answered with something else: {problem}", self.url));
        if self.cut {
            return Err(wrong(format!("more than {} bytes of JSON", self.body.len())));
        }
        serde_json::from_slice(&self.body).map_err(|error| wrong(error.to_string()))
    }

    /// The response if its status is 2xx, and a failure that names the status otherwise.
    ///
    /// # Errors
    /// `not-found` for 404 and 410, `denied` for 401 and 403, `unavailable` for 408, 429 and what is wrong with the
    /// other side, `failed` for the rest.
    pub fn successful(self) -> Result<Self, Failure> {
        let text = format!("{} answered with status {}", self.url, self.status);
        match self.status {
            200..=299 => Ok(self),
            401 | 403 => Err(Failure::denied(text)),
            404 | 410 => Err(Failure::not_found(text)),
            408 | 429 | 500.. => Err(Failure::unavailable(text)),
            _ => Err(Failure::failed(text)),
        }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        let (url, body) = ("https://example.org/".to_owned(), body.as_bytes().to_vec());
        Response { status, url, headers: Vec::new(), body, cut: false }
    }

    #[test]
    fn json_goes_out_and_comes_in() {
        let request = post("https://example.org/", "").json(&json!({"a": 1})).unwrap().bearer("TOKEN");
        assert_eq!(request.body, br#"{"a":1}"#);
        assert_eq!(request.headers[1], ("authorization".to_owned(), "Bearer {{secret:TOKEN}}".to_owned()));
        assert_eq!(answer(200, "[1]").json::<Vec<u8>>().unwrap(), [1]);
        let wrong = answer(200, "<html>").json::<Value>().unwrap_err();
        assert!(wrong.text().starts_with("https://example.org/ answered with something else"), "{wrong:?}");
        let cut = Response { cut: true, ..answer(200, "[1]") };
        assert!(cut.json::<Value>().is_err());
    }

    #[test]
    fn a_status_becomes_the_failure_it_means() {
        assert!(answer(204, "").successful().is_ok());
        assert!(matches!(answer(404, "").successful(), Err(Failure::NotFound(text)) if text.contains("404")));
        assert!(matches!(answer(401, "").successful(), Err(Failure::Denied(_))));
        assert!(matches!(answer(429, "").successful(), Err(Failure::Unavailable(_))));
        assert!(matches!(answer(503, "").successful(), Err(Failure::Unavailable(_))));
        assert!(matches!(answer(400, "").successful(), Err(Failure::Failed(_))));
    }
}
