//! Secrets with the real program: set at the command line, sealed on disk, in no message and in no prompt.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use steward_tests::model::Reply;

use crate::stage::Stage;

const VALUE: &str = "ghp_0123456789abcdef";

/// Whether any file of the folder holds these bytes.
fn anywhere(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => anywhere(&path, bytes),
        false => std::fs::read(&path).is_ok_and(|held| held.windows(bytes.len()).any(|part| part == bytes)),
    })
}

#[tokio::test]
async fn a_secret_is_set_listed_and_removed_and_never_shown() {
    let stage = Stage::set(|_| Reply::text("ok")).await;
    let host = &stage.host;
    let none = host.run(&["secret", "list"]).await;
    assert!(none.status.success() && none.text.contains("There are no secrets"), "{}", none.text);

    let set = ["secret", "set", "GITHUB_TOKEN", "--host", "api.github.com", "--host", "192.168.1.5:8123"];
    let done = host.run_with(&set, VALUE).await;
    assert!(done.status.success() && done.text.contains("GITHUB_TOKEN is set"), "{}", done.text);
    let listed = host.run(&["secret", "list"]).await;
    for told in ["GITHUB_TOKEN", "api.github.com", "192.168.1.5:8123"] {
        assert!(listed.text.contains(told), "{}", listed.text);
    }
    assert!(!listed.text.contains(VALUE) && !done.text.contains(VALUE));
    assert!(!anywhere(&host.data(), VALUE.as_bytes()), "the value is on disk as it is");
    let key = host.data().join("secret.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);

    for (arguments, value, told) in [
        (["secret", "set", "token", "--host", "a.org"], VALUE, "not a name for a secret"),
        (["secret", "set", "TOKEN", "--host", "a.org"], "short", "5 characters"),
        (["secret", "set", "TOKEN", "--host", "*"], VALUE, "not a host for a secret"),
    ] {
        let refused = host.run_with(&arguments, value).await;
        assert!(!refused.status.success() && refused.text.contains(told), "{}", refused.text);
    }
    let removed = host.run(&["secret", "remove", "GITHUB_TOKEN"]).await;
    assert!(removed.status.success(), "{}", removed.text);
    let again = host.run(&["secret", "remove", "GITHUB_TOKEN"]).await;
    assert!(!again.status.success() && again.text.contains("no secret GITHUB_TOKEN"), "{}", again.text);
}

#[tokio::test]
async fn a_secret_set_while_it_runs_is_in_no_prompt_and_no_message() {
    let stage = Stage::set(|_| Reply::pieces(&["The token is ghp_0123", "456789abcdef, is it not?"])).await;
    let done = stage.host.run_with(&["secret", "set", "TOKEN", "--host", "api.example.org"], VALUE).await;
    assert!(done.status.success(), "{}", done.text);
    stage.owner.says(&format!("My token is {VALUE}, keep it"));
    stage.owner.hears(|text| text.contains("The token is [secret TOKEN], is it not?")).await;
    for asked in stage.model.requests() {
        let raw = String::from_utf8_lossy(&asked.raw).into_owned();
        assert!(!raw.contains(VALUE), "{raw}");
        assert!(raw.contains("My token is [secret TOKEN], keep it"), "{raw}");
    }
}
