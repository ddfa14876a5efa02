//! Plugins that have come by the value of a secret, and servers that hand one back, try to carry it elsewhere: in the
//! address, a header, the body, a redirect, and written in other ways. Nothing of it arrives.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;
use steward_sandbox::{HttpPolicy, KeySource, Outcome, Vault};
use steward_tests::guests::{INTRUDER, INTRUDER_MANIFEST, KEEPER, KEEPER_MANIFEST};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::cage::{Cage, source};
use crate::hostile_reach::server;

/// Bound to the first server.
const TOKEN: &str = "ghp_0123456789abcdef";
/// Bound to none of them.
const OTHER: &str = "xoxb-98765432/10+tea";

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// A sandbox with both plugins, both secrets, and two servers that the owner has opened.
async fn house(bound: &str, other: &str) -> Cage {
    let sources = vec![source("keeper", KEEPER, KEEPER_MANIFEST), source("intruder", INTRUDER, INTRUDER_MANIFEST)];
    let allow_private = vec![bound.to_owned(), other.to_owned()];
    let cage = Cage::open(sources, HttpPolicy { allow_private, ..HttpPolicy::default() }).await;
    assert!(cage.catalogue.refused().is_empty(), "{:?}", cage.catalogue.refused());
    let vault = Arc::new(Vault::new(cage.store.clone(), KeySource::File(cage.folder.path().join("secret.key"))));
    for (name, host, value) in [("TOKEN", bound, TOKEN), ("OTHER", "api.example.org", OTHER)] {
        vault.set(name, vec![host.to_owned()], value.to_owned(), Timestamp::now()).await.unwrap();
    }
    cage.catalogue.connect_vault(vault);
    cage
}

fn each(value: &str, write: impl Fn(u8) -> String) -> String {
    value.bytes().map(write).collect()
}

/// The value, written in the ways in which values travel.
fn forms() -> Vec<String> {
    vec![
        OTHER.to_owned(),
        format!("before {OTHER} after"),
        STANDARD.encode(OTHER),
        STANDARD.encode(format!("user:{OTHER}")),
        STANDARD.encode(format!("{{\"a\":\"{OTHER}\"}}")),
        URL_SAFE_NO_PAD.encode(format!("ab{OTHER}")),
        each(OTHER, |byte| format!("%{byte:02X}")),
        each(OTHER, |byte| format!("%{byte:02x}")),
        each(OTHER, |byte| format!("{byte:02x}")),
        each(OTHER, |byte| format!("{byte:02X}")),
        OTHER.replace('/', "\\/"),
    ]
}

fn silent(heard: &mut UnboundedReceiver<String>, told: &str) {
    assert!(heard.try_recv().is_err(), "{told}: something arrived");
}

#[tokio::test]
async fn no_way_of_writing_a_secret_carries_it_to_a_host_it_is_not_bound_to() {
    let (bound, _heard) = server(OK.to_owned()).await;
    let (other, mut heard) = server(OK.to_owned()).await;
    let cage = house(&bound, &other).await;
    for form in forms() {
        // As an address takes it; what is escaped already goes as it is.
        let plain = if form.contains('\\') { OTHER } else { &form };
        let escape = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let escaped = if form.contains('%') { form.clone() } else { escape(plain) };
        let at = |path: &str| format!("http://{other}/{path}");
        for (tool, input) in [
            ("post", json!({ "url": at(""), "text": form })),
            ("post", json!({ "url": at(""), "text": format!("a=b&c={escaped}") })),
            ("fetch", json!({ "url": at(&format!("?q={escaped}")) })),
            ("fetch", json!({ "url": at(&format!("a/{escaped}/b")) })),
            ("fetch", json!({ "url": at(""), "header": ["x-data", form] })),
            ("fetch", json!({ "url": at(""), "header": ["cookie", format!("a={form}; b=c")] })),
        ] {
            let told = format!("{tool} {input}");
            let answer = cage.own(tool, input).await;
            assert_eq!(answer.outcome, Outcome::Denied, "{told}: {answer:?}");
            assert!(answer.text.contains("the value of the secret OTHER"), "{told}: {}", answer.text);
            assert!(!answer.text.contains(OTHER), "{told}: {}", answer.text);
            silent(&mut heard, &told);
        }
    }
    let fine = cage.own("post", json!({ "url": format!("http://{other}/"), "text": "nothing of it" })).await;
    assert_eq!((fine.outcome, &*fine.text), (Outcome::Ok, "ok"), "{fine:?}");
}

#[tokio::test]
async fn a_placeholder_is_filled_only_where_it_is_bound_to() {
    let (bound, mut seen) = server(OK.to_owned()).await;
    let (other, mut heard) = server(OK.to_owned()).await;
    let cage = house(&bound, &other).await;
    let sent = cage.own("send_token", json!({ "url": format!("http://{bound}/") })).await;
    assert_eq!(sent.outcome, Outcome::Ok, "{sent:?}");
    assert!(seen.try_recv().unwrap().contains(&format!("Bearer {TOKEN}")));
    for (tool, input) in [
        ("send_token", json!({ "url": format!("http://{other}/") })),
        ("send_token", json!({ "url": format!("http://{bound}@{other}/") })),
        ("post", json!({ "url": format!("http://{other}/"), "text": "{{secret:TOKEN}}" })),
        // Granted to one plugin and used by another; and never granted to either.
        ("fetch", json!({ "url": format!("http://{bound}/"), "header": ["authorization", "{{secret:TOKEN}}"] })),
        ("fetch", json!({ "url": format!("http://{other}/?q={{{{secret:OTHER}}}}") })),
        ("post", json!({ "url": format!("http://{bound}/"), "text": "{{secret:OTHER}}" })),
    ] {
        let told = format!("{tool} {input}");
        let answer = cage.own(tool, input).await;
        assert!(answer.failed() && !answer.text.is_empty(), "{told}: {answer:?}");
        silent(&mut heard, &told);
        silent(&mut seen, &told);
    }
}

#[tokio::test]
async fn a_server_that_hands_the_secret_on_hands_on_nothing() {
    let (other, mut heard) = server(OK.to_owned()).await;
    // It answers with a redirect that carries what it was sent, to a server of the same owner.
    let basic = STANDARD.encode(format!("user:{TOKEN}"));
    for place in [format!("?q={TOKEN}"), format!("?q={basic}"), TOKEN.to_owned()] {
        let head = format!("HTTP/1.1 302 Found\r\nlocation: http://{other}/{place}\r\nx-token: {TOKEN}\r\n");
        let (bound, _seen) = server(format!("{head}content-length: 0\r\nconnection: close\r\n\r\n")).await;
        let cage = house(&bound, &other).await;
        let answer = cage.own("send_token", json!({ "url": format!("http://{bound}/") })).await;
        assert!(!answer.text.contains(TOKEN) && !answer.text.contains(&basic), "{place}: {answer:?}");
        while let Ok(head) = heard.try_recv() {
            assert!(!head.contains(TOKEN) && !head.contains(&basic), "{place}: {head}");
        }
    }
    for body in [TOKEN.to_owned(), basic, each(TOKEN, |byte| format!("{byte:02x}"))] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let (bound, _seen) = server(head + &body).await;
        let cage = house(&bound, &other).await;
        for tool in ["send_token", "fetch"] {
            let answer = cage.own(tool, json!({ "url": format!("http://{bound}/") })).await;
            assert_eq!(answer.outcome, Outcome::Ok, "{tool} {body}: {answer:?}");
            assert!(!answer.text.contains(&body) && answer.text.contains("[secret TOKEN]"), "{body}: {}", answer.text);
        }
    }
}
