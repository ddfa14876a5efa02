//! A server for tests: it answers as it was told, one answer a request, and remembers what it was asked.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures::StreamExt;
use futures::stream::{iter, once};
use tokio::net::TcpListener;
use url::Url;

/// An answer to one request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// The connection breaks after the body.
    cut: bool,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut: false }
    }

    pub(crate) fn cut(self) -> Self {
        Self { cut: true, ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    fn into_response(self) -> Response {
        let body = iter([Ok::<_, io::Error>(Bytes::from(self.body))]);
        let body = if self.cut { Body::from_stream(body.chain(once(cut()))) } else { Body::from_stream(body) };
        let response = Response::builder().status(self.status);
        let headers = self.headers.into_iter();
        headers.fold(response, |response, (name, value)| response.header(name, value)).body(body).unwrap()
    }
}

/// Breaks the connection once what came before is on its way.
async fn cut() -> Result<Bytes, io::Error> {
    tokio::task::yield_now().await;
    Err(io::Error::other("cut"))
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// How requests are answered.
type Script = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct StandIn {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl StandIn {
    /// One answer after the other.
    pub(crate) async fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
        Self::with(move |_| answers.lock().unwrap().pop_front().unwrap_or_else(|| Answer::new(418, "no more"))).await
    }

    /// As the request is.
    pub(crate) async fn with(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script: Script = Arc::new(script);
        let app = Router::new().fallback(answer).with_state((script, Arc::clone(&asked)));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { port, asked }
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}", self.port)).unwrap()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    State((script, seen)): State<(Script, Arc<Mutex<Vec<Asked>>>)>,
    request: Request,
) -> Result<Response, Infallible> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let asked = Asked {
        line: format!("{} {}", head.method, head.uri),
        headers: headers.collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let answer = script(&asked);
    seen.lock().unwrap().push(asked);
    Ok(answer.into_response())
}
