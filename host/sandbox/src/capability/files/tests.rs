//! Pipes, sockets and devices in the workspace, met by guests: nothing waits for them.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::preopens::Host as _;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorType, ErrorCode, HostDescriptor as _, HostDirectoryEntryStream as _, NewTimestamp,
    OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::open::{self, Wanted};
use super::view::view;
use super::*;
use crate::fixture::Fixture;
use crate::tests::Sandbox;
use crate::{Outcome, PluginSource};

/// Far less than anything waits, and far more than anything needs.
const AT_ONCE: Duration = Duration::from_secs(10);

fn make_pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

/// A workspace with one of each kind, and files beside them.
fn furnish(workspace: &Path) -> UnixListener {
    make_pipe(&workspace.join("pipe"));
    symlink("pipe", workspace.join("to-pipe")).unwrap();
    std::fs::write(workspace.join("notes.md"), "needle\n").unwrap();
    std::fs::create_dir(workspace.join("folder")).unwrap();
    UnixListener::bind(workspace.join("socket")).unwrap()
}

/// A call that has the whole workspace, and its descriptor of it.
fn opened(fixture: &Fixture) -> (CallState, u32) {
    let workspace = fixture.folder.path().join("workspace");
    let files = Files::open(&workspace, &FilesGrant::default(), Access::Write, 1 << 20).unwrap();
    let mut call = fixture.owner();
    *call.parts.of() = files;
    let root = view(&mut call).get_directories().unwrap()[0].0.rep();
    (call, root)
}

async fn at_once<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(AT_ONCE, work).await.expect("it waits")
}

fn code<T>(result: FsResult<T>) -> Option<ErrorCode> {
    result.err().map(|error: FsError| error.downcast().unwrap())
}

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;
const REFUSED: [&str; 3] = ["pipe", "to-pipe", "socket"];

