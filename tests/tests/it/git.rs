//! The git tools through the real program: a day's work on a repository, and a repository made to run programs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_util::task::AbortOnDropHandle;

use crate::stage::Stage;

/// Runs git as a person would, with a separate home.
pub(crate) async fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder).args([
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@localhost",
        "-c",
        "protocol.file.allow=always",
    ]);
    command.args(arguments).env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1");
    let ended =
        command.output().await.unwrap_or_else(|error| panic!("git is needed: run tests/setup/install.sh ({error})"));
    let (output, errors) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "git {arguments:?}: {output}{errors}");
    output.into_owned()
}

/// A bare repository with one commit on main, in the workspace.
pub(crate) async fn origin(workspace: &Path) -> PathBuf {
    let (bare, first) = (workspace.join("origin.git"), workspace.parent().unwrap().join("first"));
    fs::create_dir_all(&first).unwrap();
    git(workspace, &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"]).await;
    git(&first, &["init", "--quiet", "--initial-branch=main"]).await;
    fs::write(first.join("README.md"), "# Site\n").unwrap();
    git(&first, &["add", "."]).await;
    git(&first, &["commit", "--quiet", "-m", "Begin"]).await;
    git(&first, &["push", "--quiet", bare.to_str().unwrap(), "main"]).await;
    bare
}

#[tokio::test]
async fn a_repository_is_cloned_changed_committed_and_pushed() {
    let stage = Stage::to_the_letter("").await;
    let bare = origin(&stage.host.workspace()).await;
    let told = stage.does("git_clone", json!({"url": "origin.git", "folder": "projects/site"})).await;
    assert_eq!(told, "Cloned origin.git into `projects/site`.");
    let site = stage.host.workspace().join("projects/site");
    assert_eq!(fs::read_to_string(site.join("README.md")).unwrap(), "# Site\n");
    let folder = "projects/site";
    let told = stage.does("git_status", json!({ "folder": folder })).await;
    assert!(told.starts_with("On main") && told.ends_with("nothing has changed."), "{told}");

    fs::write(site.join("README.md"), "# Site\nHello.\n").unwrap();
    fs::write(site.join("new.txt"), "new\n").unwrap();
    let told = stage.does("git_status", json!({ "folder": folder })).await;
    assert!(told.contains("2 files changed") && told.contains(" M README.md") && told.contains("?? new.txt"), "{told}");
    let told = stage.does("git_diff", json!({ "folder": folder })).await;
    assert!(told.contains("+Hello.") && !told.contains("new.txt"), "{told}");
    let message = "Greet\n\n# Not a comment, and `$(touch x)`";
    let told = stage.does("git_commit", json!({"folder": folder, "message": message, "branch": "greet"})).await;
    assert!(told.starts_with("Committed on greet: ") && told.contains("2 files changed"), "{told}");
    let body = git(&site, &["log", "-1", "--format=%an <%ae>%n%B"]).await;
    assert!(body.starts_with("Olga <steward@localhost>\n") && body.contains(message), "{body}");
    let told = stage.does("git_commit", json!({"folder": folder, "message": "Again"})).await;
    assert!(told.contains("nothing to commit"), "{told}");

    // The origin stands in the configuration as the path git was given, seen from the clone.
    git(&site, &["remote", "set-url", "origin", bare.to_str().unwrap()]).await;
    let told = stage.does("git_push", json!({ "folder": folder })).await;
    assert!(told.starts_with("Pushed greet to "), "{told}");
    assert_eq!(git(&bare, &["log", "--format=%s", "greet"]).await, "Greet\nBegin\n");
    let told = stage.does("git_push", json!({ "folder": folder })).await;
    assert!(told.contains("already"), "{told}");
    let told = stage.does("git_log", json!({"folder": folder, "limit": 1})).await;
    assert!(told.contains("Olga: Greet") && told.lines().count() == 1, "{told}");
    let told = stage.does("git_diff", json!({"folder": folder, "from": "main", "to": "greet", "summary": true})).await;
    assert!(told.contains("README.md") && told.contains("2 files changed"), "{told}");
    for (tool, arguments, word) in [
        ("git_log", json!({"folder": folder, "from": "--output=x"}), "not a branch or commit"),
        ("git_status", json!({"folder": "projects"}), "no git repository"),
        ("git_status", json!({"folder": ".."}), "leads out"),
        ("git_push", json!({"folder": folder, "remote": "elsewhere"}), "no remote"),
        ("git_clone", json!({"url": "ext::sh -c touch%20pwned"}), "is none"),
        ("git_clone", json!({"url": "ext::touch"}), "names a program"),
        ("git_clone", json!({"url": "--upload-pack=touch"}), "is none"),
    ] {
        let told = stage.does(tool, arguments.clone()).await;
        assert!(told.contains(word), "{tool} {arguments}: {told}");
    }
}

/// Writes a program that leaves a file when it is run.
pub(crate) fn trap(path: &Path, left: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\ntouch {}\ncat\n", left.display())).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

const HOOKS: [&str; 10] = [
    "applypatch-msg",
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "post-checkout",
    "pre-push",
    "reference-transaction",
    "post-index-change",
    "fsmonitor-watchman",
];
const RECEIVING: [&str; 6] =
    ["pre-receive", "update", "post-receive", "post-update", "reference-transaction", "push-to-checkout"];

/// Attributes by which files pass through programs that the configuration names, and such without.
const FILTERED: &str = "*.md filter=x diff=x merge=x\n*.txt filter=y diff=x\n";
const UNFILTERED: &str = "*.md diff=x merge=x\n*.txt diff=x\n";

/// A repository in the workspace in which everything that can name a program names one that leaves `pwned-…` there.
pub(crate) async fn hostile(workspace: &Path) {
    let bare = origin(workspace).await;
    git(workspace, &["clone", "--quiet", bare.to_str().unwrap(), "evil"]).await;
    let (evil, left) = (workspace.join("evil"), |name: &str| workspace.join(format!("pwned-{name}")));
    for hook in HOOKS {
        trap(&evil.join(".git/hooks").join(hook), &left(hook));
    }
    for hook in RECEIVING {
        trap(&bare.join("hooks").join(hook), &left(&format!("remote-{hook}")));
    }
    let settings = [
        "core.fsmonitor",
        "core.sshCommand",
        "core.gitProxy",
        "core.askPass",
        "core.editor",
        "core.pager",
        "core.alternateRefsCommand",
        "sequence.editor",
        "gpg.program",
        "credential.helper",
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "filter.x.clean",
        "filter.x.smudge",
        "filter.y.process",
        "merge.x.driver",
        "remote.origin.uploadpack",
        "remote.origin.receivepack",
        "uploadpack.packObjectsHook",
        "submodule.sub.update",
        "pager.log",
        "pager.status",
        "pager.diff",
        "alias.status",
        "alias.log",
        "interactive.diffFilter",
    ];
    for setting in settings {
        let program = workspace.join(format!("bin/{setting}"));
        trap(&program, &left(setting));
        let called = match setting {
            _ if setting.starts_with("alias.") || setting == "submodule.sub.update" => {
                format!("!{}", program.display())
            }
            _ => program.display().to_string(),
        };
        git(&evil, &["config", setting, &called]).await;
    }
    for (setting, value) in [
        ("commit.gpgSign", "true"),
        ("push.gpgSign", "if-asked"),
        ("log.showSignature", "true"),
        ("filter.x.required", "true"),
    ] {
        git(&evil, &["config", setting, value]).await;
    }
    fs::write(evil.join(".gitattributes"), FILTERED).unwrap();
    fs::write(evil.join("README.md"), "# Changed\n").unwrap();
    fs::write(evil.join("more.txt"), "more\n").unwrap();
}

pub(crate) fn sprung(workspace: &Path) -> Vec<String> {
    let names = fs::read_dir(workspace).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("pwned")).collect()
}

#[tokio::test]
async fn nothing_that_a_repository_names_is_run() {
    for settings in ["", "[process]\nnamespace = \"off\"\n"] {
        names_nothing_to_run(&Stage::to_the_letter(settings).await).await;
    }
}

async fn names_nothing_to_run(stage: &Stage) {
    let workspace = stage.host.workspace();
    hostile(&workspace).await;
    let (folder, attributes) = ("evil", workspace.join("evil/.gitattributes"));
    let commit = json!({"folder": folder, "message": "More", "branch": "more"});
    for (tool, arguments, wanted) in [
        ("git_status", json!({ "folder": folder }), "README.md (x) may be unchanged"),
        ("git_diff", json!({ "folder": folder }), "+# Changed"),
        ("git_log", json!({ "folder": folder }), "Begin"),
        ("git_commit", commit.clone(), "README.md, more.txt (x, y) would be committed as they are"),
        ("git_commit", commit, "Committed on more"),
        ("git_push", json!({ "folder": folder }), "Pushed more"),
        ("git_clone", json!({"url": "evil", "folder": "copy"}), "Cloned"),
    ] {
        let told = stage.does(tool, arguments).await;
        assert!(told.contains(wanted), "{tool}: {told}");
        assert_eq!(sprung(&workspace), [""; 0], "{tool}");
        fs::write(&attributes, if tool == "git_commit" { UNFILTERED } else { FILTERED }).unwrap();
    }
    fs::write(&attributes, FILTERED).unwrap();
    // The same by git itself: the traps do work.
    fs::write(workspace.join("evil/more.txt"), "other\n").unwrap();
    let _ = Command::new("git")
        .args(["add", "."])
        .current_dir(workspace.join("evil"))
        .env("HOME", "/nonexistent")
        .output()
        .await;
    assert!(!sprung(&workspace).is_empty());
}

#[tokio::test]
async fn a_repository_that_hides_its_settings_or_has_submodules_runs_nothing_either() {
    for settings in ["", "[process]\nnamespace = \"off\"\n"] {
        hides_nothing_to_run(&Stage::to_the_letter(settings).await).await;
    }
}

async fn hides_nothing_to_run(stage: &Stage) {
    let workspace = stage.host.workspace();
    let bare = origin(&workspace).await;
    git(&workspace, &["clone", "--quiet", bare.to_str().unwrap(), "evil"]).await;
    let evil = workspace.join("evil");
    // A submodule whose address is an option, and one with its own settings.
    fs::write(evil.join(".gitmodules"), "[submodule \"x\"]\n\tpath = x\n\turl = -u./trap\n").unwrap();
    git(&evil, &["clone", "--quiet", bare.to_str().unwrap(), "sub"]).await;
    trap(&workspace.join("bin/trap"), &workspace.join("pwned-submodule"));
    git(&evil.join("sub"), &["config", "core.fsmonitor", workspace.join("bin/trap").to_str().unwrap()]).await;
    for tool in ["git_status", "git_diff"] {
        stage.does(tool, json!({"folder": "evil"})).await;
    }
    let told = stage.does("git_commit", json!({"folder": "evil", "message": "Submodules"})).await;
    assert!(told.contains("Committed on main"), "{told}");
    // Git knows the submodule now, and would ask it whether it has changed.
    fs::write(evil.join("more.txt"), "more\n").unwrap();
    for (tool, arguments) in [
        ("git_status", json!({"folder": "evil"})),
        ("git_diff", json!({"folder": "evil"})),
        ("git_commit", json!({"folder": "evil", "message": "More"})),
        ("git_commit", json!({"folder": "evil", "message": "Named", "paths": ["sub", "more.txt"]})),
    ] {
        if tool == "git_commit" {
            fs::write(evil.join("more.txt"), arguments["message"].as_str().unwrap()).unwrap();
        }
        let told = stage.does(tool, arguments).await;
        assert!(tool != "git_commit" || told.contains("Committed on main"), "{tool}: {told}");
        assert_eq!(sprung(&workspace), [""; 0], "{tool}");
    }
    let told = stage.does("git_clone", json!({"url": "evil", "folder": "copy"})).await;
    assert!(told.contains("Cloned"), "{told}");
    assert_eq!(sprung(&workspace), [""; 0]);
    // The trap does work.
    let _ = Command::new("git").args(["add", "--all"]).current_dir(&evil).env("HOME", "/nonexistent").output().await;
    assert!(!sprung(&workspace).is_empty());
    fs::remove_file(workspace.join("pwned-submodule")).unwrap();
    git(&evil, &["config", "include.path", "/tmp/other"]).await;
    let told = stage.does("git_status", json!({"folder": "evil"})).await;
    assert!(told.starts_with("On main"), "what is included is not read: {told}");
}

#[tokio::test]
async fn a_plugin_that_is_to_ask_asks_about_each_command() {
    let stage = Stage::to_the_letter("[plugins.git]\nprocess = \"ask\"\n").await;
    origin(&stage.host.workspace()).await;
    git(&stage.host.workspace(), &["clone", "--quiet", "origin.git", "site"]).await;
    let number = stage.order("git_status", &json!({"folder": "site"}));
    let first = stage.decides("git_status", true).await;
    assert!(first.text().contains("\"program\": \"git\"") && first.text().contains("\"--list\""), "{}", first.text());
    let second =
        stage.owner.hears(|text| text.contains("May I call git_status") && text.contains("\"--branch\"")).await;
    let button = &second.markup.as_ref().unwrap()["inline_keyboard"][0][1]["callback_data"];
    stage.owner.presses(second.id, button.as_str().unwrap());
    let told = stage.outcome(number).await;
    assert!(told.contains("said no"), "{told}");
}

/// Requests a service got: method and path, the token, the body.
type Seen = Arc<Mutex<Vec<(String, String, Value)>>>;

/// A stand-in for the API of a service.
async fn service() -> (String, Seen, AbortOnDropHandle<()>) {
    async fn answer(State(seen): State<Seen>, request: Request) -> impl IntoResponse {
        let token = request.headers().get("private-token").map_or("", |token| token.to_str().unwrap()).to_owned();
        let what = format!("{} {}", request.method(), request.uri());
        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        seen.lock().unwrap().push((what, token, body));
        axum::Json(json!({"default_branch": "main", "web_url": "http://git.example/r/-/merge_requests/7"}))
    }
    let seen = Seen::default();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (place, seen, AbortOnDropHandle::new(serving))
}

#[tokio::test]
async fn a_merge_request_is_opened_with_a_token_the_plugin_never_sees() {
    const TOKEN: &str = "glpat-0123456789abcdef";
    let (place, seen, _running) = service().await;
    let port = place.rsplit(':').next().unwrap();
    let stage = Stage::to_the_letter(&format!(
        "[http]\nallow_private = [\"{place}\"]\n\
         [plugins.git]\nhttp = {{ hosts = [\"127.0.0.1\"], ports = [{port}], methods = [\"GET\", \"POST\"] }}\n"
    ))
    .await;
    let workspace = stage.host.workspace();
    origin(&workspace).await;
    git(&workspace, &["clone", "--quiet", "origin.git", "site"]).await;
    git(&workspace.join("site"), &["switch", "--quiet", "--create", "greet"]).await;
    let asked = json!({"folder": "site", "title": "Greet", "description": "Says *hello*.", "service": "gitlab",
                       "project": "group/sub/site", "api": format!("http://{place}/api/v4")});
    let told = stage.does("git_merge_request", asked.clone()).await;
    assert!(told.contains("the secret GITLAB_TOKEN is not set"), "{told}");
    let set = stage.host.run_with(&["secret", "set", "GITLAB_TOKEN", "--host", &place], TOKEN).await;
    assert!(set.status.success(), "{}", set.text);
    let told = stage.does("git_merge_request", asked).await;
    assert_eq!(told, "Opened a merge request of greet into main: http://git.example/r/-/merge_requests/7");
    let wanted =
        json!({"title": "Greet", "description": "Says *hello*.", "source_branch": "greet", "target_branch": "main"});
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], ("GET /api/v4/projects/group%2Fsub%2Fsite".to_owned(), TOKEN.to_owned(), Value::Null));
    let path = "POST /api/v4/projects/group%2Fsub%2Fsite/merge_requests".to_owned();
    assert_eq!(seen[1..], [(path, TOKEN.to_owned(), wanted)]);
    for asked in stage.model.requests() {
        assert!(!String::from_utf8_lossy(&asked.raw).contains(TOKEN));
    }
}
