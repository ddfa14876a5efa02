//! The server, the inbox and the channel between them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use steward_agent::{Address, Envelope, Outgoing};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Channel, ChannelError, Inbox, Telegram, TelegramConfig};

pub(super) const TOKEN: &str = "123:secret-token";
/// Long enough for a busy machine; reached only by a failing test.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call of the channel that waits for its answer. Dropped, it is answered with 502 and a page of HTML.
pub(super) struct Call {
    pub(super) method: String,
    pub(super) body: Value,
    answer: oneshot::Sender<Response>,
}

impl Call {
    pub(super) fn ok(self, result: Value) {
        self.raw(200, json!({"ok": true, "result": result}).to_string());
    }

    pub(super) fn error(self, code: u16, description: &str) {
        self.raw(code, json!({"ok": false, "error_code": code, "description": description}).to_string());
    }

    pub(super) fn flood(self, seconds: u64) {
        let parameters = json!({"retry_after": seconds});
        let answer =
            json!({"ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": parameters});
        self.raw(429, answer.to_string());
    }

    pub(super) fn raw(self, status: u16, body: impl Into<Vec<u8>>) {
        let status = StatusCode::from_u16(status).unwrap();
        let _ = self.answer.send((status, body.into()).into_response());
    }
}

/// A message the channel wants kept, and the way to say whether it was.
pub(super) struct Offer {
    pub(super) envelope: Envelope,
    answer: oneshot::Sender<Result<(), ChannelError>>,
}

impl Offer {
    pub(super) fn keep(self) -> Envelope {
        let _ = self.answer.send(Ok(()));
        self.envelope
    }

    pub(super) fn refuse(self, reason: &str) {
        let _ = self.answer.send(Err(ChannelError::Inbox(reason.to_owned())));
    }
}

struct Offers(mpsc::UnboundedSender<Offer>);

#[async_trait]
impl Inbox for Offers {
    async fn accept(&self, envelope: Envelope) -> Result<(), ChannelError> {
        let (answer, kept) = oneshot::channel();
        self.0.send(Offer { envelope, answer }).unwrap();
        kept.await.unwrap()
    }
}

pub(super) struct Scene {
    pub(super) telegram: Arc<Telegram>,
    pub(super) calls: mpsc::UnboundedReceiver<Call>,
    pub(super) offers: mpsc::UnboundedReceiver<Offer>,
    stop: CancellationToken,
    running: Option<JoinHandle<Result<(), ChannelError>>>,
    offer: mpsc::UnboundedSender<Offer>,
}

impl Scene {
    /// A channel that is not running yet, with pauses of milliseconds.
    pub(super) async fn new(change: impl FnOnce(&mut TelegramConfig)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (url, calls) = serve().await;
        let mut config = TelegramConfig::new(TOKEN);
        config.api_url = Some(url.parse().unwrap());
        config.poll_timeout = Duration::ZERO;
        config.silence = PATIENCE;
        config.retry = Duration::from_millis(1);
        config.retry_max = Duration::from_millis(4);
        config.edit_interval = Duration::ZERO;
        change(&mut config);
        let (offer, offers) = mpsc::unbounded_channel();
        let telegram = Arc::new(Telegram::new(config).unwrap());
        Self { telegram, calls, offers, stop: CancellationToken::new(), running: None, offer }
    }

    pub(super) fn run(&mut self) {
        let (telegram, stop) = (Arc::clone(&self.telegram), self.stop.clone());
        let inbox = Arc::new(Offers(self.offer.clone()));
        self.running = Some(tokio::spawn(async move { telegram.run(inbox, stop).await }));
    }

    /// A running channel that has introduced itself.
    pub(super) async fn started(change: impl FnOnce(&mut TelegramConfig)) -> Self {
        let mut scene = Self::new(change).await;
        scene.run();
        scene.call("getMe").await.ok(json!({"id": 123, "is_bot": true, "username": "our_bot"}));
        scene.call("setMyCommands").await.ok(json!(true));
        scene.call("setMyCommands").await.ok(json!(true));
        scene
    }

    /// The next call, which must be of that method.
    pub(super) async fn call(&mut self, method: &str) -> Call {
        let call = tokio::time::timeout(PATIENCE, self.calls.recv()).await.expect("no call came").unwrap();
        assert_eq!(call.method, method, "{}", call.body);
        call
    }

    pub(super) async fn offer(&mut self) -> Offer {
        tokio::time::timeout(PATIENCE, self.offers.recv()).await.expect("no message came").unwrap()
    }

    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        self.running.take().unwrap().await.unwrap().unwrap();
    }

    pub(super) fn outgoing(text: &str) -> Outgoing {
        Outgoing { to: chat(), text: text.to_owned(), draft: None, unasked: false }
    }
}

pub(super) fn chat() -> Address {
    Address { channel: "telegram".into(), chat: "7".into() }
}

async fn serve() -> (String, mpsc::UnboundedReceiver<Call>) {
    let (sender, calls) = mpsc::unbounded_channel();
    let router = Router::new().route("/{*path}", axum::routing::any(handle)).with_state(sender);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, calls)
}

async fn handle(State(calls): State<mpsc::UnboundedSender<Call>>, Path(path): Path<String>, body: String) -> Response {
    let (answer, answered) = oneshot::channel();
    let method = path.replacen(&format!("bot{TOKEN}/"), "", 1);
    let body = serde_json::from_str(&body).unwrap_or_default();
    let _ = calls.send(Call { method, body, answer });
    answered.await.unwrap_or_else(|_| (StatusCode::BAD_GATEWAY, "<html>bad gateway</html>").into_response())
}
