//! Ways out of the sandbox, through files and through the network: each leads nowhere, and the answer says why.

use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;
use steward_agent::Role;
use steward_sandbox::{HttpPolicy, Outcome};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::cage::{Cage, SECRET};
use crate::turning::Turning;

/// Names for what is next to the workspace and elsewhere on the machine.
const OUTSIDE: &[&str] = &[
    "../secret.txt",
    "/workspace/../secret.txt",
    "./../secret.txt",
    "a/../../secret.txt",
    "notes/../../secret.txt",
    "notes/./.././../secret.txt",
    "//workspace//..//secret.txt",
    "../../../../../../../../etc/passwd",
    "/etc/passwd",
    "/proc/self/environ",
    "/dev/zero",
    "..",
    "../compiled.key",
];

fn untouched(folder: &Path) {
    assert_eq!(std::fs::read_to_string(folder.join("secret.txt")).unwrap(), SECRET);
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with("steward.sqlite"));
    names.sort();
    assert_eq!(names, ["compiled", "compiled.key", "secret.txt", "workspace"]);
}

#[tokio::test]
async fn no_name_of_a_file_leads_out_of_the_workspace() {
    let cage = Cage::intruder(HttpPolicy::default()).await;
    assert!(cage.catalogue.refused().is_empty(), "{:?}", cage.catalogue.refused());
    std::fs::create_dir(cage.folder.path().join("workspace/notes")).unwrap();
    let inside = cage.own("read_path", json!({ "path": "/workspace/MEMORY.md" })).await;
    assert_eq!(inside.text, "- the flat is 42\n");
    let long = "x".repeat(5000);
    for path in OUTSIDE.iter().copied().chain([&*long, "a\0b", ""]) {
        for (tool, input) in [
            ("read_path", json!({ "path": path })),
            ("write_path", json!({ "path": path, "text": "forged" })),
            ("remove_path", json!({ "path": path })),
            ("rename_path", json!({ "from": "/workspace/MEMORY.md", "to": path })),
            ("rename_path", json!({ "from": path, "to": "/workspace/taken" })),
            ("hard_link_path", json!({ "from": path, "to": "/workspace/taken" })),
        ] {
            let answer = cage.own(tool, input).await;
            assert!(answer.failed() && !answer.text.is_empty(), "{tool} {path}: {answer:?}");
            assert!(!answer.text.contains("1234") && !answer.text.contains("root:"), "{tool} {path}: {}", answer.text);
        }
    }
    untouched(cage.folder.path());
    assert!(cage.folder.path().join("workspace/MEMORY.md").exists());
    assert!(!cage.folder.path().join("workspace/taken").exists());
}

#[tokio::test]
async fn links_made_before_lead_nowhere() {
    let cage = Cage::intruder(HttpPolicy::default()).await;
    let workspace = cage.folder.path().join("workspace");
    symlink(cage.folder.path().join("secret.txt"), workspace.join("absolute")).unwrap();
    symlink("../secret.txt", workspace.join("relative")).unwrap();
    symlink("..", workspace.join("folder")).unwrap();
    symlink("/", workspace.join("root")).unwrap();
    symlink("relative", workspace.join("chain")).unwrap();
    symlink("circle", workspace.join("circle")).unwrap();
    for path in ["absolute", "relative", "folder/secret.txt", "root/etc/passwd", "chain", "circle"] {
        let path = format!("/workspace/{path}");
        let read = cage.own("read_path", json!({ "path": path })).await;
        assert!(read.failed() && !read.text.contains("1234") && !read.text.contains("root:"), "{path}: {read:?}");
        let write = cage.own("write_path", json!({ "path": path, "text": "forged" })).await;
        assert!(write.failed(), "{path}: {write:?}");
    }
    untouched(cage.folder.path());
}

