//! Requests as a guest sends them, against a server on loopback.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, Full};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::*;

/// Answers every connection with the same bytes, then keeps it open; tells what it was sent.
struct Server {
    port: u16,
    seen: mpsc::UnboundedReceiver<String>,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, seen) = mpsc::unbounded_channel();
        let answer: Vec<u8> = answer.into();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut read = Vec::new();
                while !is_whole(&read) && stream.read_buf(&mut read).await.is_ok_and(|bytes| bytes > 0) {}
                let _ = tell.send(String::from_utf8_lossy(&read).into_owned());
                let _ = stream.write_all(&answer).await;
                open.push(stream);
            }
        });
        Self { port, seen, _tasks: tasks }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The way out of a call that is granted every host, with this server opened.
    fn hooks(&self, policy: HttpPolicy) -> Hooks {
        let grant = HttpGrant {
            hosts: vec!["*".to_owned()],
            methods: vec!["GET".to_owned(), "POST".to_owned()],
            ..HttpGrant::default()
        };
        let policy = HttpPolicy { allow_private: vec![self.address()], ..policy };
        hooks(Client::new(policy).unwrap(), grant)
    }
}

fn hooks(client: Client, grant: HttpGrant) -> Hooks {
    Hooks::new(Arc::new(client), Arc::new(grant))
}

/// Whether a request has arrived to its end; a greeting that begins encryption is not waited out.
fn is_whole(read: &[u8]) -> bool {
    const HANDSHAKE: u8 = 22;
    if read.first() == Some(&HANDSHAKE) {
        return true;
    }
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_ascii_lowercase();
    match head.split_once("content-length: ") {
        Some((_, length)) => body.len() >= length.lines().next().unwrap().parse().unwrap(),
        None => !head.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n"),
    }
}

fn body(text: impl Into<Bytes>) -> WasiBody {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

async fn send(hooks: &mut Hooks, request: http::Request<WasiBody>) -> Result<http::Response<WasiBody>, Error> {
    let sending = hooks.send_request(request, None, Box::new(std::future::ready(Ok(()))));
    Box::into_pin(sending).await.map(|(response, _)| response)
}

async fn get(hooks: &mut Hooks, url: &str) -> Result<http::Response<WasiBody>, Error> {
    send(hooks, http::Request::get(url).body(body("")).unwrap()).await
}

async fn text(response: http::Response<WasiBody>) -> Result<String, Error> {
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn a_request_arrives_without_what_concerns_the_connection() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nkeep-alive: timeout=5\r\nx-kept: yes\r\n\r\nhello";
    let mut server = Server::answering(answer).await;
    let mut hooks = server.hooks(HttpPolicy::default());
    let request = http::Request::get(server.url("/page?q=1"))
        .header("host", "elsewhere.example")
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .header("te", "trailers")
        .header("x-own", "kept")
        .body(body(""))
        .unwrap();
    let response = send(&mut hooks, request).await.unwrap();
    assert_eq!(response.headers().get("x-kept").unwrap(), "yes");
    assert_eq!(response.headers().get("keep-alive"), None);
    assert_eq!(text(response).await.unwrap(), "hello");

    let seen = server.seen.recv().await.unwrap().to_ascii_lowercase();
    assert!(seen.starts_with("get /page?q=1 http/1.1\r\n"), "{seen}");
    assert!(seen.contains("x-own: kept\r\n") && seen.contains("user-agent: steward/"), "{seen}");
    assert!(seen.contains(&format!("host: {}\r\n", server.address())), "{seen}");
    for gone in ["elsewhere", "x-hop", "trailers", "transfer-encoding", "content-length"] {
        assert!(!seen.contains(gone), "{gone}: {seen}");
    }
    assert_eq!(hooks.denied(), None);
}

#[tokio::test]
async fn a_body_is_sent_up_to_the_limit() {
    let mut server = Server::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut hooks = server.hooks(HttpPolicy { request_limit: 10, ..HttpPolicy::default() });
    let short = http::Request::post(server.url("/")).header("content-length", "5").body(body("hello")).unwrap();
    assert_eq!(send(&mut hooks, short).await.unwrap().status(), 204);
    assert!(server.seen.recv().await.unwrap().ends_with("\r\n\r\nhello"));

    let long = http::Request::post(server.url("/")).body(body("hello, hello")).unwrap();
    let error = send(&mut hooks, long).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestBodySize(Some(10))), "{error:?}");
    assert!(hooks.denied().unwrap().contains("longer than the 10 B"));
}

