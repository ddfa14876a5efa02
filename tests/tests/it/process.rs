//! Commands of the machine through the real program: asked about, shut in, and ended with all they started.

use std::fs;
use std::time::Duration;

use serde_json::json;
use steward_tests::Host;
use steward_tests::patience::wait_for;

use crate::stage::Stage;

/// Commands are run without a question.
const AT_ONCE: &str = "[approval]\ndestructive = \"automatic\"\n";

/// A number of seconds that stands on no other command line of the machine.
fn mark() -> String {
    let now = jiff::Timestamp::now().as_nanosecond();
    format!("{}.{}", 100_000 + std::process::id(), now % 1_000_000_000)
}

/// Whether a process sleeps for that long.
fn is_running(mark: &str) -> bool {
    let folders = fs::read_dir("/proc").unwrap().flatten();
    let mut lines = folders.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| line.starts_with(b"sleep\0") && line.windows(mark.len()).any(|part| part == mark.as_bytes()))
}

/// Processes of other programs tell of no event.
async fn until_running(mark: &str, wanted: bool) {
    let looking = async {
        while is_running(mark) != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    wait_for(looking, || format!("sleep {mark} should{} run", if wanted { "" } else { " not" })).await;
}

/// # Panics
/// Where no namespaces can be made, with what to do about it.
async fn needs_namespaces(host: &Host) {
    let doctor = host.run(&["doctor"]).await;
    assert!(doctor.text.contains("each runs in its own namespace (bubblewrap)"), "{}", doctor.text);
}

#[tokio::test]
async fn a_command_runs_after_the_owner_has_seen_and_allowed_it() {
    let stage = Stage::to_the_letter("").await;
    let number = stage.order("shell", &json!({"command": "echo made > made.txt && cat made.txt", "timeout": 20}));
    let question = stage.owner.hears(|text| text.contains("May I call shell")).await;
    assert!(question.text().contains("echo made > made.txt && cat made.txt"), "{}", question.text());
    let made = stage.host.workspace().join("made.txt");
    assert!(!made.exists(), "nothing is done before");
    let button = &question.markup.as_ref().unwrap()["inline_keyboard"][0][0]["callback_data"];
    stage.owner.presses(question.id, button.as_str().unwrap());
    assert_eq!(stage.outcome(number).await, "The command ended with exit code 0.\nmade");
    assert_eq!(fs::read_to_string(made).unwrap(), "made\n");
    assert_eq!(stage.audit(1).await, [("shell".to_owned(), "ok".to_owned())]);

    let number = stage.order("shell", &json!({"command": "rm made.txt"}));
    stage.decides("shell", false).await;
    let told = stage.outcome(number).await;
    assert!(told.contains("said no"), "{told}");
    assert!(stage.host.workspace().join("made.txt").exists());
}

#[tokio::test]
async fn the_terminal_asks_about_a_command_too() {
    let stage = Stage::to_the_letter("").await;
    let mut terminal = stage.host.terminal();
    terminal.says(r#"do: shell {"command": "echo made > made.txt"}"#).await;
    terminal.hears(|line| line.contains("May I call **shell**")).await;
    terminal.hears(|line| line.contains("echo made > made.txt")).await;
    terminal.says("y").await;
    terminal.hears(|line| line.starts_with("Done")).await;
    assert_eq!(fs::read_to_string(stage.host.workspace().join("made.txt")).unwrap(), "made\n");
}

#[tokio::test]
async fn nobody_from_outside_is_offered_a_program() {
    let stage = Stage::to_the_letter("").await;
    let anna = stage.outsider();
    anna.says(r#"do: shell {"command": "touch made.txt"}"#);
    let asked = stage.model.asked(2).await;
    let offered = asked[0].tools();
    assert!(!offered.iter().any(|tool| tool == "shell" || tool.starts_with("git_")), "{offered:?}");
    let told = &asked[1].results()[0].1;
    assert!(told.contains("shell is not available to external"), "{told}");
    assert!(!stage.host.workspace().join("made.txt").exists());
    let roles = stage.host.run(&["plugin", "list", "--roles"]).await;
    let row = roles.text.lines().find(|line| line.contains("shell")).unwrap_or_default();
    let row: Vec<_> = row.split_whitespace().filter(|word| word.chars().all(char::is_alphanumeric)).collect();
    assert_eq!(row, ["shell", "process", "yes", "no", "no"], "{}", roles.text);
}

#[tokio::test]
async fn stop_ends_a_command_with_everything_it_started() {
    for configuration in [AT_ONCE.to_owned(), format!("{AT_ONCE}[process]\nnamespace = \"off\"\n")] {
        let stage = Stage::to_the_letter(&configuration).await;
        let mark = mark();
        let line = format!("(setsid sleep {mark} &); sleep {mark} & sleep {mark}");
        stage.order("shell", &json!({ "command": line }));
        until_running(&mark, true).await;
        stage.owner.says("/stop");
        stage.owner.hears(|text| text.contains("Stopped")).await;
        until_running(&mark, false).await;
    }
}

#[tokio::test]
async fn a_command_dies_with_the_program() {
    let mut stage = Stage::to_the_letter(AT_ONCE).await;
    needs_namespaces(&stage.host).await;
    let mark = mark();
    stage.order("shell", &json!({ "command": format!("(setsid sleep {mark} &); sleep {mark}") }));
    until_running(&mark, true).await;
    stage.host.kill9().await;
    until_running(&mark, false).await;
}

#[tokio::test]
async fn without_namespaces_what_a_killed_host_left_is_ended_before_the_next_command() {
    let mut stage = Stage::to_the_letter(&format!("{AT_ONCE}[process]\nnamespace = \"off\"\n")).await;
    let mark = mark();
    // Made again after the crash, it finds that it had begun.
    stage.order("shell", &json!({ "command": format!("test -e begun || (touch begun; setsid sleep {mark})") }));
    until_running(&mark, true).await;
    stage.host.restart().await;
    until_running(&mark, false).await;
}

#[tokio::test]
async fn a_command_sees_neither_the_host_s_environment_nor_its_data_nor_the_network() {
    let configuration = format!("{AT_ONCE}# token = \"in-the-file\"\n");
    let stage = Stage::with(crate::doing::to_the_letter, |host| {
        host.configuration(&configuration).variable("MARKER_OF_THE_HOST", "do-not-show")
    });
    let stage = stage.await;
    needs_namespaces(&stage.host).await;
    let data = stage.host.data();
    let line = format!(
        "env; cat /proc/*/environ; ls {}; cat {}/../steward.toml; cat /proc/net/dev; \
         (exec 3<>/dev/tcp/{}) && echo CONNECTED",
        data.display(),
        data.display(),
        stage.model.openai_url().trim_start_matches("http://").trim_end_matches("/v1").replace(':', "/"),
    );
    let told = stage.does("shell", json!({ "command": line })).await;
    assert!(told.contains("PATH=/usr/local/sbin") && told.contains("lo:"), "{told}");
    for unseen in
        ["do-not-show", "OPENAI_API_KEY", "TG_BOT_TOKEN", "steward.sqlite", "in-the-file", "CONNECTED", "eth0"]
    {
        assert!(!told.contains(unseen), "{unseen}: {told}");
    }
    let told = stage.does("shell", json!({"command": "true", "network": true})).await;
    assert!(told.contains("network = true") && told.contains("[plugins.shell]"), "{told}");
}

#[tokio::test]
async fn where_there_is_no_namespace_doctor_says_so_and_one_can_be_required() {
    let stage = Stage::to_the_letter(&format!("{AT_ONCE}[process]\nnamespace = \"off\"\n")).await;
    let told = stage.does("shell", json!({"command": "echo works"})).await;
    assert!(told.ends_with("works"), "{told}");
    let doctor = stage.host.run(&["doctor"]).await;
    let line = doctor.text.lines().find(|line| line.contains("programs")).unwrap_or_default();
    assert!(line.starts_with('•') && line.contains("without a namespace"), "{}", doctor.text);

    let wrong = Host::builder().configuration("[process]\nnamespace = \"maybe\"\n").prepare();
    let told = wrong.run(&["doctor"]).await.text;
    assert!(told.contains("maybe") && told.contains("required"), "{told}");
}

#[tokio::test]
async fn what_floods_forks_or_never_ends_is_ended_and_the_rest_goes_on() {
    let stage = Stage::to_the_letter(AT_ONCE).await;
    let late = stage.does("shell", json!({"command": "echo begun; sleep 1000", "timeout": 1})).await;
    assert!(late.contains("it took longer than 1 s") && late.ends_with("begun"), "{late}");
    // It doubles ten times, and would stop at a thousand by itself.
    let bomb = "bomb() { [ $1 = 10 ] && exec sleep 600; bomb $(($1 + 1)) & bomb $(($1 + 1)) & wait; }; bomb 0";
    let bomb = stage.does("shell", json!({ "command": bomb })).await;
    assert!(bomb.contains("it started more than 128 processes"), "{bomb}");
    let flood = stage.does("shell", json!({"command": "seq 1 1000000"})).await;
    assert!(flood.contains("bytes left out") && flood.ends_with("1000000") && flood.len() < 100_000, "{}", flood.len());
    let next = stage.does("shell", json!({"command": "echo still here"})).await;
    assert!(next.ends_with("still here"), "{next}");
}

#[tokio::test]
async fn the_owner_s_configuration_says_which_programs_a_plugin_runs() {
    let listed = format!("{AT_ONCE}[plugins.shell]\nprocess = {{ commands = [\"ls\"] }}\n");
    let stage = Stage::to_the_letter(&listed).await;
    let told = stage.does("shell", json!({"command": "echo hello"})).await;
    assert!(told.contains("may not run `bash`") && told.contains("only ls"), "{told}");
    assert!(told.contains("`process.commands` under [plugins.shell] in steward.toml"), "{told}");
    assert!(!told.contains("plugin.toml"), "there is none: {told}");

    for (toml, wanted) in [
        ("[plugins.shel]\nprocess = \"ask\"\n", &["plugins.shel", "there is no built-in plugin", "shell"][..]),
        ("[plugins.shell]\nprocess = \"sometimes\"\n", &["plugins.shell.process", "\"ask\"", "sometimes"]),
        ("[plugins.shell]\nproces = \"ask\"\n", &["plugins.shell.proces", "no such capability"]),
        ("[plugins.files]\nfiles = 3\n", &["steward.toml: plugins.files.files", "folders such as [\"notes\"]"]),
        ("[plugins.web]\nhttp = \"example.org\"\n", &["plugins.web.http", "hosts such as [\"example.org\"]"]),
        ("[plugins.web]\nfiles = \"read\"\n", &["plugins.web.files", "does not use `files`, only http"]),
    ] {
        let host = Host::builder().configuration(toml).prepare();
        let printed = host.run(&["plugin", "list"]).await;
        let told = printed.failed();
        for word in wanted {
            assert!(told.contains(word), "{word}: {told}");
        }
    }
}

#[tokio::test]
async fn short_forms_of_a_grant_are_those_of_its_capability() {
    let stage = Stage::to_the_letter("[plugins.files]\nfiles = [\"notes\"]\n").await;
    let kept = stage.does("write", json!({"path": "notes/a.txt", "content": "milk"})).await;
    assert!(kept.contains("Created"), "{kept}");
    let outside = stage.does("write", json!({"path": "b.txt", "content": "milk"})).await;
    assert!(!outside.contains("Created"), "{outside}");
}

#[tokio::test]
async fn a_log_setting_that_says_nothing_is_a_mistake_that_names_itself() {
    for text in ["inof", "steward=loud", "warn,steward_sandbx=debug"] {
        let host = Host::builder().variable("STEWARD_LOG", text).prepare();
        for command in ["run", "doctor"] {
            let printed = host.run(&[command]).await;
            let told = printed.failed();
            assert!(told.contains("STEWARD_LOG") && told.contains("off, error, warn"), "{command}: {told}");
        }
    }
}
