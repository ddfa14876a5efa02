//! Secrets in a real store, set and removed also by another process.

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::call::{Outcome, OutputFile};

fn store(folder: &TempDir) -> Store {
    Store::open(&folder.path().join("steward.sqlite")).unwrap()
}

fn vault(folder: &TempDir) -> Vault {
    Vault::new(store(folder), KeySource::File(folder.path().join("secret.key")))
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_179_900).unwrap()
}

fn hosts(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

const VALUE: &str = "ghp_0123456789abcdef";

#[tokio::test]
async fn a_secret_set_by_another_process_is_known_at_its_first_use() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (vault(&folder), vault(&folder));
    assert!(!one.refresh().await.unwrap().any());
    other.set("TOKEN", hosts(&["api.example.org"]), VALUE.to_owned(), now()).await.unwrap();
    assert_eq!(one.known().value_for("TOKEN", "api.example.org", 443), None);
    assert_eq!(one.refresh().await.unwrap().value_for("TOKEN", "api.example.org", 443), Some(VALUE));
    other.remove("TOKEN").await.unwrap();
    assert_eq!(one.refresh().await.unwrap().state("TOKEN"), None);
    assert!(other.remove("TOKEN").await.unwrap_err().to_string().contains("no secret TOKEN"));
}

#[tokio::test]
async fn a_value_goes_only_where_it_is_bound_to() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(&folder);
    let bound = hosts(&["api.example.org", "*.example.net", "192.168.1.5:8123"]);
    vault.set("TOKEN", bound, VALUE.to_owned(), now()).await.unwrap();
    let known = vault.known();
    for (host, port) in [("api.example.org", 443), ("a.example.net", 443), ("192.168.1.5", 8123)] {
        assert!(known.value_for("TOKEN", host, port).is_some(), "{host}:{port}");
        assert_eq!(known.found_elsewhere(VALUE.as_bytes(), host, port), None);
    }
    for (host, port) in [("api.example.org", 80), ("example.net", 443), ("192.168.1.5", 443), ("evil.org", 443)] {
        assert_eq!(known.value_for("TOKEN", host, port), None, "{host}:{port}");
        assert_eq!(known.found_elsewhere(VALUE.as_bytes(), host, port), Some("TOKEN"));
    }
}

#[tokio::test]
async fn what_cannot_be_kept_safe_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(&folder);
    let refused = async |name: &str, at: &[&str], value: &str| {
        vault.set(name, hosts(at), value.to_owned(), now()).await.unwrap_err().to_string()
    };
    assert!(refused("token", &["a.org"], VALUE).await.contains("`token` is not a name"));
    assert!(refused("TOKEN", &["a.org"], "short").await.contains("5 characters"));
    assert!(refused("TOKEN", &[], VALUE).await.contains("--host"));
    for host in ["*", "https://a.org", "a b", ""] {
        assert!(refused("TOKEN", &["a.org", host], VALUE).await.contains("is not a host for a secret"), "{host}");
    }
    assert!(!folder.path().join("secret.key").exists());
}

#[tokio::test]
async fn a_secret_of_another_key_is_listed_as_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    vault(&folder).set("TOKEN", hosts(&["a.org"]), VALUE.to_owned(), now()).await.unwrap();
    let other = Vault::new(store(&folder), KeySource::Given("00".repeat(32)));
    let listed = other.list().await.unwrap();
    assert_eq!((listed[0].name.as_str(), listed[0].readable), ("TOKEN", false));
    assert_eq!(other.known().state("TOKEN"), Some(false));
    std::fs::remove_file(folder.path().join("secret.key")).unwrap();
    assert!(!vault(&folder).list().await.unwrap()[0].readable);
}

#[tokio::test]
async fn an_answer_is_cleaned_in_all_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(&folder);
    vault.set("TOKEN", hosts(&["a.org"]), VALUE.to_owned(), now()).await.unwrap();
    let mut answer = Answer::of(Outcome::Ok, format!("It is {VALUE}."));
    answer.structured = Some(json!({ VALUE: [{ "token": format!("Bearer {VALUE}") }, 1, null] }));
    let file = |data: &[u8]| OutputFile { name: "a.txt".into(), mime: "text/plain".into(), data: data.to_vec() };
    answer.attachments = vec![file(VALUE.as_bytes()), file(b"\xff\x00")];
    vault.known().redact_answer(&mut answer);
    assert_eq!(answer.text, "It is [secret TOKEN].");
    assert_eq!(answer.structured, Some(json!({ "[secret TOKEN]": [{ "token": "Bearer [secret TOKEN]" }, 1, null] })));
    assert_eq!(answer.attachments[0].data, b"[secret TOKEN]");
    assert_eq!(answer.attachments[1].data, b"\xff\x00");
}
