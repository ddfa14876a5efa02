//! The tools of git on repositories that are damaged, or that would hold git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::fs::{CWD, Mode, mknodat};
use serde_json::json;

use super::*;
use crate::tests::Sandbox;
use crate::{Outcome, PluginSource};

#[expect(clippy::disallowed_methods, reason = "a test makes its repository with git itself")]
fn git(folder: &Path, arguments: &[&str]) -> String {
    let names = ["-c", "user.name=Olga", "-c", "user.email=olga@example.com"];
    let ended = Command::new("git").current_dir(folder).args(names).args(arguments).output().unwrap();
    assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap().trim().to_owned()
}

/// The tools in a workspace with an empty repository.
async fn scene() -> (Sandbox, PathBuf) {
    let one = steward_builtin::PLUGINS.iter().find(|plugin| plugin.name == "git").unwrap();
    let (name, manifest) = (one.name.to_owned(), one.manifest.to_owned());
    let sandbox = Sandbox::new(vec![PluginSource { name, wasm: one.wasm().into(), manifest }]).await;
    let site = sandbox.folder.path().join("workspace/site");
    fs::create_dir(&site).unwrap();
    git(&site, &["init", "--quiet", "--initial-branch=master"]);
    (sandbox, site)
}

async fn told(sandbox: &Sandbox, tool: &str) -> (Outcome, String) {
    let answer = tokio::time::timeout(Duration::from_secs(20), sandbox.call(tool, json!({"folder": "site"}))).await;
    let answer = answer.expect("it waits");
    (answer.outcome, answer.text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_without_commits_and_a_damaged_one_are_told_apart() {
    let (sandbox, site) = scene().await;
    assert_eq!(told(&sandbox, "git_status").await.1, "On master, no commits yet; nothing has changed.");
    fs::write(site.join("a.md"), "x").unwrap();
    let status = told(&sandbox, "git_status").await.1;
    assert!(status.starts_with("On master, no commits yet; 1 file changed (first"), "{status}");
    assert_eq!(told(&sandbox, "git_log").await.1, "There are no commits yet.");
    git(&site, &["add", "a.md"]);
    git(&site, &["commit", "--quiet", "--message=x"]);
    let commit = git(&site, &["rev-parse", "HEAD"]);
    fs::remove_file(site.join(format!(".git/objects/{}/{}", &commit[..2], &commit[2..]))).unwrap();
    let missing = [told(&sandbox, "git_log").await, told(&sandbox, "git_diff").await];
    fs::write(site.join(".git/refs/heads/master"), "").unwrap();
    let empty = [told(&sandbox, "git_log").await, told(&sandbox, "git_status").await];
    for (outcome, text) in missing.into_iter().chain(empty) {
        assert!(outcome != Outcome::Ok && text.contains("is damaged"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_where_git_reads_a_file_is_named_at_once() {
    let (sandbox, site) = scene().await;
    let pipe = site.join(".gitattributes");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    for tool in ["git_status", "git_log", "git_diff"] {
        let (outcome, text) = told(&sandbox, tool).await;
        assert!(outcome != Outcome::Ok && text.contains("`.gitattributes` is a pipe"), "{text}");
    }
}
