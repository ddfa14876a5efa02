//! There is one way to a file of a workspace or of a person's folder. So each file of the host that uses the system's
//! files itself is named here with the reason why what it opens is not there; all else goes through `steward_beneath`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// What only a reason lets a file of the host say.
const RAW: [&str; 14] = [
    "std::fs::",
    "std::fs;",
    "tokio::fs",
    "rustix::fs",
    "unix::fs::symlink",
    "File::open",
    "File::create",
    "File::options",
    "OpenOptions",
    ".canonicalize()",
    ".symlink_metadata()",
    ".try_exists()",
    ".read_dir()",
    ".read_link()",
];

/// Types alone open nothing.
const TYPES: [&str; 3] = ["use std::fs::File;", "std::fs::File,", "std::fs::File>"];

/// Whole crates whose files are never a workspace's.
const CRATES: [(&str, &str); 7] = [
    ("author", "a developer's projects, where the developer runs it, and toolchains among the data"),
    ("beneath", "it is the one way"),
    ("builtin", "the build, and what is embedded"),
    ("channel", "the socket and the chat's history among the data; what is fetched is given a file that is open"),
    ("embed", "models among the data, or where the owner's configuration says"),
    ("index", "indexes among the data"),
    ("store", "the database among the data"),
];

/// Files of the other crates.
const FILES: [(&str, &str); 41] = [
    ("memory/src/opening.rs", "resolves the names of Steward's own folders, which are hidden"),
    ("memory/src/sources.rs", "resolves what is named to be searched; it is opened as resolved, or not at all"),
    (
        "sandbox/src/capability/process/git/beneath.rs",
        "opens what is below a folder that is open, never through a link",
    ),
    ("sandbox/src/capability/files/open.rs", "opens what a guest names below its folder, and only files and folders"),
    ("sandbox/src/capability/process/git/shadow/waiting.rs", "the types of names, nothing is opened"),
    ("sandbox/src/reference.rs", "pages of the documentation, in a test"),
    ("sandbox/src/capability/process/git/clone.rs", "git's private folders among the data"),
    ("sandbox/src/capability/process/git/place.rs", "where a repository is, resolved to be compared"),
    ("sandbox/src/capability/process/git/plain.rs", "the system's programs, and whether one of them is git"),
    ("sandbox/src/capability/process/git/private.rs", "git's private folders among the data"),
    ("sandbox/src/capability/process/git/restore.rs", "git's private folders among the data"),
    ("sandbox/src/capability/process/group.rs", "control groups of the kernel"),
    ("sandbox/src/capability/process/program.rs", "the system's programs, and where one is started"),
    ("sandbox/src/capability/process/tree.rs", "processes as the kernel lists them"),
    ("sandbox/src/catalogue.rs", "makes the workspace's own folder"),
    ("sandbox/src/catalogue/installed.rs", "installed plugins among the data"),
    ("sandbox/src/compile.rs", "compiled code among the data"),
    ("sandbox/src/private.rs", "the mask of rights, no file"),
    ("sandbox/src/secret/seal.rs", "the key among the data"),
    ("src/app.rs", "the lock among the data"),
    ("src/cli/author.rs", "a developer's projects"),
    ("src/cli/author_test.rs", "a folder that is thrown away"),
    ("src/cli/chat.rs", "the log among the data"),
    ("src/cli/dry_run.rs", "a folder that is thrown away"),
    ("src/cli/memory/transfer.rs", "the folder that a person names on the command line"),
    ("src/cli/plugin.rs", "a file that a person names on the command line"),
    ("src/cli/plugin_file.rs", "a file that a person names on the command line"),
    ("src/cli/plugin_install.rs", "compiled code among the data"),
    ("src/cli/plugin_run.rs", "compiled code among the data, and a folder that a person names on the command line"),
    ("src/cli/replay.rs", "a file that a person names on the command line"),
    ("src/cli/signing.rs", "keys that a person names on the command line"),
    ("src/cli/people.rs", "folders of a person who is forgotten, among the data"),
    ("src/commands/reference.rs", "the page of the commands, in a test"),
    ("src/config.rs", "the configuration"),
    ("src/doctor.rs", "the disk, and compiled code among the data"),
    ("src/documents.rs", "copies among the data, of files that are open already"),
    ("src/footprint.rs", "the program's own memory"),
    ("src/installed/files.rs", "installed plugins among the data"),
    ("src/memory/embedders.rs", "models among the data, or where the owner's configuration says"),
    ("src/sent.rs", "the log of what was sent, among the data"),
    ("src/uploads.rs", "a file that is open already"),
];

#[test]
fn only_files_with_a_reason_use_the_system_s_files_themselves() {
    let host = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut unknown = Vec::new();
    let mut used: Vec<&str> = Vec::new();
    for path in sources(host) {
        let name = path.strip_prefix(host).unwrap().to_str().unwrap();
        if CRATES.iter().any(|(of, _)| name.starts_with(&format!("{of}/"))) {
            continue;
        }
        let raw = raw_uses(&fs::read_to_string(&path).unwrap());
        match FILES.iter().find(|(known, _)| *known == name) {
            _ if raw.is_empty() => {}
            Some((known, _)) => used.push(known),
            None => unknown.push(format!("{name}: {}", raw.join(" | "))),
        }
    }
    assert!(
        unknown.is_empty(),
        "these use the system's files themselves. Open what may be in a workspace or a person's folder through \
         steward_beneath; name any other file in FILES with its reason:\n{}",
        unknown.join("\n")
    );
    let idle: Vec<_> = FILES.iter().filter(|(name, _)| !used.contains(name)).collect();
    assert!(idle.is_empty(), "these need no reason any more: {idle:?}");
}

/// The lines of a file, without its tests, that use the system's files.
fn raw_uses(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let without_types = lines.map(|line| TYPES.iter().fold(line.to_owned(), |line, plain| line.replace(plain, "")));
    without_types.filter(|line| RAW.iter().any(|raw| line.contains(raw))).collect()
}

/// The sources of all crates of the host, without their tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut sources = Vec::new();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["tests", "target", "build"].contains(&name) {
            sources.extend(self::sources(&path));
        } else if name.ends_with(".rs") && !["tests.rs", "build.rs", "fixture.rs", "builtin.rs"].contains(&name) {
            sources.push(path);
        }
    }
    sources
}
