//! What a plugin or a program puts in the way below a folder, before and while the host works there.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FileType, Mode};
use tempfile::TempDir;

use super::*;

/// A folder with a workspace, and something next to it that nobody may get.
fn scene() -> (TempDir, Folder) {
    let scene = tempfile::tempdir().unwrap();
    fs::create_dir_all(scene.path().join("workspace/notes")).unwrap();
    fs::create_dir(scene.path().join("outside")).unwrap();
    fs::write(scene.path().join("outside/secret.key"), "secret").unwrap();
    fs::write(scene.path().join("workspace/notes/plan.md"), "plan\n").unwrap();
    let folder = Folder::open(&scene.path().join("workspace")).unwrap();
    (scene, folder)
}

fn in_workspace(scene: &TempDir, path: &str) -> std::path::PathBuf {
    scene.path().join("workspace").join(path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn pipe(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn links_that_lead_out_are_not_followed_for_anything() {
    let (scene, folder) = scene();
    let whole = scene.path().join("outside/secret.key");
    for (name, target) in [
        ("file", "../outside/secret.key"),
        ("whole", whole.to_str().unwrap()),
        ("up", ".."),
        ("round", "round"),
        ("notes/deep", "../../outside/secret.key"),
        ("folder", "../outside"),
        ("by", "notes/../../outside/secret.key"),
        ("proc", "/proc/self/root"),
    ] {
        symlink(target, in_workspace(&scene, name)).unwrap();
    }
    for path in
        ["file", "whole", "up/outside/secret.key", "round", "notes/deep", "folder/secret.key", "by", "proc/etc/passwd"]
    {
        assert!(matches!(folder.read(path), Err(BeneathError::Outside { .. })), "{path}: {:?}", folder.read(path));
        assert!(folder.append(path).is_err(), "{path}");
        assert!(folder.replace(path, b"forged").is_err(), "{path}");
        assert!(folder.metadata(path).is_err(), "{path}");
    }
    for path in ["folder/new", "up/new", "proc/tmp/new", "../new", "/tmp/new", "notes/../../new"] {
        assert!(folder.create(path).is_err() && folder.rename("notes/plan.md", path).is_err(), "{path}");
        assert!(folder.remove(path).is_err() && folder.make_folder(path).is_err(), "{path}");
    }
    let told = folder.read("file").unwrap_err().to_string();
    assert!(told.contains("file is behind a link that leads out of") && told.contains("remove the link"), "{told}");
    assert_eq!(fs::read_to_string(&whole).unwrap(), "secret");
    assert_eq!(fs::read_dir(scene.path().join("outside")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(scene.path()).unwrap().count(), 2);
}

#[test]
fn links_that_stay_within_are_followed_unless_none_may_be() {
    let (scene, folder) = scene();
    symlink("notes/plan.md", in_workspace(&scene, "MEMORY.md")).unwrap();
    symlink("notes", in_workspace(&scene, "memory")).unwrap();
    symlink("../notes/./plan.md", in_workspace(&scene, "notes/again.md")).unwrap();
    for path in ["MEMORY.md", "memory/plan.md", "notes/again.md", "memory/again.md"] {
        assert_eq!(folder.text(path, 100).unwrap(), "plan\n", "{path}");
        assert!(folder.clone().strict().read(path).is_err() || path == "notes/plan.md", "{path}");
    }
    folder.append("MEMORY.md").unwrap().write_all(b"more\n").unwrap();
    assert_eq!(fs::read_to_string(in_workspace(&scene, "notes/plan.md")).unwrap(), "plan\nmore\n");
    folder.replace("memory/plan.md", b"new\n").unwrap();
    assert_eq!(fs::read_to_string(in_workspace(&scene, "notes/plan.md")).unwrap(), "new\n");
    assert_eq!(folder.folder("memory").unwrap().text("plan.md", 9).unwrap(), "new\n");
    assert!(folder.folder("memory").unwrap().read("again.md").is_err(), "it leads out of that folder");
    assert!(folder.clone().strict().folder("memory").unwrap_err().to_string().contains("is a link"));
    let below = |name: &str| Place::below(in_workspace(&scene, ""), name);
    assert!(below("memory").open().is_err() && below("memory").make().is_err() && below("notes").open().is_ok());
    folder.remove("MEMORY.md").unwrap();
    assert!(in_workspace(&scene, "notes/plan.md").exists(), "the link goes, not what it leads to");
}

#[test]
fn what_is_no_plain_file_is_refused_at_once() {
    let (scene, folder) = scene();
    pipe(&in_workspace(&scene, "pipe"));
    let _socket = UnixListener::bind(in_workspace(&scene, "socket")).unwrap();
    for (path, told) in [("pipe", "a pipe"), ("socket", "a socket"), ("notes", "a folder")] {
        for error in [
            folder.read(path).unwrap_err(),
            folder.append(path).unwrap_err(),
            folder.replace(path, b"x").unwrap_err(),
            folder.bytes(path, 10).unwrap_err(),
        ] {
            assert!(error.to_string().contains(told) && error.to_string().contains("put a plain file"), "{error}");
        }
    }
    let devices = Folder::open(Path::new("/dev")).unwrap();
    assert!(matches!(devices.read("zero"), Err(BeneathError::NotPlain { kind: Kind::Device, .. })));
    fs::write(in_workspace(&scene, "uploads"), "in the way").unwrap();
    for error in [folder.create("uploads/a").unwrap_err(), folder.make_folder("uploads").unwrap_err()] {
        assert!(error.to_string().contains("uploads") && error.to_string().contains("is not a folder"), "{error}");
    }
}

#[test]
fn what_is_made_is_for_its_owner_alone_and_what_was_there_keeps_its_rights() {
    let (scene, folder) = scene();
    folder.append("memory/2026-11-20.md").unwrap().write_all(b"x").unwrap();
    folder.replace("made/a/b.txt", b"one").unwrap();
    folder.make_folder("deep/er").unwrap();
    for path in ["memory", "made", "made/a", "deep", "deep/er"] {
        assert_eq!(mode(&in_workspace(&scene, path)), 0o700, "{path}");
    }
    for path in ["memory/2026-11-20.md", "made/a/b.txt"] {
        assert_eq!(mode(&in_workspace(&scene, path)), 0o600, "{path}");
    }
    for rights in [0o755, 0o600, 0o640] {
        let path = in_workspace(&scene, "made/a/b.txt");
        fs::set_permissions(&path, fs::Permissions::from_mode(rights)).unwrap();
        folder.replace("made/a/b.txt", b"two").unwrap();
        assert_eq!(mode(&path), rights);
    }
    let names: Vec<_> = folder.folder("made/a").unwrap().entries().unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["b.txt"], "no draft stays behind");
    assert!(folder.create("made/a/b.txt").is_err());
    assert_eq!(folder.bytes("made/a/b.txt", 3).unwrap(), b"two");
    assert!(matches!(folder.bytes("made/a/b.txt", 2), Err(BeneathError::TooLong { most: 2, .. })));
    assert!(folder.read("nothing").unwrap_err().is_missing() && folder.read("no/thing").unwrap_err().is_missing());
}

#[test]
fn a_name_of_any_length_the_disk_takes_can_be_replaced() {
    let (_scene, folder) = scene();
    let name = "x".repeat(255);
    folder.replace(&name, b"one").unwrap();
    folder.replace(&name, b"two").unwrap();
    assert_eq!(folder.bytes(&name, 9).unwrap(), b"two");
}

#[test]
fn a_folder_that_becomes_a_link_at_any_moment_leads_nowhere() {
    let (scene, folder) = scene();
    let done = AtomicBool::new(false);
    let (real, link) = (in_workspace(&scene, "uploads"), in_workspace(&scene, "link"));
    fs::create_dir(&real).unwrap();
    fs::write(real.join("secret.key"), "own").unwrap();
    symlink("../outside", &link).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let aside = in_workspace(&scene, "aside");
            while !done.load(Ordering::Relaxed) {
                let _ = fs::rename(&real, &aside).and_then(|()| fs::rename(&link, &real));
                let _ = fs::rename(&real, &link).and_then(|()| fs::rename(&aside, &real));
            }
        });
        for number in 0..300 {
            let path = format!("uploads/{}", number % 50);
            if let Ok(mut file) = folder.append(&path) {
                let _ = file.write_all(b"x");
            }
            let _ = folder.replace(format!("uploads/r{}", number % 50), b"x");
            let _ = folder.remove("uploads/none");
            if let Ok(mut opened) = folder.read("uploads/secret.key") {
                let mut text = String::new();
                opened.file.read_to_string(&mut text).unwrap();
                assert_eq!(text, "own");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(scene.path().join("outside")).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(scene.path().join("outside/secret.key")).unwrap(), "secret");
}

#[test]
fn a_resolved_path_is_opened_only_while_no_part_of_it_is_a_link() {
    let (scene, _) = scene();
    let place = scene.path().canonicalize().unwrap().join("workspace/notes");
    assert_eq!(Folder::open_resolved(&place).unwrap().text("plan.md", 10).unwrap(), "plan\n");
    fs::rename(&place, place.with_file_name("old")).unwrap();
    symlink("../outside", &place).unwrap();
    assert!(Folder::open_resolved(&place).is_err());
    assert!(Folder::open(&place).is_ok(), "where a person's own folder leads is their choice");
}

#[test]
fn what_others_could_open_is_closed_to_them_once() {
    let (scene, folder) = scene();
    let set = |path: &str, rights| {
        fs::set_permissions(in_workspace(&scene, path), fs::Permissions::from_mode(rights)).unwrap();
    };
    symlink("../outside/secret.key", in_workspace(&scene, "link")).unwrap();
    fs::set_permissions(scene.path().join("outside/secret.key"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::create_dir(in_workspace(&scene, "public")).unwrap();
    fs::write(in_workspace(&scene, "public/a"), "").unwrap();
    for (path, rights) in
        [("", 0o755), ("notes", 0o700), ("notes/plan.md", 0o755), ("public", 0o755), ("public/a", 0o644)]
    {
        set(path, rights);
    }
    let close = || folder.close_to_others(&|below| below != Path::new("public"));
    assert_eq!(close(), ["", "notes/plan.md", "public"].map(|path| scene.path().join("workspace").join(path)));
    assert_eq!((mode(&in_workspace(&scene, "notes/plan.md")), mode(&in_workspace(&scene, ""))), (0o700, 0o700));
    assert_eq!((mode(&in_workspace(&scene, "public")), mode(&in_workspace(&scene, "public/a"))), (0o700, 0o644));
    assert_eq!(mode(&scene.path().join("outside/secret.key")), 0o644);
    assert!(close().is_empty());
}