#[tokio::test]
async fn a_response_that_is_too_long_ends_with_the_reason() {
    let server =
        Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n".to_owned() + &"x".repeat(2000)).await;
    let mut hooks = server.hooks(HttpPolicy { response_limit: 1 << 10, ..HttpPolicy::default() });
    let response = get(&mut hooks, &server.url("/")).await.unwrap();
    let error = text(response).await.unwrap_err();
    assert!(matches!(error, Error::HttpResponseBodySize(Some(1024))), "{error:?}");
    assert!(hooks.denied().unwrap().contains("127.0.0.1 is longer than the 1 KB"));
}

#[tokio::test]
async fn a_response_that_stops_coming_ends() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    let mut hooks = server.hooks(HttpPolicy { read_timeout: Duration::from_millis(50), ..HttpPolicy::default() });
    let response = get(&mut hooks, &server.url("/")).await.unwrap();
    let error = text(response).await.unwrap_err();
    assert!(matches!(error, Error::ConnectionReadTimeout), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_the_guests_to_follow() {
    let server =
        Server::answering("HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n").await;
    let mut hooks = server.hooks(HttpPolicy::default());
    let response = get(&mut hooks, &server.url("/")).await.unwrap();
    assert_eq!(response.status(), 302);
    let target = response.headers().get("location").unwrap().to_str().unwrap().to_owned();
    let error = get(&mut hooks, &target).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied), "{error:?}");
    assert!(hooks.denied().unwrap().contains("\"10.0.0.1:80\""));
}

#[tokio::test]
async fn a_host_that_was_not_granted_hears_nothing() {
    let mut server = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let policy = HttpPolicy { allow_private: vec![server.address()], ..HttpPolicy::default() };
    let grant = HttpGrant { hosts: vec!["example.org".to_owned()], ..HttpGrant::default() };
    let mut hooks = hooks(Client::new(policy).unwrap(), grant);
    let error = get(&mut hooks, &server.url("/")).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied), "{error:?}");
    assert!(hooks.denied().unwrap().contains("add \"127.0.0.1\" to `http.hosts`"));
    assert!(server.seen.try_recv().is_err());
}

