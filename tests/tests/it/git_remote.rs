//! Repositories on other machines: where requests and a token go, and where they never do. A real git answers behind
//! the stand-ins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use base64::Engine as _;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_util::task::AbortOnDropHandle;

use crate::git::{git, origin, trap};
use crate::stage::Stage;

const TOKEN: &str = "ghp_0123456789abcdef";

/// A server of git, and what it was sent: method, path and authorization of each request.
struct Server {
    place: String,
    seen: Arc<Mutex<Vec<(String, String)>>>,
    _running: AbortOnDropHandle<()>,
}

#[derive(Clone)]
struct Answers {
    seen: Arc<Mutex<Vec<(String, String)>>>,
    /// Repositories are kept here; `None` sends everybody to the address.
    root: Result<PathBuf, String>,
    wants_token: bool,
}

impl Server {
    async fn start(root: Result<PathBuf, String>, wants_token: bool) -> Self {
        let seen = Arc::default();
        let answers = Answers { seen: Arc::clone(&seen), root, wants_token };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let router = Router::new().fallback(answer).with_state(answers);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { place, seen, _running: AbortOnDropHandle::new(serving) }
    }

    fn seen(&self) -> Vec<(String, String)> {
        self.seen.lock().unwrap().clone()
    }
}

fn status(code: u16) -> axum::http::response::Builder {
    Response::builder().status(code)
}

async fn answer(State(answers): State<Answers>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let given = |name| head.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let signed = given("authorization");
    let path = head.uri.path_and_query().unwrap().to_string();
    answers.seen.lock().unwrap().push((format!("{} {path}", head.method), signed.clone()));
    let root = match &answers.root {
        Ok(root) => root,
        Err(to) => return status(302).header(header::LOCATION, format!("{to}{path}")).body(Body::empty()).unwrap(),
    };
    let wanted = base64::prelude::BASE64_STANDARD.encode(format!("x-access-token:{TOKEN}"));
    if answers.wants_token && signed != format!("Basic {wanted}") {
        return status(401).header(header::WWW_AUTHENTICATE, "Basic realm=\"git\"").body(Body::empty()).unwrap();
    }
    let body = axum::body::to_bytes(body, 8 << 20).await.unwrap();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "olga")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", given("content-type"))
        .env("HTTP_CONTENT_ENCODING", given("content-encoding"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", given("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let (_, ended) = tokio::join!(
        async move {
            input.write_all(&body).await.ok();
        },
        child.wait_with_output()
    );
    let printed = ended.unwrap().stdout;
    let at = printed.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let headers = String::from_utf8_lossy(&printed[..at]).into_owned();
    let mut response = status(200);
    for (name, value) in headers.lines().filter_map(|line| line.split_once(": ")) {
        response = match name {
            "Status" => response.status(value[..3].parse::<u16>().unwrap()),
            _ => response.header(name, value),
        };
    }
    response.body(printed[at + 4..].to_vec().into()).unwrap()
}

/// A folder with `o/r`, which has one commit, and that takes what is pushed.
async fn served(workspace: &Path) -> PathBuf {
    let root = workspace.parent().unwrap().join("served");
    fs::create_dir_all(root.join("o")).unwrap();
    let bare = origin(workspace).await;
    fs::rename(bare, root.join("o/r")).unwrap();
    root
}

async fn opened(places: &[&str], more: &str) -> Stage {
    let list = serde_json::to_string(places).unwrap();
    Stage::to_the_letter(&format!("[http]\nallow_private = {list}\n{more}")).await
}

#[tokio::test]
async fn a_token_reaches_the_server_it_is_bound_to_and_git_never_has_it() {
    for namespace in ["", "[process]\nnamespace = \"off\"\n"] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("first-workspace")).unwrap();
        let root = served(&folder.path().join("first-workspace")).await;
        let server = Server::start(Ok(root.clone()), true).await;
        let stage = opened(&[&server.place], namespace).await;
        let workspace = stage.host.workspace();
        let url = format!("http://{}/o/r", server.place);
        let told = stage.does("git_clone", json!({"url": url, "folder": "site"})).await;
        assert!(told.contains("asks for a password") && told.contains("steward secret set"), "{told}");
        assert!(!workspace.join("site").exists());
        let set = stage.host.run_with(&["secret", "set", "GITHUB_TOKEN", "--host", &server.place], TOKEN).await;
        assert!(set.status.success(), "{}", set.text);
        let told = stage.does("git_clone", json!({"url": url, "folder": "site"})).await;
        assert_eq!(told, format!("Cloned {url} into `site`."));
        let site = workspace.join("site");
        assert_eq!(git(&site, &["remote", "get-url", "origin"]).await.trim(), url);
        assert!(git(&site, &["status", "--porcelain"]).await.is_empty());

        // The second remote is named as the first one's address is, and leads elsewhere.
        git(&workspace, &["init", "--quiet", "--bare", "evil.git"]).await;
        trap(&workspace.join("evil.git/hooks/pre-receive"), &workspace.join("pwned"));
        let config = site.join(".git/config");
        let mut text = fs::read_to_string(&config).unwrap();
        text += &format!("[remote \"{url}\"]\n\turl = ../evil.git\n\tpushurl = ../evil.git\n");
        text += &format!(
            "[url \"{}\"]\n\tpushInsteadOf = {url}\n\tinsteadOf = http://\n",
            workspace.join("evil.git").display()
        );
        text += "[http]\n\tproxy = http://127.0.0.1:9\n\textraHeader = x: y\n[credential]\n\thelper = !touch pwned\n";
        fs::write(&config, text).unwrap();
        fs::write(site.join("new"), "new\n").unwrap();
        stage.does("git_commit", json!({"folder": "site", "message": "New"})).await;
        let told = stage.does("git_push", json!({"folder": "site"})).await;
        assert_eq!(told, format!("Pushed main to {url}."));
        assert!(git(&root.join("o/r"), &["log", "-1", "--format=%s", "main"]).await.contains("New"));
        assert!(!workspace.join("pwned").exists());
        assert!(git(&workspace.join("evil.git"), &["for-each-ref"]).await.is_empty());
        assert!(
            server
                .seen()
                .iter()
                .any(|(what, signed)| what.contains("POST /o/r/git-receive-pack") && !signed.is_empty())
        );
    }
}

