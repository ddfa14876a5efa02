//! Repositories that were made to run programs or to lead out of the workspace, through the real program with a real
//! git, with a namespace around git and without.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::git::{git, origin, sprung, trap};
use crate::stage::Stage;

const BOTH: [&str; 2] = ["", "[process]\nnamespace = \"off\"\n"];

/// Every file of that beginning, however deep.
fn left(folder: &Path, beginning: &str) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().unwrap().is_dir() {
            all.extend(left(&entry.path(), beginning));
        } else if name.starts_with(beginning) {
            all.push(entry.path().display().to_string());
        }
    }
    all
}

/// Calls every tool on a repository; gives all they said.
async fn every_tool(stage: &Stage, folder: &str) -> String {
    let mut told = String::new();
    for (tool, arguments) in [
        ("git_status", json!({ "folder": folder })),
        ("git_log", json!({ "folder": folder })),
        ("git_diff", json!({ "folder": folder })),
        ("git_commit", json!({"folder": folder, "message": "x"})),
        ("git_push", json!({"folder": folder, "branch": "main"})),
        ("git_clone", json!({"url": folder, "folder": format!("{folder}-copy")})),
    ] {
        told += &stage.does(tool, arguments).await;
        assert_eq!(left(stage.host.workspace().parent().unwrap(), "pwned"), [""; 0], "{folder}: {tool}");
    }
    told
}

#[tokio::test]
async fn a_promisor_of_four_written_files_runs_nothing() {
    for settings in BOTH {
        let stage = Stage::to_the_letter(settings).await;
        let config = "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = evil\n[remote \"evil\"]\n\turl = .\n\
                      \tpromisor = true\n\tuploadpack = \"sh -c 'id > pwned' #\"\n";
        for (file, content) in [
            ("config", config),
            ("HEAD", "1234567890123456789012345678901234567890\n"),
            ("objects/keep", ""),
            ("refs/keep", ""),
        ] {
            stage.does("write", json!({"path": format!("evil/.git/{file}"), "content": content})).await;
        }
        assert!(stage.host.workspace().join("evil/.git/config").exists());
        every_tool(&stage, "evil").await;
    }
}

#[tokio::test]
async fn no_way_of_naming_a_program_is_taken() {
    for settings in BOTH {
        let stage = Stage::to_the_letter(settings).await;
        let workspace = stage.host.workspace();
        origin(&workspace).await;
        let call = |name: &str| {
            let program = workspace.join(format!("bin/{name}"));
            trap(&program, &workspace.join(format!("pwned-{name}")));
            program.display().to_string()
        };
        let x = call("x");
        let written = [
            ("include", format!("[include]\npath = {}\n", workspace.join("other.config").display())),
            ("includeif", format!("[includeIf \"gitdir:**\"]\npath = {}\n", workspace.join("other.config").display())),
            ("worktreeconfig", "[extensions]\nworktreeConfig = true\n".to_owned()),
            ("vcs", "[remote \"origin\"]\nvcs = evil\n".to_owned()),
            ("ext", "[protocol \"ext\"]\nallow = always\n[remote \"origin\"]\nurl = ext::touch pwned\n".to_owned()),
            (
                "insteadof",
                "[protocol \"ext\"]\nallow = always\n[url \"ext::touch% pwned \"]\ninsteadOf = /\n".to_owned(),
            ),
            (
                "push",
                "[protocol \"ext\"]\nallow = always\n[url \"ext::touch% pwned \"]\npushInsteadOf = /\n".to_owned(),
            ),
            (
                "promisor",
                format!("[remote \"p\"]\npromisor = true\nurl = .\nuploadpack = {x}\n[extensions]\npartialClone = p\n"),
            ),
            ("fsmonitor", format!("[core]\nfsmonitor = {x}\nfsmonitorHookVersion = 2\n[feature]\nmanyFiles = true\n")),
            ("hooks", format!("[core]\nhooksPath = {}\n", workspace.join("bin").display())),
            (
                "old",
                format!(
                    "[core.x]\n[diff.external]\n[diff]\nexternal={x}\n[gpg]\nprogram={x}\n[gpg \"ssh\"]\nprogram={x}\ndefaultKeyCommand={x}\n[user]\nsigningKey=x\n[commit]\ngpgSign=true\n"
                ),
            ),
            ("ssh", format!("[core]\nsshCommand = {x}\n[remote \"origin\"]\nurl = git@localhost:o/r\n")),
            (
                "maintenance",
                format!("[maintenance]\nauto=true\n[gc]\nauto=1\nautoDetach=false\n[gc]\nrecentObjectsHook={x}\n"),
            ),
            ("trailer", format!("[trailer \"x\"]\ncommand={x}\ncmd={x}\n[core]\neditor={x}\n[sequence]\neditor={x}\n")),
            (
                "alternates",
                format!(
                    "[core]\nalternateRefsCommand = {x}\n[receive]\nprocReceiveRefs=refs\n[uploadpack]\npackObjectsHook={x}\n"
                ),
            ),
        ];
        fs::write(workspace.join("other.config"), format!("[core]\nfsmonitor = {x}\n[alias]\nstatus = !{x}\n"))
            .unwrap();
        for (name, config) in written {
            git(&workspace, &["clone", "--quiet", "origin.git", name]).await;
            let dir = workspace.join(name).join(".git");
            let before = fs::read_to_string(dir.join("config")).unwrap();
            fs::write(dir.join("config"), before + &config).unwrap();
            fs::write(dir.join("config.worktree"), format!("[core]\nfsmonitor = {x}\n")).unwrap();
            fs::create_dir_all(dir.join("remotes")).unwrap();
            fs::create_dir_all(dir.join("branches")).unwrap();
            fs::write(dir.join("remotes/origin"), "URL: ext::touch pwned\n").unwrap();
            fs::write(dir.join("branches/origin"), "ext::touch pwned\n").unwrap();
            fs::write(dir.join("info/attributes"), "* filter=e diff=e merge=e\n").unwrap();
            fs::write(workspace.join(name).join("README.md"), "# Changed\n").unwrap();
            every_tool(&stage, name).await;
        }
        assert_eq!(sprung(&workspace), [""; 0]);
    }
}

