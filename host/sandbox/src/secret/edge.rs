//! Where a plugin's requests leave the program: values are put in for placeholders, toward the hosts they are bound to
//! and over https, and taken out of what comes back. A request that carries a value elsewhere is stopped.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, Full};
use percent_encoding::utf8_percent_encode;
use url::{Position, Url};
use wasmtime_wasi_http::{Error, WasiBody};

use super::finder::UNRESERVED;
use super::passage;
use super::placeholder;
use super::vault::{Known, Vault};
use crate::capability::http::{Approved, Denial, Destination, Noted, Way};
use crate::capability::secrets::SecretGrant;
use crate::grant::GrantedIn;

/// The longest body in which placeholders are looked for, in bytes.
const BODY: usize = 64 << 10;

/// What one call may do with secrets when it sends requests.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) vault: Arc<Vault>,
    /// Those the plugin was granted; `None` where the one it acts for may use none.
    pub(crate) granted: Option<Arc<SecretGrant>>,
    /// Where that is written.
    pub(crate) granted_in: GrantedIn,
}

/// A request that was let out, whose response is still to be cleaned.
pub(crate) struct Sent {
    known: Arc<Known>,
    /// A value was put in.
    carries: bool,
    head_only: bool,
}

impl Edge {
    /// Puts values into a request, or says why it is not sent.
    pub(crate) async fn prepare(&self, approved: &mut Approved, noted: &Noted) -> Result<Sent, Error> {
        let refuse = |text: String| {
            noted.note(Denial::Secret(text));
            Error::HttpRequestDenied
        };
        let uses = self.granted.as_ref().is_some_and(|granted| !granted.names.is_empty()) || asks(approved);
        let known = match uses {
            true => self.vault.refresh().await.map_err(|error| refuse(error.to_string()))?,
            false => self.vault.known(),
        };
        let head_only = approved.request.method() == http::Method::HEAD;
        if !uses && !known.any() {
            return Ok(Sent { known, carries: false, head_only });
        }
        let target = Target::of(approved);
        target.check_head(&known, approved).map_err(&refuse)?;
        let filling = Filling { edge: self, known: &known, target: &target };
        let mut carries = filling.head(approved).map_err(&refuse)?;
        // Encodings that are not undone here could hide a value.
        approved.request.headers_mut().remove(header::ACCEPT_ENCODING);
        if self.granted.is_some() && uses && is_text(approved.request.headers()) {
            carries |= filling.small_body(approved, noted).await.map_err(|fault| fault.told(refuse))?;
        } else {
            let body = std::mem::take(approved.request.body_mut());
            *approved.request.body_mut() = target.guard(body, &known, noted);
        }
        Ok(Sent { known, carries, head_only })
    }
}

impl Sent {
    /// The response as the guest may see it.
    pub(crate) fn clean(
        self,
        mut response: http::Response<WasiBody>,
        noted: &Noted,
    ) -> Result<http::Response<WasiBody>, Error> {
        if !self.known.any() {
            return Ok(response);
        }
        if self.carries && response.headers().contains_key(header::CONTENT_ENCODING) {
            let text = "the host answered a request with a secret in an encoding that cannot be looked through";
            noted.note(Denial::Secret(text.to_owned()));
            return Err(Error::HttpResponseContentCoding(None));
        }
        if !self.head_only {
            // A value is replaced by a word of another length.
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        for value in response.headers_mut().values_mut() {
            if self.known.found(value.as_bytes()).is_some() {
                let clean = self.known.redact(&String::from_utf8_lossy(value.as_bytes())).into_owned();
                *value = HeaderValue::from_str(&clean).unwrap_or(HeaderValue::from_static("[secret]"));
            }
        }
        let known = self.known;
        Ok(response.map(|body| passage::cleaned(body, known)))
    }
}

/// Whether the head of a request may have placeholders.
fn asks(approved: &Approved) -> bool {
    let headers = approved.request.headers();
    placeholder::may_have(approved.url.as_str().as_bytes())
        || headers.values().any(|value| placeholder::may_have(value.as_bytes()))
}

/// Whether a body is text that is looked through for placeholders.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("xml");
    (text || kind == "application/x-www-form-urlencoded") && !headers.contains_key(header::CONTENT_ENCODING)
}

/// Where a request goes, for the decision which values may go there.
#[derive(Clone)]
struct Target {
    to: Destination,
    /// Over https, or to a service the owner opened.
    is_safe: bool,
}

impl Target {
    fn of(approved: &Approved) -> Self {
        let is_safe = approved.url.scheme() == "https" || approved.way == Way::Opened;
        Self { to: approved.to.clone(), is_safe }
    }

    /// Why these bytes may not go there.
    fn stopped(&self, known: &Known, bytes: &[u8]) -> Option<String> {
        // Nothing is bound to a host without a name.
        let (host, port) = if self.is_safe { (self.to.host.as_str(), self.to.port) } else { ("", 0) };
        let name = known.found_elsewhere(bytes, host, port)?;
        Some(format!(
            "the request to {} carries the value of the secret {name}, which may not go there: leave it out",
            self.to.host
        ))
    }

