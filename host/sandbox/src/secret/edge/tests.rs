//! Requests with secrets, against a server on loopback that sends back all it was sent.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use steward_store::Store;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi_http::WasiHttpHooks as _;

use super::*;
use crate::capability::http::{Client, Hooks, HttpPolicy};
use crate::grant::HttpGrant;
use crate::secret::KeySource;

const VALUE: &str = "ghp_0123 456\"789";
/// Set, and granted to nobody.
const OTHER: &str = "xoxb-987654321";

/// A server and a vault with a secret that is bound to it.
struct Scene {
    _folder: TempDir,
    vault: Arc<Vault>,
    address: String,
    seen: mpsc::UnboundedReceiver<String>,
    _server: AbortOnDropHandle<()>,
}

impl Scene {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (tell, seen) = mpsc::unbounded_channel();
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut read = Vec::new();
                while !is_whole(&read) && stream.read_buf(&mut read).await.is_ok_and(|bytes| bytes > 0) {}
                let _ = tell.send(String::from_utf8_lossy(&read).into_owned());
                let line = String::from_utf8_lossy(&read).lines().next().unwrap_or_default().to_owned();
                let length = read.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nx-line: {line}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(head.as_bytes()).await;
                // In two parts, so that a value may be cut.
                let (one, two) = read.split_at(length / 2);
                let _ = stream.write_all(one).await;
                let _ = stream.flush().await;
                let _ = stream.write_all(two).await;
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("steward.sqlite")).unwrap();
        let vault = Arc::new(Vault::new(store, KeySource::File(folder.path().join("secret.key"))));
        let now = Timestamp::UNIX_EPOCH;
        vault.set("TOKEN", vec![address.clone()], VALUE.to_owned(), now).await.unwrap();
        vault.set("FAR", vec!["api.example.org".to_owned()], OTHER.to_owned(), now).await.unwrap();
        Self { _folder: folder, vault, address, seen, _server: AbortOnDropHandle::new(server) }
    }

    /// The way out of a call that was granted `TOKEN`, `FAR` and one that is not set.
    fn hooks(&self) -> Hooks {
        let names = ["TOKEN", "FAR", "UNSET"].map(str::to_owned).to_vec();
        self.hooks_with(Some(Arc::new(SecretGrant { names })))
    }

    fn hooks_with(&self, granted: Option<Arc<SecretGrant>>) -> Hooks {
        let policy = HttpPolicy { allow_private: vec![self.address.clone()], ..HttpPolicy::default() };
        let methods = ["GET", "POST"].map(str::to_owned).to_vec();
        let grant = HttpGrant { hosts: vec!["*".to_owned()], methods, ..HttpGrant::default() };
        let edge = Edge { vault: Arc::clone(&self.vault), granted, granted_in: Default::default() };
        Hooks::new(Arc::new(Client::new(policy).unwrap()), grant).with_secrets(Some(edge))
    }

    fn url(&self, rest: &str) -> String {
        format!("http://{}{rest}", self.address)
    }
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    match head.split_once("content-length: ") {
        Some((_, length)) => body.len() >= length.lines().next().unwrap().parse().unwrap(),
        None => !head.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n"),
    }
}

/// What comes back, head and body as one text.
async fn send(hooks: &mut Hooks, request: Request<WasiBody>) -> Result<String, Error> {
    let sending = hooks.send_request(request, None, Box::new(std::future::ready(Ok(()))));
    let (response, _) = Box::into_pin(sending).await?;
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(format!("{:?}\n{}", head.headers, String::from_utf8_lossy(&body)))
}

async fn denied(hooks: &mut Hooks, request: Request<WasiBody>) -> String {
    let answer = send(hooks, request).await;
    assert!(answer.is_err(), "{answer:?}");
    hooks.denied().unwrap_or_default()
}

fn body(text: impl Into<Bytes>) -> WasiBody {
    whole(text.into())
}

