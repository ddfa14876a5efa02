//! The listener as its callers meet it: real connections, requests as they are written on the wire.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Router};
use steward_serve::{Access, Caller, Key, Limits, Listener, Mount, ProbeError, Settings, probe};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn settings(address: &str, key: bool) -> Settings {
    let key = key.then(|| Key::new(KEY).unwrap());
    Settings::new(address.parse().unwrap(), key, &[]).unwrap()
}

fn mount(path: &'static str, access: Access, router: Router) -> Mount {
    Mount { name: "test", path, router, access }
}

/// A page for key holders and one for everyone.
fn pages() -> Vec<Mount> {
    let who = get(|Extension(caller): Extension<Caller>| async move { format!("{caller:?}") });
    let take = post(|body: Bytes| async move { body.len().to_string() });
    vec![
        mount("/open", Access::Everyone, Router::new().route("/", who.clone())),
        mount("/closed", Access::KeyHolders, Router::new().route("/", who).route("/take", take)),
    ]
}

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(key: bool, mounts: Vec<Mount>, limits: Limits) -> Self {
        Self::at(settings("127.0.0.1:0", key), mounts, limits).await
    }

    async fn at(settings: Settings, mounts: Vec<Mount>, limits: Limits) -> Self {
        let mut listener = Listener::with_limits(settings, mounts, limits).unwrap();
        let address = listener.open().await.unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(listener.run(stop.clone()));
        Self { address, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.address.port())).await.unwrap()
    }

    /// Everything that comes back for these lines until the connection ends.
    async fn send(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        // What is refused early is answered before all of it was written.
        let _ = stream.write_all(request.as_bytes()).await;
        read(&mut stream).await
    }

    async fn get(&self, path: &str, more: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n")).await
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

async fn read(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn bearer() -> String {
    format!("Authorization: Bearer {KEY}\r\n")
}

#[track_caller]
fn assert_status(answer: &str, status: u16) {
    let (version, rest) = answer.split_at(9.min(answer.len()));
    assert!(["HTTP/1.1 ", "HTTP/1.0 "].contains(&version), "{answer}");
    assert!(rest.starts_with(&format!("{status} ")), "{status}: {answer}");
}

#[tokio::test]
async fn with_a_key_every_route_asks_for_it_and_says_nothing_without() {
    let running = Running::start(true, pages(), Limits::default()).await;
    for path in ["/closed", "/closed/take", "/nothing", "/"] {
        let answer = running.get(path, "").await;
        assert_status(&answer, 401);
        assert!(answer.contains("www-authenticate: Bearer") && answer.contains("serve.key"), "{answer}");
    }
    for path in ["/closed", "/open"] {
        assert_status(&running.get(path, "Authorization: Bearer wrong\r\n").await, 401);
        let answer = running.get(path, &bearer()).await;
        assert_status(&answer, 200);
        assert!(answer.ends_with("Trusted"), "{answer}");
    }
    assert_status(&running.get("/nothing", &bearer()).await, 404);
    let stranger = running.get("/open", "").await;
    assert_status(&stranger, 200);
    assert!(stranger.ends_with("Stranger"), "{stranger}");
    running.end().await;
}

#[tokio::test]
async fn without_a_key_whoever_reaches_it_is_trusted() {
    let running = Running::start(false, pages(), Limits::default()).await;
    let answer = running.get("/closed", "").await;
    assert_status(&answer, 200);
    assert!(answer.ends_with("Trusted"), "{answer}");
    assert!(answer.contains("nosniff") && answer.contains("no-store"), "{answer}");
    assert_status(&running.get("/nothing", "").await, 404);
    running.end().await;
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_reaches_nothing() {
    let running = Running::start(false, pages(), Limits::default()).await;
    let rebound = running.send("GET /open HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").await;
    assert_status(&rebound, 421);
    assert!(rebound.contains("serve.hosts"), "{rebound}");
    assert_status(&running.send("GET /open HTTP/1.0\r\n\r\n").await, 400);
    assert_status(&running.get("/open", "Origin: http://evil.example\r\n").await, 403);
    let own = format!("GET /open HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", running.address);
    assert_status(&running.send(&own).await, 200);
    running.end().await;
}

#[tokio::test]
async fn on_all_addresses_the_one_that_was_reached_is_its_name() {
    let running = Running::at(settings("0.0.0.0:0", true), pages(), Limits::default()).await;
    let to = |host: &str| format!("GET /open HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert_status(&running.send(&to("127.0.0.1:99")).await, 200);
    assert_status(&running.send(&to("0.0.0.0")).await, 421);
    assert_status(&running.send(&to("192.0.2.1")).await, 421);
    running.end().await;
}

#[tokio::test]
async fn bodies_and_heads_are_bounded() {
    let limits = Limits { body: 10, head: 8_192, ..Limits::default() };
    let running = Running::start(false, pages(), limits).await;
    let post = |more: &str| format!("POST /closed/take HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}");
    assert!(running.send(&post("Content-Length: 10\r\n\r\n0123456789")).await.ends_with("10"));
    assert_status(&running.send(&post("Content-Length: 11\r\n\r\n0123456789a")).await, 413);
    // One that does not say how much it is.
    assert_status(&running.send(&post("Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n")).await, 413);
    assert_status(&running.get("/open", &format!("X: {}\r\n", "x".repeat(9_000))).await, 431);
    running.end().await;
}

#[tokio::test]
async fn whoever_is_too_slow_is_cut_off() {
    let never = Router::new().route("/", get(std::future::pending::<()>));
    let limits = Limits { request_time: Duration::ZERO, ..Limits::default() };
    let running = Running::start(false, vec![mount("/never", Access::Everyone, never)], limits).await;
    assert_status(&running.get("/never", "").await, 408);
    running.end().await;

    let limits = Limits { head_time: Duration::from_millis(1), ..Limits::default() };
    let running = Running::start(false, pages(), limits).await;
    let answer = running.send("GET /open HTTP/1.1\r\nHost: local").await;
    assert!(!answer.contains("200"), "{answer}");
    running.end().await;
}

#[tokio::test]
async fn only_so_many_connections_are_served_at_once() {
    let (inside, most, entered, go) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(Notify::new()),
        Arc::new(Notify::new()),
    );
    let (count, highest, enter, wait) = (Arc::clone(&inside), Arc::clone(&most), Arc::clone(&entered), Arc::clone(&go));
    let handler = get(move || async move {
        highest.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        enter.notify_one();
        wait.notified().await;
        count.fetch_sub(1, Ordering::SeqCst);
        "done"
    });
    let limits = Limits { connections: 1, ..Limits::default() };
    let mounts = vec![mount("/slow", Access::Everyone, Router::new().route("/", handler))];
    let running = Running::start(false, mounts, limits).await;
    let request = "GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let (mut first, mut second) = (running.connect().await, running.connect().await);
    first.write_all(request.as_bytes()).await.unwrap();
    second.write_all(request.as_bytes()).await.unwrap();
    for stream in [&mut first, &mut second] {
        entered.notified().await;
        go.notify_one();
        let answer = read(stream).await;
        assert!(answer.ends_with("done"), "{answer}");
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
    running.end().await;
}

#[tokio::test]
async fn what_is_being_answered_is_finished_and_nothing_new_is_begun() {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, wait) = (Arc::clone(&entered), Arc::clone(&go));
    let handler = get(move || async move {
        enter.notify_one();
        wait.notified().await;
        "the whole answer"
    });
    let mounts = vec![mount("/slow", Access::Everyone, Router::new().route("/", handler))];
    let running = Running::start(false, mounts, Limits::default()).await;
    let (mut idle, mut busy) = (running.connect().await, running.connect().await);
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    entered.notified().await;
    running.stop.cancel();
    assert_eq!(read(&mut idle).await, "", "an idle connection is closed");
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody is let in any more");
    assert!(!running.task.is_finished());
    go.notify_one();
    assert!(read(&mut busy).await.ends_with("the whole answer"));
    running.task.await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off() {
    let entered = Arc::new(Notify::new());
    let enter = Arc::clone(&entered);
    let handler = get(move || async move {
        enter.notify_one();
        std::future::pending::<()>().await;
    });
    let limits = Limits { ending: Duration::ZERO, ..Limits::default() };
    let mounts = vec![mount("/never", Access::Everyone, Router::new().route("/", handler))];
    let running = Running::start(false, mounts, limits).await;
    let mut stream = running.connect().await;
    stream.write_all(b"GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    entered.notified().await;
    running.end().await;
    assert_eq!(read(&mut stream).await, "");
}

#[tokio::test]
async fn one_request_that_breaks_off_does_not_end_the_listener() {
    async fn broken() -> &'static str {
        panic!("a fault in a mount")
    }
    let mut mounts = pages();
    mounts.push(mount("/broken", Access::Everyone, Router::new().route("/", get(broken))));
    let running = Running::start(false, mounts, Limits::default()).await;
    assert_eq!(running.get("/broken", "").await, "");
    assert_status(&running.get("/open", "").await, 200);
    running.end().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_and_had_once_it_is_free() {
    let first = Running::start(false, pages(), Limits::default()).await;
    let address = first.address;
    let taken = settings(&address.to_string(), false);
    let mut second = Listener::new(taken.clone(), pages()).unwrap();
    let error = second.open().await.unwrap_err().to_string();
    assert!(error.contains(&address.to_string()) && error.contains("serve.address"), "{error}");
    first.end().await;

    // Its pause before it tries again is over as soon as nothing else happens.
    tokio::time::pause();
    let stop = CancellationToken::new();
    let task = tokio::spawn(second.run(stop.clone()));
    while TcpStream::connect(address).await.is_err() {
        tokio::time::advance(steward_serve::RETRY).await;
    }
    tokio::time::resume();
    let (status, body) = probe(&taken, "/open").await.unwrap();
    assert_eq!((status, &body[..]), (StatusCode::OK, &b"Trusted"[..]));
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn another_process_learns_whether_it_is_there() {
    let mut running = Running::start(true, pages(), Limits::default()).await;
    let same = settings(&running.address.to_string(), true);
    let (status, body) = probe(&same, "/closed").await.unwrap();
    assert_eq!((status, &body[..]), (StatusCode::OK, &b"Trusted"[..]));
    running.stop.cancel();
    (&mut running.task).await.unwrap();
    assert!(matches!(probe(&same, "/closed").await, Err(ProbeError::Absent(..))));

    let other = tokio::net::TcpListener::bind(running.address).await.unwrap();
    let odd = async {
        let (mut stream, _) = other.accept().await.unwrap();
        stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        read(&mut stream).await
    };
    let (probed, _) = tokio::join!(probe(&same, "/closed"), odd);
    assert!(matches!(probed, Err(ProbeError::Odd(..))), "{probed:?}");
}