/// Every way of opening something that is there.
fn ways() -> Vec<(OpenFlags, DescriptorFlags)> {
    let (read, write) = (DescriptorFlags::READ, DescriptorFlags::WRITE);
    let open_flags = [OpenFlags::empty(), OpenFlags::CREATE, OpenFlags::TRUNCATE];
    open_flags.into_iter().flat_map(|one| [(one, read), (one, write), (one, read | write)]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_guest_waits_for_a_pipe_or_a_socket() {
    let fixture = Fixture::new().await;
    let _socket = furnish(&fixture.folder.path().join("workspace"));
    let (mut call, root) = opened(&fixture);
    let mut view = view(&mut call);
    let root = || Resource::<Descriptor>::new_borrow(root);
    for name in REFUSED {
        for (open_flags, flags) in ways() {
            let opened = at_once(view.open_at(root(), FOLLOW, name.to_owned(), open_flags, flags)).await;
            assert_eq!(code(opened), Some(ErrorCode::Unsupported), "{name} {open_flags:?} {flags:?}");
        }
        let (path, now) = (name.to_owned(), NewTimestamp::Now);
        let touched = at_once(view.set_times_at(root(), FOLLOW, path, now, now)).await;
        assert_eq!(code(touched), Some(ErrorCode::Unsupported), "{name}");
        let seen = view.stat_at(root(), FOLLOW, name.to_owned()).await.ok().unwrap();
        assert!(!matches!(seen.type_, DescriptorType::RegularFile | DescriptorType::Directory), "{name}");
    }
    let listed = view.read_directory(root()).await.ok().unwrap();
    let mut count = 0;
    while view.read_directory_entry(Resource::new_borrow(listed.rep())).await.ok().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_the_place_of_a_file_at_the_last_moment_is_refused_as_well() {
    let fixture = Fixture::new().await;
    let _socket = furnish(&fixture.folder.path().join("workspace"));
    let (mut call, _) = opened(&fixture);
    let dir = &call.parts.of::<Files>().folders[0].0;
    for name in REFUSED {
        for (open_flags, flags) in ways() {
            let opened = at_once(open::open(dir, name, Wanted { path_flags: FOLLOW, open_flags, flags })).await;
            assert_eq!(code(opened), Some(ErrorCode::Unsupported), "{name} {open_flags:?} {flags:?}");
        }
        assert_eq!(code(at_once(open::open_for_times(dir, name)).await), Some(ErrorCode::Unsupported), "{name}");
    }
}

#[tokio::test]
async fn files_and_folders_are_opened_as_ever() {
    let fixture = Fixture::new().await;
    let workspace = fixture.folder.path().join("workspace");
    let _socket = furnish(&workspace);
    symlink("/etc", workspace.join("out")).unwrap();
    symlink("notes.md", workspace.join("to-notes")).unwrap();
    let (mut call, root) = opened(&fixture);
    let mut view = view(&mut call);
    let root = || Resource::<Descriptor>::new_borrow(root);
    let (none, create, read) = (OpenFlags::empty(), OpenFlags::CREATE, DescriptorFlags::READ);
    let (exclusive, folder) = (create | OpenFlags::EXCLUSIVE, OpenFlags::DIRECTORY);
    for (path, path_flags, open_flags, flags, wanted) in [
        ("notes.md", FOLLOW, none, read, None),
        ("to-notes", FOLLOW, none, read, None),
        ("to-notes", PathFlags::empty(), none, read, Some(ErrorCode::Loop)),
        ("folder", FOLLOW, folder, read, None),
        ("folder/../notes.md", FOLLOW, none, read, None),
        (".", FOLLOW, none, read, None),
        ("notes.md", FOLLOW, folder, read, Some(ErrorCode::NotDirectory)),
        ("notes.md", FOLLOW, exclusive, DescriptorFlags::WRITE, Some(ErrorCode::Exist)),
        ("folder", FOLLOW, none, DescriptorFlags::WRITE, Some(ErrorCode::IsDirectory)),
        ("folder/new", FOLLOW, exclusive, DescriptorFlags::WRITE, None),
        ("folder/none", FOLLOW, none, read, Some(ErrorCode::NoEntry)),
        ("", FOLLOW, none, read, Some(ErrorCode::NoEntry)),
        ("out/passwd", FOLLOW, none, read, Some(ErrorCode::NotPermitted)),
        ("../data", FOLLOW, none, read, Some(ErrorCode::NotPermitted)),
        ("/etc/passwd", FOLLOW, none, read, Some(ErrorCode::NotPermitted)),
        ("folder/x", FOLLOW, create | folder, read, Some(ErrorCode::Invalid)),
        ("notes.md", FOLLOW, none, read | DescriptorFlags::FILE_INTEGRITY_SYNC, Some(ErrorCode::Unsupported)),
    ] {
        let opened = view.open_at(root(), path_flags, path.to_owned(), open_flags, flags).await;
        assert_eq!(code(opened), wanted, "{path} {open_flags:?}");
    }
    assert!(workspace.join("folder/new").is_file());
    for path in ["notes.md", "to-notes", "folder", "."] {
        let set = view.set_times_at(root(), FOLLOW, path.to_owned(), NewTimestamp::Now, NewTimestamp::Now).await;
        assert_eq!(code(set), None, "{path}");
    }
}

/// The tools for files on a workspace that holds a pipe: each answers, and none of it is a time limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tools_for_files_pass_over_what_is_no_file() {
    let one = steward_builtin::PLUGINS.iter().find(|plugin| plugin.name == "files").unwrap();
    let (name, manifest) = (one.name.to_owned(), one.manifest.to_owned());
    let sandbox = Sandbox::new(vec![PluginSource { name, wasm: one.wasm().into(), manifest }]).await;
    let _socket = furnish(&sandbox.folder.path().join("workspace"));
    let listed = at_once(sandbox.call("list", json!({}))).await.text;
    assert!(listed.contains("pipe (not a file)") && listed.contains("notes.md  7 B"), "{listed}");
    for path in REFUSED {
        let read = at_once(sandbox.call("read", json!({ "path": path }))).await;
        assert!(read.text.contains("is a pipe, a socket or a device"), "{}", read.text);
        let appended = json!({"path": path, "content": "x", "append": true});
        assert!(at_once(sandbox.call("write", appended)).await.outcome != Outcome::Ok);
    }
    let written = at_once(sandbox.call("write", json!({"path": "pipe", "content": "x"}))).await;
    assert!(written.text.contains("is a pipe, a socket or a device"), "{}", written.text);
    let found = at_once(sandbox.call("search", json!({"query": "needle", "path": "."}))).await;
    assert_eq!((found.outcome, found.text.as_str()), (Outcome::Ok, "notes.md:1: needle"));
    assert_eq!(at_once(sandbox.call("find", json!({"pattern": "*"}))).await.text, "notes.md");
}
