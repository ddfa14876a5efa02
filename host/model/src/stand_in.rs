//! A model server for tests: it answers as it was told, one answer a request, and remembers what it was asked. It
//! checks nothing and knows no model.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures::StreamExt;
use futures::stream::{iter, once, pending};
use tokio::net::TcpListener;
use url::Url;

/// An answer to one request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    parts: Vec<String>,
    end: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Proper,
    /// The connection breaks.
    Cut,
    /// Nothing more comes, and the connection stays.
    Silence,
}

impl Answer {
    pub(crate) fn events(parts: &[&str]) -> Self {
        let headers = vec![("content-type", "text/event-stream".to_owned())];
        Self { status: 200, headers, parts: parts.iter().map(|part| (*part).to_owned()).collect(), end: End::Proper }
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, parts: vec![body.to_owned()], end: End::Proper }
    }

    pub(crate) fn cut(self) -> Self {
        Self { end: End::Cut, ..self }
    }

    pub(crate) fn silent(self) -> Self {
        Self { end: End::Silence, ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn into_response(self) -> Response {
        let parts = iter(self.parts).map(|part| Ok::<_, io::Error>(Bytes::from(part)));
        let body = match self.end {
            End::Proper => Body::from_stream(parts),
            End::Cut => Body::from_stream(parts.chain(once(cut()))),
            End::Silence => Body::from_stream(parts.chain(pending())),
        };
        let response = Response::builder().status(self.status);
        let response = self.headers.into_iter().fold(response, |response, (name, value)| response.header(name, value));
        response.body(body).unwrap()
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
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    asked: Vec<Asked>,
}

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct StandIn {
    pub(crate) port: u16,
    script: Arc<Mutex<Script>>,
}

impl StandIn {
    pub(crate) async fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let script = Arc::new(Mutex::new(Script { answers: answers.into_iter().collect(), asked: Vec::new() }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { port, script }
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}", self.port)).unwrap()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Result<Response, Infallible> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let asked = Asked {
        line: format!("{} {}", head.method, head.uri),
        headers: headers.collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let mut script = script.lock().unwrap();
    script.asked.push(asked);
    let answer = script.answers.pop_front().unwrap_or_else(|| Answer::json(418, r#"{"error":"nothing more to say"}"#));
    Ok(answer.into_response())
}
