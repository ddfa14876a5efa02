//! A plugin that was granted a few folders, or may write only so much, tries for more: through names, links made before
//! and while it runs, sizes, gaps, and masses of small things.

use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use serde_json::{Value, json};
use steward_agent::Role;
use steward_sandbox::{HttpPolicy, Outcome};
use steward_tests::guests::{INTRUDER, INTRUDER_MANIFEST};

use crate::cage::{Cage, SECRET, source};
use crate::turning::Turning;

const ALL: &str = "files = { access = \"write\" }";

/// The intruder with another grant of files, and lines more in its manifest.
async fn cage(files: &str, rest: &str) -> Cage {
    assert!(INTRUDER_MANIFEST.contains(ALL));
    let manifest = format!("{}\n{rest}", INTRUDER_MANIFEST.replace(ALL, files));
    let cage = Cage::open(vec![source("intruder", INTRUDER, &manifest)], HttpPolicy::default()).await;
    assert!(cage.catalogue.refused().is_empty(), "{:?}", cage.catalogue.refused());
    cage
}

const FOLDERS: &str = r#"files = { access = "write", folders = ["notes/new", { path = "uploads", access = "read" }] }"#;

fn workspace(cage: &Cage) -> std::path::PathBuf {
    cage.folder.path().join("workspace")
}

async fn write(cage: &Cage, path: &str) -> steward_sandbox::Answer {
    cage.own("write_path", json!({ "path": path, "text": "forged" })).await
}

#[tokio::test]
async fn a_plugin_reaches_the_folders_it_was_granted_and_no_other() {
    let cage = cage(FOLDERS, "").await;
    let workspace = workspace(&cage);
    std::fs::create_dir(workspace.join("uploads")).unwrap();
    std::fs::write(workspace.join("uploads/photo.txt"), "a cat").unwrap();
    assert_eq!(cage.own("read_path", json!({ "path": "/workspace/uploads/photo.txt" })).await.text, "a cat");
    // A folder that is to be written to is made.
    assert_eq!(write(&cage, "/workspace/notes/new/today.md").await.outcome, Outcome::Ok);
    assert_eq!(std::fs::read_to_string(workspace.join("notes/new/today.md")).unwrap(), "forged");
    std::fs::write(workspace.join("notes/old.md"), "old").unwrap();
    for path in [
        "/workspace/MEMORY.md",
        "/workspace/notes/old.md",
        "/workspace/notes/new/../old.md",
        "/workspace/notes/new/../../MEMORY.md",
        "/workspace/uploads/../MEMORY.md",
        "MEMORY.md",
        "../MEMORY.md",
    ] {
        let read = cage.own("read_path", json!({ "path": path })).await;
        assert!(read.failed() && !read.text.contains("42") && !read.text.contains("old"), "{path}: {read:?}");
        assert!(write(&cage, path).await.failed(), "{path}");
    }
    for (tool, input) in [
        ("write_path", json!({ "path": "/workspace/uploads/photo.txt", "text": "forged" })),
        ("remove_path", json!({ "path": "/workspace/uploads/photo.txt" })),
        ("rename_path", json!({ "from": "/workspace/uploads/photo.txt", "to": "/workspace/notes/new/photo.txt" })),
        ("hard_link_path", json!({ "from": "/workspace/uploads/photo.txt", "to": "/workspace/notes/new/photo.txt" })),
        ("rename_path", json!({ "from": "/workspace/notes/new/today.md", "to": "/workspace/uploads/today.md" })),
        ("grow_file", json!({ "path": "/workspace/uploads/photo.txt", "bytes": 100 })),
    ] {
        let answer = cage.own(tool, input.clone()).await;
        assert!(answer.failed() && !answer.text.is_empty(), "{tool} {input}: {answer:?}");
    }
    assert_eq!(std::fs::read_to_string(workspace.join("uploads/photo.txt")).unwrap(), "a cat");
    assert_eq!(std::fs::read_dir(workspace.join("uploads")).unwrap().count(), 1);
    assert_eq!(std::fs::read_to_string(workspace.join("MEMORY.md")).unwrap(), "- the flat is 42\n");
}

#[tokio::test]
async fn a_folder_to_read_from_that_is_not_there_is_missing_and_not_made() {
    let cage = cage(FOLDERS, "").await;
    // Nobody who may only read makes a folder that others may write to.
    let group = cage.call(Role::Group, "read_path", json!({ "path": "/workspace/notes/new/today.md" })).await;
    assert!(group.failed() && !workspace(&cage).join("notes").exists(), "{group:?}");
    let read = cage.own("read_path", json!({ "path": "/workspace/uploads/photo.txt" })).await;
    assert!(read.failed(), "{read:?}");
    assert!(!workspace(&cage).join("uploads").exists() && workspace(&cage).join("notes/new").is_dir());
}