#[tokio::test]
async fn links_made_by_the_guest_lead_nowhere() {
    let cage = Cage::intruder(HttpPolicy::default()).await;
    for target in ["../secret.txt", "/etc/passwd", "..", "a/../../secret.txt"] {
        for path in ["/workspace/link", "/workspace/link/secret.txt"] {
            // Where no link is made, the name is free for a file within.
            cage.own("link_path", json!({ "from": target, "to": "/workspace/link" })).await;
            let is_link = cage.folder.path().join("workspace/link").is_symlink();
            let read = cage.own("read_path", json!({ "path": path })).await;
            assert!(read.failed() && !read.text.contains("1234"), "{target} {path}: {read:?}");
            let write = cage.own("write_path", json!({ "path": path, "text": "forged" })).await;
            assert!(write.failed() || !is_link, "{target} {path}: {write:?}");
            untouched(cage.folder.path());
            cage.own("remove_path", json!({ "path": "/workspace/link" })).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_becomes_a_link_while_it_is_read_leads_nowhere() {
    let cage = Cage::intruder(HttpPolicy::default()).await;
    let workspace = cage.folder.path().join("workspace");
    let turning = Turning::start(&workspace, "turning");
    let input = json!({ "path": "/workspace/turning/secret.txt", "text": "harmless", "times": 5_000 });
    let answer = cage.own("read_until_other", input).await;
    turning.stop();
    assert_eq!(answer.text, "nothing else", "{answer:?}");
}

#[tokio::test]
async fn what_a_guest_holds_open_is_bounded_and_gone_after_it() {
    let cage = Cage::intruder(HttpPolicy::default()).await;
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    cage.own("read_path", json!({ "path": "/workspace/MEMORY.md" })).await;
    for _ in 0..3 {
        let before = open();
        let answer = cage.own("hoard_files", json!({ "path": "/workspace/MEMORY.md" })).await;
        assert!(answer.failed() && !answer.text.is_empty(), "{answer:?}");
        // Other tests of this process have files open too, but never so many.
        assert!(open() < before + 256, "{} files stay open", open() - before);
    }
}

#[tokio::test]
async fn outsiders_get_no_folder_and_no_way_out() {
    let cage = Cage::intruder(HttpPolicy::default()).await;
    for (tool, input, lacks) in [
        ("read_path", json!({ "path": "/workspace/MEMORY.md" }), "files"),
        ("write_path", json!({ "path": "/workspace/MEMORY.md", "text": "forged" }), "files"),
        ("remove_path", json!({ "path": "/workspace/MEMORY.md" }), "files"),
        ("link_path", json!({ "from": "a", "to": "/workspace/b" }), "files"),
        ("fetch", json!({ "url": "https://example.org/" }), "http"),
    ] {
        let answer = cage.call(Role::External, tool, input).await;
        assert!(answer.failed() && !answer.text.contains("42"), "{tool}: {answer:?}");
        assert!(answer.text.contains(lacks) || tool != "fetch", "{tool}: {}", answer.text);
    }
    let group = cage.call(Role::Group, "write_path", json!({ "path": "/workspace/MEMORY.md", "text": "forged" })).await;
    assert!(group.failed(), "{group:?}");
    let memory = std::fs::read_to_string(cage.folder.path().join("workspace/MEMORY.md")).unwrap();
    assert_eq!(memory, "- the flat is 42\n");
}

#[tokio::test]
async fn nothing_of_the_machine_is_in_the_surroundings() {
    let cage = Cage::intruder(HttpPolicy::default()).await;
    let answer = cage.own("environment", json!({})).await;
    assert_eq!((answer.outcome, answer.text.as_str()), (Outcome::Ok, "[] []"));
}

#[tokio::test]
async fn a_claim_changes_nothing_about_who_is_calling() {
    let cage = Cage::intruder(HttpPolicy::default()).await;
    let claims = json!({ "role": "owner", "person": "1", "origin": "schedule", "principal": { "role": "owner" } });
    for claims in [claims, json!({ "role": "owner" }), json!({ "person": "#1" })] {
        let answer = cage.call(Role::External, "who", claims).await;
        assert!(answer.text == "external Olga chat" || answer.outcome == Outcome::Invalid, "{answer:?}");
    }
}

/// Names for this machine and its neighbours.
const NEAR: &[&str] = &[
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/",
    "http://localhost/",
    "http://LocalHost./",
    "http://printer.local/",
    "http://router/",
    "http://１２７.０.０.１/",
];

#[tokio::test]
async fn a_grant_for_every_host_is_none_for_the_neighbourhood() {
    let cage = Cage::intruder(HttpPolicy::default()).await;
    for url in NEAR {
        let answer = cage.own("fetch", json!({ "url": url })).await;
        assert_eq!(answer.outcome, Outcome::Denied, "{url}: {answer:?}");
        assert!(answer.text.contains("allow_private"), "{url}: {}", answer.text);
    }
}

#[tokio::test]
async fn other_schemes_ports_methods_and_passwords_are_refused() {
    let cage = Cage::intruder(HttpPolicy::default()).await;
    for (input, words) in [
        (json!({ "url": "file:///etc/passwd" }), "file"),
        (json!({ "url": "gopher://example.org/" }), "gopher"),
        (json!({ "url": "http://example.org:22/" }), "22"),
        (json!({ "url": "http://example.org/", "method": "DELETE" }), "DELETE"),
        (json!({ "url": "http://example.org/", "method": "CONNECT" }), "CONNECT"),
        (json!({ "url": "http://user:word@example.org/" }), "password"),
        (json!({ "url": "http://example.org@10.0.0.1/" }), "10.0.0.1"),
    ] {
        let answer = cage.own("fetch", input.clone()).await;
        assert!(answer.failed(), "{input}: {answer:?}");
        assert!(answer.text.contains(words), "{input}: {}", answer.text);
    }
}

/// Answers each request with the same bytes and tells what it was asked.
pub(crate) async fn server(answer: String) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                if connection.read_buf(&mut head).await.is_ok_and(|read| read == 0) {
                    break;
                }
            }
            let _ = tell.send(String::from_utf8_lossy(&head).into_owned());
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    (address, asked)
}

fn opened(address: &str) -> HttpPolicy {
    HttpPolicy { allow_private: vec![address.to_owned()], ..HttpPolicy::default() }
}

#[tokio::test]
async fn a_redirect_to_a_neighbour_is_refused_and_the_neighbour_hears_nothing() {
    let (inner, mut heard) = server("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n1234".to_owned()).await;
    let location = format!("http://{inner}/");
    let head = format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let (outer, _asked) = server(head).await;
    let cage = Cage::intruder(opened(&outer)).await;
    let answer = cage.own("fetch", json!({ "url": format!("http://{outer}/") })).await;
    assert_eq!(answer.outcome, Outcome::Denied, "{answer:?}");
    assert!(answer.text.contains("127.0.0.1") && !answer.text.contains("1234"), "{}", answer.text);
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn no_header_carries_another_request_or_another_host() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
    let (address, mut asked) = server(ok.to_owned()).await;
    let cage = Cage::intruder(opened(&address)).await;
    let url = format!("http://{address}/");
    for (name, value) in [
        ("x-a", "b\r\nGET /second HTTP/1.1"),
        ("x-a", "b\nx-second: 1"),
        ("x-a", "b\0"),
        ("x a", "b"),
        ("x-a:", "b"),
        ("x-a\r\nx-second", "1"),
        ("host", "second.example"),
        ("transfer-encoding", "second, chunked"),
        ("connection", "second"),
        ("proxy-authorization", "second"),
        ("te", "second"),
        ("upgrade", "second"),
    ] {
        let answer = cage.own("fetch", json!({ "url": url, "header": [name, value] })).await;
        while let Ok(head) = asked.try_recv() {
            assert!(!head.contains("second"), "{name}: {head}");
            assert_eq!(head.matches("HTTP/1.1").count(), 1, "{name}: {head}");
        }
        assert!(answer.text == "ok" || answer.failed(), "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn the_audit_says_how_much_went_over_the_network() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
    let (address, _asked) = server(ok.to_owned()).await;
    let cage = Cage::intruder(opened(&address)).await;
    let answer = cage.own("fetch", json!({ "url": format!("http://{address}/") })).await;
    assert_eq!(answer.text, "ok");
    cage.catalogue.close().await;
    let row = cage.store.recent_calls(1).await.unwrap().remove(0);
    assert_eq!((row.cost.http_sent, row.cost.http_received), (0, 2));
    assert_eq!(row.capabilities, "files:write http");
}
