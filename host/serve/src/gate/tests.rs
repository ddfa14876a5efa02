//! Which requests pass the gate, by what they say of themselves.

use super::*;

use crate::key::Key;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn gate(key: bool, hosts: &[&str]) -> Gate {
    let key = key.then(|| Key::new(KEY).unwrap());
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let settings = Settings::new("127.0.0.1:8080".parse().unwrap(), key, &hosts).unwrap();
    Gate { settings, limits: Limits { body: 100, ..Limits::default() } }
}

/// What becomes of a request with these headers to the connection's address 127.0.0.1.
fn judged(gate: &Gate, uri: &str, headers: &[(&'static str, &str)]) -> Result<Caller, u16> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let local = "127.0.0.1".parse().unwrap();
    gate.judge(&uri.parse().unwrap(), &map, local).map_err(|(status, _)| status.as_u16())
}

fn host(gate: &Gate, host: &str) -> Result<Caller, u16> {
    judged(gate, "/", &[("host", host)])
}

#[test]
fn only_names_of_the_listener_are_answered() {
    let gate = gate(false, &["steward.example.org", "192.168.1.5"]);
    for ours in ["127.0.0.1:8080", "127.0.0.1", "localhost", "LocalHost.:9", "steward.example.ORG", "192.168.1.5:80"] {
        assert_eq!(host(&gate, ours), Ok(Caller::Trusted), "{ours}");
    }
    for other in ["evil.example", "evil.example:8080", "127.0.0.2", "[::1]:8080", "localhost.evil.example"] {
        assert_eq!(host(&gate, other), Err(421), "{other}");
    }
    for odd in ["localhost@evil.example", "evil.example@localhost"] {
        assert_eq!(host(&gate, odd), Err(421), "{odd}");
    }
    assert_eq!(judged(&gate, "/", &[]), Err(400));
    assert_eq!(judged(&gate, "/", &[("host", "localhost"), ("host", "evil.example")]), Err(400));
    assert_eq!(host(&gate, "a b"), Err(400));
    assert_eq!(judged(&gate, "http://evil.example/", &[("host", "localhost")]), Err(421));
    assert_eq!(judged(&gate, "http://localhost/", &[("host", "localhost")]), Ok(Caller::Trusted));
}

#[test]
fn pages_of_other_sites_are_refused() {
    let gate = gate(false, &["steward.example.org"]);
    let from = |origin: &str, host: &str| judged(&gate, "/", &[("host", host), ("origin", origin)]);
    assert_eq!(from("http://localhost:8080", "localhost:8080"), Ok(Caller::Trusted));
    assert_eq!(from("http://127.0.0.1:8080", "127.0.0.1:8080"), Ok(Caller::Trusted));
    assert_eq!(from("https://steward.example.org", "steward.example.org"), Ok(Caller::Trusted));
    // A proxy may name the listener by its own address.
    assert_eq!(from("https://steward.example.org", "127.0.0.1:8080"), Ok(Caller::Trusted));
    for foreign in [
        "http://evil.example",
        "http://localhost:3000",
        "https://localhost",
        "null",
        "localhost:8080",
        "file://localhost:8080",
        "https://steward.example.org.evil.example",
        "",
    ] {
        assert_eq!(from(foreign, "localhost:8080"), Err(403), "{foreign}");
    }
    let two = [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://evil.example")];
    assert_eq!(judged(&gate, "/", &two), Err(403));
}

#[test]
fn a_key_is_shown_or_the_caller_is_a_stranger() {
    let (open, closed) = (gate(false, &[]), gate(true, &[]));
    let with = |gate: &Gate, shown: &str| judged(gate, "/", &[("host", "localhost"), ("authorization", shown)]);
    assert_eq!(host(&open, "localhost"), Ok(Caller::Trusted));
    assert_eq!(with(&open, "Bearer whatever"), Ok(Caller::Trusted));
    assert_eq!(host(&closed, "localhost"), Ok(Caller::Stranger));
    assert_eq!(with(&closed, &format!("Bearer {KEY}")), Ok(Caller::Trusted));
    assert_eq!(with(&closed, &format!("bearer  {KEY}")), Ok(Caller::Trusted));
    for wrong in ["Bearer", "Bearer ", KEY, "Basic abc", &format!("Bearer {KEY}0"), &format!("Bearer {}", &KEY[1..])] {
        assert_eq!(with(&closed, wrong), Err(401), "{wrong}");
    }
    let right = format!("Bearer {KEY}");
    let twice = [("host", "localhost"), ("authorization", right.as_str()), ("authorization", "Bearer x")];
    assert_eq!(judged(&closed, "/", &twice), Err(401));
}

#[test]
fn a_body_that_says_it_is_too_large_is_not_read() {
    let gate = gate(false, &[]);
    let of = |length: &str| judged(&gate, "/", &[("host", "localhost"), ("content-length", length)]);
    assert_eq!(of("100"), Ok(Caller::Trusted));
    assert_eq!(of("101"), Err(413));
}

#[test]
fn every_refusal_names_the_remedy() {
    assert!(OTHER_HOST.1.contains("serve.hosts") && FOREIGN_ORIGIN.1.contains("serve.hosts"));
    let response = refuse_without_key();
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
}