    fn check_head(&self, known: &Known, approved: &Approved) -> Result<(), String> {
        let headers = approved.request.headers().iter();
        let parts = headers.flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]);
        let mut parts = parts.chain([approved.url.as_str().as_bytes()]);
        parts.find_map(|part| self.stopped(known, part)).map_or(Ok(()), Err)
    }

    fn guard(&self, body: WasiBody, known: &Arc<Known>, noted: &Noted) -> WasiBody {
        let (target, noted) = (self.clone(), noted.clone());
        passage::guarded(body, Arc::clone(known), move |known, bytes| {
            let text = target.stopped(known, bytes)?;
            noted.note(Denial::Secret(text));
            Some(Error::HttpRequestDenied)
        })
    }
}

/// Why a body was not filled.
enum Fault {
    Refused(String),
    Broken(Error),
}

impl Fault {
    fn told(self, refuse: impl Fn(String) -> Error) -> Error {
        match self {
            Self::Refused(text) => refuse(text),
            Self::Broken(error) => error,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

/// Puts values into one request.
struct Filling<'a> {
    edge: &'a Edge,
    known: &'a Arc<Known>,
    target: &'a Target,
}

impl Filling<'_> {
    /// Fills headers and address; whether there was anything to fill.
    fn head(&self, approved: &mut Approved) -> Result<bool, String> {
        let mut any = false;
        for value in approved.request.headers_mut().values_mut() {
            let text = value.to_str().unwrap_or_default();
            if placeholder::find(text).is_empty() {
                continue;
            }
            let filled = placeholder::replace(text, |name| self.value(name).map(str::to_owned))?;
            *value = HeaderValue::from_str(&filled).map_err(|_| {
                "a secret in this request has letters that no header can carry: it must be set again".to_owned()
            })?;
            value.set_sensitive(true);
            any = true;
        }
        if !placeholder::find(&approved.url[Position::BeforePath..]).is_empty() {
            approved.url = self.address(&approved.url)?;
            any = true;
        }
        Ok(any)
    }

    fn address(&self, url: &Url) -> Result<Url, String> {
        let encoded = |name: &str| self.value(name).map(|value| utf8_percent_encode(value, UNRESERVED).to_string());
        let filled = placeholder::replace(&url[Position::BeforePath..], encoded)?;
        let filled = Url::parse(&format!("{}{filled}", &url[..Position::BeforePath]));
        // What is put in is percent-encoded, so the host cannot change.
        filled.ok().filter(|filled| filled.origin() == url.origin()).ok_or_else(|| "the address is wrong".to_owned())
    }

    /// Fills a body of text; whether there was anything to fill. A long one is only looked through.
    async fn small_body(&self, approved: &mut Approved, noted: &Noted) -> Result<bool, Fault> {
        let mut body = std::mem::take(approved.request.body_mut());
        let mut read = BytesMut::new();
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                read.extend_from_slice(&data);
            }
            if read.len() > BODY {
                return self.long_body(approved, passage::joined(read.freeze(), body), noted);
            }
        }
        if let Some(text) = self.target.stopped(self.known, &read) {
            return Err(Fault::Refused(text));
        }
        let text = std::str::from_utf8(&read).unwrap_or_default();
        if placeholder::find(text).is_empty() {
            *approved.request.body_mut() = whole(read.freeze());
            return Ok(false);
        }
        let write = writing(approved.request.headers());
        let filled = placeholder::replace(text, |name| self.value(name).map(write)).map_err(Fault::Refused)?;
        approved.request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(filled.len()));
        *approved.request.body_mut() = whole(Bytes::from(filled));
        Ok(true)
    }

    /// Passes on what is too long to be filled; placeholders in it go out as they are.
    fn long_body(&self, approved: &mut Approved, body: WasiBody, noted: &Noted) -> Result<bool, Fault> {
        *approved.request.body_mut() = self.target.guard(body, self.known, noted);
        Ok(false)
    }

    /// The value of a secret, if this request may carry it.
    fn value(&self, name: &str) -> Result<&str, String> {
        let Target { to: Destination { host, port }, is_safe } = self.target;
        let granted = self.edge.granted.as_ref().is_some_and(|granted| granted.names.iter().any(|one| one == name));
        if !granted {
            return Err(format!(
                "the plugin may not use the secret {name} here: the one it acts for must hold `secrets`, and the owner \
                 can add it to {}",
                self.edge.granted_in.place("secrets.names")
            ));
        }
        match self.known.state(name) {
            None => Err(format!(
                "the secret {name} is not set. The owner sets it with `steward secret set {name} --host {host}`"
            )),
            Some(false) => Err(self.edge.vault.sealed(name).to_string()),
            Some(true) if !is_safe => {
                Err(format!("the secret {name} is sent over https only, and the request to {host} is not"))
            }
            Some(true) => self.known.value_for(name, host, *port).ok_or_else(|| {
                format!(
                    "the secret {name} may not be sent to {host}:{port}: it is bound to {}. The owner can bind it again \
                     with `steward secret set {name} --host …`",
                    self.known.hosts(name).unwrap_or_default().join(", ")
                )
            }),
        }
    }
}

/// How a value is written into a body of that kind.
fn writing(headers: &HeaderMap) -> fn(&str) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase() {
        form if form == "application/x-www-form-urlencoded" => {
            |value| utf8_percent_encode(value, UNRESERVED).to_string()
        }
        json if json.ends_with("json") => |value| {
            let quoted = serde_json::Value::from(value).to_string();
            quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
        },
        _ => str::to_owned,
    }
}

fn whole(bytes: Bytes) -> WasiBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

#[cfg(test)]
mod tests;