#[tokio::test]
async fn a_configuration_that_changes_meanwhile_counts_for_nothing() {
    let stage = Stage::to_the_letter("[process]\nnamespace = \"off\"\n").await;
    let workspace = stage.host.workspace();
    origin(&workspace).await;
    git(&workspace, &["clone", "--quiet", "origin.git", "site"]).await;
    trap(&workspace.join("bin/x"), &workspace.join("pwned-x"));
    let config = workspace.join("site/.git/config");
    let good = fs::read_to_string(&config).unwrap();
    let evil = format!("{good}[core]\nfsmonitor = {}\n", workspace.join("bin/x").display());
    let ended = Arc::new(AtomicBool::new(false));
    let flipping = tokio::task::spawn_blocking({
        let (ended, other) = (Arc::clone(&ended), config.with_extension("other"));
        move || {
            while !ended.load(Ordering::Relaxed) {
                for text in [&evil, &good] {
                    fs::write(&other, text).unwrap();
                    fs::rename(&other, &config).unwrap();
                }
            }
        }
    });
    for _ in 0..5 {
        let told = stage.does("git_status", json!({"folder": "site"})).await;
        assert!(told.starts_with("On main"), "{told}");
    }
    ended.store(true, Ordering::Relaxed);
    flipping.await.unwrap();
    assert_eq!(sprung(&workspace), [""; 0]);
}

