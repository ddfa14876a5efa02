//! A model whose answers the test decides, speaking OpenAI chat completions and Anthropic messages, both streaming.
//!
//! A closure gets each request and gives the [`Reply`] to it: pieces of text, tool calls, gates at which the stream
//! waits, a cut in the middle, a status. The exact bytes of each request are kept. Requests are checked as the
//! providers check them (order of tool calls and results, required fields) and refused in their words, so a wrong
//! conversation is noticed.
//!
//! What it does not imitate: answers that do not stream, images, several choices, limits on tokens, real token counts.

mod anthropic;
mod asked;
mod check;
mod openai;
mod reply;
mod stream;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use asked::{Asked, Provider};
pub use reply::Reply;

use crate::patience::wait_for;

/// The model's name at both providers.
pub const MODEL: &str = "scripted-1";
/// The key both providers want.
pub const KEY: &str = "test-key-1";

type Decide = Box<dyn FnMut(&Asked) -> Reply + Send>;

/// A running model server. Clones are the same server; it ends with the last of them.
#[derive(Clone)]
pub struct ScriptedModel {
    shared: Arc<Shared>,
    address: SocketAddr,
    _running: Arc<DropGuard>,
}

struct Shared {
    decide: Mutex<Decide>,
    asked: watch::Sender<Vec<Asked>>,
}

impl ScriptedModel {
    /// Starts a server on a free port of the loopback address; `decide` answers each request.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start(decide: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let shared = Arc::new(Shared { decide: Mutex::new(Box::new(decide)), asked: watch::Sender::new(Vec::new()) });
        let listener = match TcpListener::bind(("127.0.0.1", 0)).await {
            Ok(listener) => listener,
            Err(error) => panic!("no port for the scripted model: {error}"),
        };
        let address = match listener.local_addr() {
            Ok(address) => address,
            Err(error) => panic!("no address for the scripted model: {error}"),
        };
        let (stop, router) = (CancellationToken::new(), router(Arc::clone(&shared)));
        let stopped = stop.clone();
        // Ends when the last handle is dropped: its guard cancels the token.
        tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                _ = axum::serve(listener, router) => {}
            }
        });
        Self { shared, address, _running: Arc::new(stop.drop_guard()) }
    }

    /// A model that always says the same.
    pub async fn saying(text: &str) -> Self {
        let text = text.to_owned();
        Self::start(move |_| Reply::text(&text)).await
    }

    /// As `OPENAI_BASE_URL` wants it.
    pub fn openai_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// As `ANTHROPIC_BASE_URL` wants it.
    pub fn anthropic_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, those refused as wrong among them.
    pub fn requests(&self) -> Vec<Asked> {
        self.shared.asked.borrow().clone()
    }

    /// Waits until there were that many requests.
    pub async fn asked(&self, times: usize) -> Vec<Asked> {
        self.until(format!("{times} requests to the model"), |asked| asked.len() >= times).await
    }

    /// Waits until the client has dropped the stream of that request (counted from 0) before its end.
    pub async fn dropped(&self, number: usize) {
        let is_dropped = |asked: &Vec<Asked>| asked.get(number).is_some_and(|asked| asked.was_dropped());
        self.until(format!("the end of stream {number}"), is_dropped).await;
    }

    async fn until(&self, what: String, fits: impl FnMut(&Vec<Asked>) -> bool) -> Vec<Asked> {
        let mut seen = self.shared.asked.subscribe();
        let found = wait_for(seen.wait_for(fits), || {
            let told: Vec<_> = self.requests().iter().map(Asked::told).collect();
            format!("Wanted {what}. The model was asked:\n{}", told.join("\n"))
        });
        match found.await {
            Ok(asked) => asked.clone(),
            Err(_) => panic!("the scripted model is gone"),
        }
    }
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Decide> {
        self.decide.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those who wait for a change in what was asked, such as a stream that ended.
    fn touch(&self) {
        self.asked.send_modify(|_| {});
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let openai = |state, headers, raw| answer(state, Provider::OpenAi, headers, raw);
    let anthropic = |state, headers, raw| answer(state, Provider::Anthropic, headers, raw);
    Router::new()
        .route("/v1/chat/completions", post(openai))
        .route("/v1/messages", post(anthropic))
        .route("/v1/models", get(models))
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

async fn models(headers: HeaderMap) -> Response {
    if let Some(refusal) = check::key(Provider::of(&headers), &headers) {
        return refusal;
    }
    let model = json!({ "id": MODEL, "object": "model", "type": "model", "display_name": MODEL,
                        "created": 1_700_000_000, "created_at": "2026-01-01T00:00:00Z", "owned_by": "tests" });
    axum::Json(json!({ "object": "list", "data": [model], "has_more": false, "first_id": MODEL, "last_id": MODEL }))
        .into_response()
}

async fn answer(State(shared): State<Arc<Shared>>, provider: Provider, headers: HeaderMap, raw: Bytes) -> Response {
    if let Some(refusal) = check::key(provider, &headers) {
        return refusal;
    }
    let json = serde_json::from_slice(&raw).unwrap_or(Value::Null);
    let number = shared.asked.borrow().len();
    let asked = Asked { provider, number, headers, raw, json, dropped: Arc::new(AtomicBool::new(false)) };
    shared.asked.send_modify(|all| all.push(asked.clone()));
    if let Some(reason) = check::fault(&asked) {
        return check::refusal(provider, 400, "invalid_request_error", &reason);
    }
    let reply = (*shared.script())(&asked);
    if let Some(status) = reply.status {
        return refuse(provider, status, &reply);
    }
    let dropped = Dropped { shared, asked, finished: false };
    let mut response = Response::new(Body::from_stream(stream::frames(provider, reply, dropped)));
    let kind = axum::http::HeaderValue::from_static("text/event-stream; charset=utf-8");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, kind);
    response
}

fn refuse(provider: Provider, status: u16, reply: &Reply) -> Response {
    let kind = match (provider, status) {
        (_, 401) => "authentication_error",
        (_, 429) => "rate_limit_error",
        (Provider::Anthropic, 529) => "overloaded_error",
        (_, 500..) => "api_error",
        _ => "invalid_request_error",
    };
    let mut response = check::refusal(provider, status, kind, &reply.reason);
    if let Some(seconds) = reply.retry_after {
        response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
    }
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Tells, when a stream ends, whether the client left before its end.
struct Dropped {
    shared: Arc<Shared>,
    asked: Asked,
    finished: bool,
}

impl Drop for Dropped {
    fn drop(&mut self) {
        if !self.finished {
            self.asked.dropped.store(true, Ordering::SeqCst);
            self.shared.touch();
        }
    }
}