#[tokio::test]
async fn a_redirect_takes_no_token_along_and_leads_to_no_neighbour() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("first-workspace")).unwrap();
    let root = served(&folder.path().join("first-workspace")).await;
    let (other, near) = (Server::start(Ok(root.clone()), true).await, Server::start(Ok(root), false).await);
    let to_other = Server::start(Err(format!("http://{}", other.place)), false).await;
    let to_near = Server::start(Err(format!("http://{}", near.place)), false).await;
    let stage = opened(&[&other.place, &to_other.place, &to_near.place], "").await;
    let hosts = ["secret", "set", "GITHUB_TOKEN", "--host", &to_other.place, "--host", &to_near.place];
    assert!(stage.host.run_with(&hosts, TOKEN).await.status.success());
    let told = stage.does("git_clone", json!({"url": format!("http://{}/o/r", to_other.place), "folder": "a"})).await;
    assert!(told.contains("asks for a password"), "{told}");
    assert!(!other.seen().is_empty() && other.seen().iter().all(|(_, signed)| signed.is_empty()));
    let told = stage.does("git_clone", json!({"url": format!("http://{}/o/r", to_near.place), "folder": "b"})).await;
    assert!(told.contains("is not on the public internet"), "{told}");
    assert_eq!(near.seen(), []);
}

#[tokio::test]
async fn what_is_nearby_is_not_asked_and_an_open_port_looks_like_a_closed_one() {
    let server = Server::start(Err("http://127.0.0.1:9".to_owned()), false).await;
    let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let port = server.place.rsplit(':').next().unwrap().to_owned();
    for namespace in ["", "[process]\nnamespace = \"off\"\n"] {
        let stage = Stage::to_the_letter(namespace).await;
        for address in ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "10.0.0.1", "169.254.169.254"] {
            let told = async |port: &str| {
                let url = format!("http://{address}:{port}/o/r");
                stage.does("git_clone", json!({"url": url, "folder": "x"})).await.replace(port, "PORT")
            };
            let (open, closed) = (told(&port).await, told(&free.to_string()).await);
            assert!(open.contains("is not on the public internet"), "{address}: {open}");
            assert_eq!(open, closed, "{address}");
        }
        for address in ["ssh://127.0.0.1:{port}/r", "git://127.0.0.1:{port}/r", "git@127.0.0.1:r"] {
            let url = address.replace("{port}", &port);
            let told = stage.does("git_clone", json!({"url": url, "folder": "x"})).await;
            assert!(told.contains("ssh and git:// are not used"), "{told}");
        }
        assert!(!stage.host.workspace().join("x").exists());
    }
    assert_eq!(server.seen(), []);
}