#[tokio::test]
async fn a_public_name_with_a_private_address_leads_nowhere() {
    fn rebound(_: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        async { Ok(vec!["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()]) }.boxed()
    }
    let grant = HttpGrant { hosts: vec!["*".to_owned()], ..HttpGrant::default() };
    for proxy in [None, Some(Url::parse("http://127.0.0.1:9").unwrap())] {
        let client = Client::with_lookup(HttpPolicy { proxy, ..HttpPolicy::default() }, rebound).unwrap();
        let mut hooks = hooks(client, grant.clone());
        let error = get(&mut hooks, "http://rebound.example.org/").await.unwrap_err();
        assert!(matches!(error, Error::HttpRequestDenied), "{error:?}");
        assert!(hooks.denied().unwrap().contains("\"rebound.example.org:80\""));
    }
}

#[tokio::test]
async fn requests_go_through_the_proxy_and_opened_ones_past_it() {
    fn unknown(_: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        async { Err(io::ErrorKind::NotFound.into()) }.boxed()
    }
    let mut proxy = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nproxied").await;
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ndirect").await;
    let policy = HttpPolicy {
        proxy: Some(Url::parse(&proxy.url("")).unwrap()),
        allow_private: vec![server.address()],
        ..HttpPolicy::default()
    };
    let grant = HttpGrant { hosts: vec!["*".to_owned()], ..HttpGrant::default() };
    let mut hooks = hooks(Client::with_lookup(policy, unknown).unwrap(), grant);
    let response = get(&mut hooks, "http://example.org/a").await.unwrap();
    assert_eq!(text(response).await.unwrap(), "proxied");
    assert!(proxy.seen.recv().await.unwrap().starts_with("GET http://example.org/a HTTP/1.1\r\n"));
    let response = get(&mut hooks, &server.url("/b")).await.unwrap();
    assert_eq!(text(response).await.unwrap(), "direct");
    for nearer in ["http://169.254.169.254.nip.io/", "http://db.svc.cluster/", "http://wiki.corp/"] {
        let error = get(&mut hooks, nearer).await.unwrap_err();
        assert!(matches!(error, Error::HttpRequestDenied), "{nearer}: {error:?}");
        assert!(hooks.denied().unwrap().contains("only names of the public internet"), "{nearer}");
    }
    assert!(proxy.seen.try_recv().is_err(), "the proxy is asked about none of them");
}

#[tokio::test]
async fn a_call_sends_a_bounded_number_of_requests() {
    let server = Server::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut hooks = server.hooks(HttpPolicy { requests_per_call: 2, ..HttpPolicy::default() });
    assert!(get(&mut hooks, &server.url("/")).await.is_ok());
    assert!(get(&mut hooks, "http://10.0.0.1/").await.is_err());
    assert!(matches!(get(&mut hooks, &server.url("/")).await, Err(Error::HttpRequestDenied)));
    assert!(hooks.denied().unwrap().contains("2 requests and no more"));
}

#[tokio::test]
async fn faults_have_their_own_kind() {
    fn unknown(_: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        async { Err(io::ErrorKind::NotFound.into()) }.boxed()
    }
    let grant = HttpGrant { hosts: vec!["*".to_owned()], ..HttpGrant::default() };
    let client = Client::with_lookup(HttpPolicy::default(), unknown).unwrap();
    let error = get(&mut hooks(client, grant), "http://nowhere.example.org/").await.unwrap_err();
    assert!(matches!(error, Error::DnsError { .. }), "{error:?}");

    // A port that was free a moment ago.
    let server = Server::answering("").await;
    let (mut hooks, url) = (server.hooks(HttpPolicy::default()), server.url("/"));
    drop(server);
    tokio::task::yield_now().await;
    let error = get(&mut hooks, &url).await.unwrap_err();
    assert!(matches!(error, Error::ConnectionRefused | Error::ConnectionTerminated), "{error:?}");
}

#[test]
fn a_policy_that_cannot_work_is_refused_by_name() {
    let refused = |policy| Client::new(policy).err().unwrap().to_string();
    let proxy = Some(Url::parse("socks5://127.0.0.1:1080").unwrap());
    assert!(refused(HttpPolicy { proxy, ..HttpPolicy::default() }).contains("a socks5 proxy cannot be used"));
    let allow_private = vec!["192.168.1.5".to_owned()];
    assert!(refused(HttpPolicy { allow_private, ..HttpPolicy::default() }).contains("`192.168.1.5`"));
}

#[tokio::test]
async fn an_endless_address_is_not_sent() {
    let mut server = Server::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut hooks = server.hooks(HttpPolicy::default());
    assert!(get(&mut hooks, &server.url(&format!("/{}", "x".repeat(8 << 10)))).await.is_err());
    assert!(hooks.denied().unwrap().contains("longer than 8 KB"));
    assert!(server.seen.try_recv().is_err());
}

#[tokio::test]
async fn a_small_answer_that_unpacks_large_is_cut_off() {
    // Twenty thousand times the letter x.
    const PACKED: &[u8] =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xda\x8b\x6f\x0d\x0f\
        \xa0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x78\x30\x03\x47\
        \x65\x41\x20\x4e\x00\x00";
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", PACKED.len());
    let server = Server::answering([head.as_bytes(), PACKED].concat()).await;
    let whole = get(&mut server.hooks(HttpPolicy::default()), &server.url("/")).await.unwrap();
    assert_eq!(whole.headers().get("content-encoding"), None);
    assert_eq!(text(whole).await.unwrap(), "x".repeat(20_000));
    let mut hooks = server.hooks(HttpPolicy { response_limit: 10_000, ..HttpPolicy::default() });
    let cut = get(&mut hooks, &server.url("/")).await.unwrap();
    assert!(matches!(text(cut).await, Err(Error::HttpResponseBodySize(Some(10_000)))));
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_told_from_one_that_is_down() {
    let server = Server::answering("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let url = server.url("/").replace("http://", "https://");
    let error = get(&mut server.hooks(HttpPolicy::default()), &url).await.unwrap_err();
    assert!(matches!(error, Error::TlsProtocolError), "{error:?}");
}