#[tokio::test]
async fn values_are_put_in_at_the_edge_and_taken_out_of_what_comes_back() {
    let mut scene = Scene::new().await;
    let request = Request::post(scene.url("/a?key=%7B%7Bsecret%3ATOKEN%7D%7D&q={{secret:TOKEN}}"))
        .header("authorization", "Bearer {{secret:TOKEN}}")
        .header("content-type", "application/json; charset=utf-8")
        .header("content-length", "26")
        .body(body(r#"{"key":"{{secret:TOKEN}}"}"#))
        .unwrap();
    let mut hooks = scene.hooks();
    let back = send(&mut hooks, request).await.unwrap();
    let seen = scene.seen.recv().await.unwrap();
    let encoded = "ghp_0123%20456%22789";
    assert!(seen.starts_with(&format!("POST /a?key={encoded}&q={encoded} HTTP/1.1\r\n")), "{seen}");
    assert!(seen.contains(&format!("authorization: Bearer {VALUE}\r\n")), "{seen}");
    assert!(seen.ends_with(r#"{"key":"ghp_0123 456\"789"}"#), "{seen}");
    assert!(!back.contains("0123") && !back.contains("789"), "{back}");
    assert!(back.contains("Bearer [secret TOKEN]") && back.contains(r#"{"key":"[secret TOKEN]"}"#), "{back}");
    assert!(back.contains("/a?key=[secret TOKEN]"), "{back}");
    assert_eq!(hooks.denied(), None);
}

#[tokio::test]
async fn a_form_is_filled_as_a_form() {
    let mut scene = Scene::new().await;
    let request = Request::post(scene.url("/"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body("token=%7B%7Bsecret%3ATOKEN%7D%7D"))
        .unwrap();
    send(&mut scene.hooks(), request).await.unwrap();
    let seen = scene.seen.recv().await.unwrap();
    assert!(seen.ends_with("token=ghp_0123%20456%22789"), "{seen}");
}

#[tokio::test]
async fn a_secret_goes_nowhere_but_to_its_hosts() {
    let mut scene = Scene::new().await;
    let with = |url: &str, header: &str| Request::get(url).header("x-key", header).body(body("")).unwrap();
    let here = scene.url("/");
    for (url, header, told) in [
        (here.as_str(), "{{secret:FAR}}", "it is bound to api.example.org"),
        (here.as_str(), "{{secret:UNSET}}", "steward secret set UNSET --host 127.0.0.1"),
        (here.as_str(), "{{secret:ELSE}}", "may not use the secret ELSE"),
        ("http://api.example.org/", "{{secret:FAR}}", "over https only"),
        ("https://evil.example.org/", "{{secret:TOKEN}}", "may not be sent to evil.example.org:443"),
    ] {
        let text = denied(&mut scene.hooks(), with(url, header)).await;
        assert!(text.contains(told), "{url} {header}: {text}");
    }
    let text = denied(&mut scene.hooks_with(None), with(&here, "{{secret:TOKEN}}")).await;
    assert!(text.contains("may not use the secret TOKEN"), "{text}");
    assert!(scene.seen.try_recv().is_err());
}

#[tokio::test]
async fn a_value_carried_elsewhere_is_stopped_before_it_leaves() {
    use base64::Engine as _;
    let mut scene = Scene::new().await;
    let packed = base64::engine::general_purpose::STANDARD.encode(format!("user:{OTHER}"));
    let plain = |url: String| Request::get(url).body(body("")).unwrap();
    let requests = [
        plain(scene.url(&format!("/?leak={OTHER}"))),
        Request::get(scene.url("/")).header("authorization", format!("Basic {packed}")).body(body("")).unwrap(),
        Request::get(scene.url("/")).header(OTHER, "1").body(body("")).unwrap(),
        Request::post(scene.url("/")).header("content-type", "text/plain").body(body(OTHER)).unwrap(),
    ];
    for request in requests {
        let text = denied(&mut scene.hooks(), request).await;
        assert!(text.contains("carries the value of the secret FAR"), "{text}");
    }
    assert!(scene.seen.try_recv().is_err());
    // What is not looked through for placeholders streams, and ends before the value.
    let long = format!("{}{OTHER}", "x".repeat(100 << 10));
    for kind in ["application/octet-stream", "text/plain"] {
        let request = Request::post(scene.url("/")).header("content-type", kind).body(body(long.clone())).unwrap();
        let text = denied(&mut scene.hooks(), request).await;
        assert!(text.contains("carries the value of the secret FAR"), "{text}");
    }
    while let Ok(seen) = scene.seen.try_recv() {
        assert!(!seen.contains("xoxb"), "{seen}");
    }
}

#[tokio::test]
async fn a_response_is_cleaned_of_every_secret_for_every_plugin() {
    let mut scene = Scene::new().await;
    // The server echoes what only its own host may know; the plugin was granted nothing.
    let request = Request::get(scene.url("/")).header("x-key", VALUE).body(body("")).unwrap();
    let back = send(&mut scene.hooks_with(None), request).await.unwrap();
    assert!(scene.seen.recv().await.unwrap().contains(VALUE));
    assert!(back.contains("x-key: [secret TOKEN]") && !back.contains(VALUE), "{back}");
}