#[tokio::test]
async fn a_granted_folder_that_is_a_link_is_refused_with_the_reason() {
    for (target, within) in [("..", "secret.txt"), ("/etc", "passwd"), (".", "MEMORY.md")] {
        let cage = cage(FOLDERS, "").await;
        symlink(target, workspace(&cage).join("uploads")).unwrap();
        let path = format!("/workspace/uploads/{within}");
        let read = cage.own("read_path", json!({ "path": path })).await;
        assert_eq!(read.outcome, Outcome::Unavailable, "{read:?}");
        assert!(read.text.contains("`uploads` is a file or a link"), "{}", read.text);
        assert!(!read.text.contains("1234") && !read.text.contains("root:"), "{}", read.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_granted_folder_that_becomes_a_link_between_two_calls_leads_nowhere() {
    let cage = cage(FOLDERS, "").await;
    let workspace = workspace(&cage);
    let turning = Turning::start(&workspace, "uploads");
    let mut read = 0;
    for _ in 0..300 {
        let answer = cage.own("read_path", json!({ "path": "/workspace/uploads/secret.txt" })).await;
        read += usize::from(answer.text == "harmless");
        assert!(answer.text == "harmless" || answer.failed(), "{answer:?}");
        assert!(!answer.text.contains("1234"), "{answer:?}");
    }
    turning.stop();
    assert_eq!(std::fs::read_to_string(cage.folder.path().join("secret.txt")).unwrap(), SECRET);
    assert!(read < 300, "the folder never turned");
}

/// Bytes on the disk and names beneath a folder.
fn used(folder: &Path) -> (u64, usize) {
    let (mut bytes, mut names) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.path().symlink_metadata().unwrap();
        let below = if metadata.is_dir() { used(&entry.path()) } else { (metadata.blocks() * 512, 0) };
        bytes += below.0;
        names += 1 + below.1;
    }
    (bytes, names)
}

/// Ways to fill the disk, each far beyond the one megabyte that is allowed.
fn floods() -> Vec<(&'static str, Value)> {
    let file = "/workspace/flood";
    let many = |what: &str| json!({ "folder": "/workspace", "what": what, "count": 2_000 });
    vec![
        ("write_path", json!({ "path": file, "text": "x".repeat(2 << 20) })),
        ("grow_file", json!({ "path": file, "bytes": 2 << 20 })),
        ("grow_file", json!({ "path": file, "bytes": 1_u64 << 50 })),
        ("grow_file", json!({ "path": file, "bytes": u64::MAX >> 1 })),
        ("write_far", json!({ "path": file, "bytes": 2 << 20 })),
        ("write_far", json!({ "path": file, "bytes": 1_u64 << 50 })),
        ("rewrite", json!({ "path": file, "bytes": 4096, "times": 10_000 })),
        ("append_again", json!({ "path": file, "bytes": 4096, "times": 10_000 })),
        ("make_many", many("files")),
        ("make_many", many("folders")),
        ("make_many", many("links")),
        ("make_many", many("names")),
        ("make_many", many("deep folders")),
    ]
}

#[tokio::test]
async fn no_way_of_writing_goes_beyond_what_a_call_may_write() {
    let cage = cage(ALL, "[limits]\nwrite_mb = 1\n").await;
    let workspace = workspace(&cage);
    for (tool, input) in floods() {
        let answer = cage.own(tool, input.clone()).await;
        let told = format!("{tool} {}", input.to_string().chars().take(80).collect::<String>());
        assert_eq!(answer.outcome, Outcome::Denied, "{told}: {answer:?}");
        assert!(answer.text.contains("may write 1 MB in one call"), "{told}: {}", answer.text);
        assert!(answer.text.contains("`write_mb` under [limits]"), "{told}: {}", answer.text);
        // What a C library makes of an error of a stream is its own choice; all else is reported as what it is.
        let by_stream = ["write_path", "write_far", "rewrite", "append_again"].contains(&tool);
        assert!(by_stream || answer.text.contains("Quota exceeded"), "{told}: {}", answer.text);
        let (bytes, names) = used(&workspace);
        assert!(bytes <= 3 << 20 && names <= 300, "{told}: {bytes} bytes in {names} names");
        // The next call may write as much again, and one that writes little notices nothing.
        assert_eq!(write(&cage, "/workspace/small.md").await.outcome, Outcome::Ok, "{told}");
        std::fs::remove_dir_all(&workspace).unwrap();
        std::fs::create_dir(&workspace).unwrap();
    }
}

#[tokio::test]
async fn a_manifest_cannot_raise_what_the_host_allows() {
    let cage = cage(ALL, "[limits]\nwrite_mb = 1000000\n").await;
    let answer = cage.own("grow_file", json!({ "path": "/workspace/flood", "bytes": 65 << 20 })).await;
    assert!(answer.text.contains("may write 64 MB in one call"), "{answer:?}");
    let grown = cage.own("grow_file", json!({ "path": "/workspace/flood", "bytes": 63 << 20 })).await;
    assert_eq!(grown.outcome, Outcome::Ok, "{grown:?}");
}

#[tokio::test]
async fn what_a_call_holds_by_handle_is_bounded() {
    let cage = cage(ALL, "").await;
    for (tool, input) in [
        ("hoard_files", json!({ "path": "/workspace/MEMORY.md" })),
        ("hoard_folders", json!({ "path": "/workspace" })),
        ("hoard_requests", json!({})),
    ] {
        let answer = cage.own(tool, input).await;
        assert!(answer.failed() && !answer.text.is_empty(), "{tool}: {answer:?}");
        let read = cage.own("read_path", json!({ "path": "/workspace/MEMORY.md" })).await;
        assert_eq!(read.text, "- the flat is 42\n", "after {tool}");
    }
}