#[tokio::test]
async fn nothing_leads_out_of_the_workspace() {
    for settings in BOTH {
        let stage = Stage::to_the_letter(settings).await;
        let workspace = stage.host.workspace();
        origin(&workspace).await;
        let outside = workspace.parent().unwrap().join("outside");
        fs::create_dir_all(&outside).unwrap();
        git(&outside, &["init", "--quiet", "--initial-branch=main"]).await;
        fs::write(outside.join("key"), "top secret").unwrap();
        git(&outside, &["add", "."]).await;
        git(&outside, &["commit", "--quiet", "-m", "Private"]).await;
        let private = outside.join(".git");
        let commit = git(&outside, &["rev-parse", "HEAD"]).await;
        let copied = async |name: &str| {
            git(&workspace, &["clone", "--quiet", "origin.git", name]).await;
            workspace.join(name).join(".git")
        };
        let replaced = |path: &Path, by: &Path| {
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap()
            } else {
                fs::remove_file(path).unwrap()
            }
            symlink(by, path).unwrap();
        };
        for name in ["link", "head", "config", "refs", "objects", "index"] {
            let dir = copied(name).await;
            let at = match name {
                "link" => (dir.clone(), private.clone()),
                "head" => (dir.join("HEAD"), private.join("HEAD")),
                other => (dir.join(other), private.join(other)),
            };
            replaced(&at.0, &at.1);
        }
        let pack = copied("pack").await;
        replaced(&pack.join("objects/pack"), &private.join("objects/pack"));
        let file = workspace.join("file");
        fs::create_dir_all(&file).unwrap();
        fs::write(file.join(".git"), format!("gitdir: {}\n", private.display())).unwrap();
        let up = workspace.join("up");
        fs::create_dir_all(&up).unwrap();
        fs::write(up.join(".git"), "gitdir: ../../outside/.git\n").unwrap();
        fs::write(copied("common").await.join("commondir"), format!("{}\n", private.display())).unwrap();
        let alternates = copied("alternates").await;
        fs::write(alternates.join("objects/info/alternates"), format!("{}/objects\n", private.display())).unwrap();
        fs::write(alternates.join("HEAD"), &commit).unwrap();
        for name in ["link", "head", "config", "refs", "objects", "index", "pack", "file", "up", "common", "alternates"]
        {
            let told = every_tool(&stage, name).await;
            assert!(!told.contains("Private") && !told.contains("top secret"), "{name}: {told}");
            assert!(told.contains("is a link") || told.contains("leads out of the workspace"), "{name}: {told}");
        }
        for url in [
            outside.display().to_string(),
            format!("file://{}", outside.display()),
            "../outside".to_owned(),
            "/etc".to_owned(),
            "/nonexistent".to_owned(),
        ] {
            let told = stage.does("git_clone", json!({"url": url, "folder": "out"})).await;
            assert!(told.contains("leads out of the workspace"), "{url}: {told}");
        }
        // A worktree that stays within is worked on.
        git(&workspace.join("origin.git"), &["worktree", "add", "--quiet", "../tree", "main"]).await;
        fs::write(workspace.join("tree/new"), "new\n").unwrap();
        let told = stage.does("git_commit", json!({"folder": "tree", "message": "From a worktree"})).await;
        assert!(told.contains("Committed on main"), "{told}");
        assert!(git(&workspace.join("tree"), &["status", "--porcelain"]).await.is_empty());
        assert!(git(&workspace.join("origin.git"), &["log", "-1", "--format=%s", "main"]).await.contains("worktree"));
    }
}

#[tokio::test]
async fn names_submodules_filters_and_beginnings_are_told_as_they_are() {
    let stage = Stage::to_the_letter("").await;
    let workspace = stage.host.workspace();
    let site = workspace.join("site");
    fs::create_dir_all(&site).unwrap();
    git(&site, &["init", "--quiet", "--initial-branch=main"]).await;
    for (tool, wanted) in
        [("git_status", "no commits yet"), ("git_log", "no commits yet"), ("git_diff", "no commits yet")]
    {
        let told = stage.does(tool, json!({"folder": "site"})).await;
        assert!(told.contains(wanted) && !told.contains("fatal"), "{tool}: {told}");
    }
    fs::write(site.join("Überblick “größer” отчёт.txt"), "один\n").unwrap();
    let told = stage.does("git_status", json!({"folder": "site"})).await;
    assert!(told.contains("Überblick “größer” отчёт.txt"), "{told}");
    let told = stage.does("git_commit", json!({"folder": "site", "message": "Начало"})).await;
    assert!(told.contains("Начало") && told.contains("отчёт.txt"), "{told}");
    assert!(git(&site, &["reflog"]).await.contains("Начало"), "what was is kept as git keeps it");

    origin(&workspace).await;
    git(&site, &["submodule", "--quiet", "add", "../origin.git", "part"]).await;
    stage.does("git_commit", json!({"folder": "site", "message": "A part"})).await;
    assert!(stage.does("git_status", json!({"folder": "site"})).await.contains("nothing has changed"));
    git(&site.join("part"), &["commit", "--quiet", "--allow-empty", "-m", "On"]).await;
    let told = stage.does("git_status", json!({"folder": "site"})).await;
    assert!(told.contains(" M part"), "{told}");
    let told = stage.does("git_diff", json!({"folder": "site"})).await;
    assert!(told.contains("Subproject commit"), "{told}");

    fs::write(site.join(".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n").unwrap();
    fs::write(site.join("big.bin"), "real\n").unwrap();
    let told = stage.does("git_commit", json!({"folder": "site", "message": "Big"})).await;
    assert!(told.contains("big.bin (lfs) would be committed as they are"), "{told}");
    let told = stage
        .does("git_commit", json!({"folder": "site", "message": "More", "paths": ["part", ".gitattributes"]}))
        .await;
    assert!(told.contains("Committed on main"), "{told}");
    git(&site, &["add", "big.bin"]).await;
    git(&site, &["commit", "--quiet", "-m", "Stands for it"]).await;
    let told = stage.does("git_clone", json!({"url": "site", "folder": "copy"})).await;
    assert!(
        told.contains("big.bin (lfs)")
            && told.contains("git lfs pull")
            && told.contains("Submodules were not cloned: part"),
        "{told}"
    );
}
