//! What watches Steward from outside sees: its health, its figures, and in the log which run a line belongs to. None of
//! it says what anybody wrote or who they are.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use steward_tests::http;
use steward_tests::model::Reply;
use steward_tests::patience::wait_for;

use crate::stage::{OWNER, Stage};

const KEY: &str = "5f2c1f9f0b7f4cb0a3a2f1e6d8c9b0a1";

/// Where the listener is, as the program says when it is ready.
async fn address(stage: &mut Stage) -> String {
    let line = stage.host.logs(|line| line.trim_start().starts_with("http ")).await;
    let address = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    assert!(line.contains("/health, /metrics"), "{line}");
    address.to_owned()
}

/// Asks with this key; gives status and text.
async fn get(address: &str, path: &str, key: Option<&str>) -> (StatusCode, String) {
    let mut request = http::client().get(format!("{address}{path}"));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let response = request.send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

/// The figures, once they hold these lines: a count follows what is in the database, and there is no event of that.
async fn figures_with(address: &str, key: Option<&str>, lines: &[&str]) -> String {
    let looking = async {
        loop {
            let (_, text) = get(address, "/metrics", key).await;
            if lines.iter().all(|line| text.lines().any(|one| one == *line)) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    wait_for(looking, || format!("The figures never had {lines:?}.")).await
}

/// The value of the sample with this name and these labels.
#[track_caller]
fn sample(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is missing in:\n{text}")).parse().unwrap()
}

/// Every line is a comment of the format or a sample whose family was introduced before.
fn assert_well_formed(text: &str) {
    let mut family = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            family = rest.split(' ').next().unwrap();
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(family) && value.parse::<f64>().is_ok(), "{line}");
        }
    }
}

#[tokio::test]
async fn a_message_is_counted_and_nothing_of_it_is_told() {
    let decide = |asked: &steward_tests::model::Asked| match asked.after_tools() {
        true => Reply::text("The boat is at pier nine."),
        false => Reply::call("memory_append", json!({ "content": "The boat is red." })).usage(900, 30, 100),
    };
    let adjust = |host: steward_tests::host::HostBuilder| {
        host.variable("STEWARD_SERVE_ADDRESS", "127.0.0.1:0")
            .variable("STEWARD_LOG", "warn,steward=debug,steward_model=debug,steward_sandbox=debug")
            .variable("NO_COLOR", "1")
    };
    let mut stage = Stage::with(decide, adjust).await;
    let address = address(&mut stage).await;
    let (status, before) = get(&address, "/metrics", None).await;
    assert_eq!(status, StatusCode::OK);
    assert_well_formed(&before);
    assert_eq!(sample(&before, "steward_messages_received_total{channel=\"telegram\"}"), 0.0);

    stage.owner.says("where is my boat?");
    stage.owner.hears(|text| text.contains("pier nine")).await;
    stage.settled().await;
    stage.until("SELECT count(*) = 1 FROM audit").await;

    let counted = ["steward_messages_sent_total{channel=\"telegram\"} 1", "steward_runs_total{outcome=\"answered\"} 1"];
    let after = figures_with(&address, None, &counted).await;
    assert_well_formed(&after);
    for (name, value) in [
        ("steward_messages_received_total{channel=\"telegram\"}", 1.0),
        ("steward_messages_sent_total{channel=\"telegram\"}", 1.0),
        ("steward_runs_total{outcome=\"answered\"}", 1.0),
        ("steward_runs_open", 0.0),
        ("steward_inbox_waiting", 0.0),
        ("steward_outbox_waiting{channel=\"telegram\"}", 0.0),
        ("steward_channel_up{channel=\"telegram\"}", 1.0),
        ("steward_tool_calls_total{plugin=\"memory\",tool=\"memory_append\",outcome=\"ok\"}", 1.0),
        ("steward_tool_call_duration_seconds_count{plugin=\"memory\",tool=\"memory_append\"}", 1.0),
    ] {
        assert_eq!(sample(&after, name), value, "{name}");
    }
    let model = format!("{{model=\"{}\"", steward_tests::model::MODEL);
    assert_eq!(sample(&after, &format!("steward_model_answers_total{model}}}")), 2.0);
    assert!(sample(&after, &format!("steward_model_tokens_total{model},kind=\"cached\"}}")) >= 100.0);
    assert!(sample(&after, "process_resident_memory_bytes") > 1e6);
    let owner = format!("\"{OWNER}\"");
    for private in ["Olga", "olga", "boat", "pier", owner.as_str()] {
        assert!(!after.contains(private), "{private} is in:\n{after}");
    }

    // The log says for each line which run and which call it is of, and nothing of what was said.
    let log = stage.host.log();
    let has = |words: &[&str]| log.iter().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(has(&["run{id=1 person=", "origin=\"chat\"}:model_call", "answered", "output="]), "{log:#?}");
    assert!(
        has(&["run{id=1", "tool_call{key=", "tool=\"memory_append\" plugin=\"memory\"}", "outcome=ok"]),
        "{log:#?}"
    );
    assert!(has(&["run{id=1", "the run has ended", "outcome=\"answered\""]), "{log:#?}");
    let of_spans = log.iter().filter(|line| line.contains("run{id="));
    let told: Vec<_> =
        of_spans.filter(|line| ["Olga", "boat", "pier"].iter().any(|word| line.contains(word))).collect();
    assert_eq!(told, [""; 0]);
}

#[tokio::test]
async fn with_a_key_strangers_learn_one_word_and_without_one_nobody_else_reaches_it() {
    let mut stage = Stage::with(
        |_| Reply::error(401, "the key was withdrawn"),
        |host| host.variable("STEWARD_SERVE_ADDRESS", "0.0.0.0:0").variable("STEWARD_SERVE_KEY", KEY),
    )
    .await;
    let address = address(&mut stage).await.replace("0.0.0.0", "127.0.0.1");
    let (status, health) = get(&address, "/health", None).await;
    assert_eq!((status, health.as_str()), (StatusCode::OK, "{\"status\":\"ok\"}"));
    let (_, health) = get(&address, "/health", Some(KEY)).await;
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!((&health["status"], &health["channels"]["telegram"]["status"]), (&json!("ok"), &json!("ok")));
    assert!(health["version"].is_string(), "{health}");
    for key in [None, Some("wrong")] {
        let (status, text) = get(&address, "/metrics", key).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{text}");
        assert!(!text.contains("steward_"), "{text}");
    }
    stage.owner.says("hello");
    stage.owner.hears(|text| text.contains("does not accept the key")).await;
    let counted =
        ["steward_model_failures_total{reason=\"key_refused\"} 1", "steward_runs_total{outcome=\"failed\"} 1"];
    figures_with(&address, Some(KEY), &counted).await;

    stage.host.stop().await;
    assert!(http::client().get(format!("{address}/health")).send().await.is_err(), "it ends with the program");

    stage.host.set_variable("STEWARD_SERVE_KEY", "");
    let refused = stage.host.run(&["run"]).await;
    let told = refused.failed();
    assert!(told.contains("serve.address") && told.contains("STEWARD_SERVE_KEY"), "{told}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_and_the_assistant_answers_all_the_same() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let mut stage =
        Stage::with(|_| Reply::text("Here I am."), |host| host.variable("STEWARD_SERVE_ADDRESS", &taken)).await;
    let line = stage.host.logs(|line| line.contains("off for now")).await;
    assert!(line.contains(&taken) && line.contains("serve.address"), "{line}");
    stage.owner.says("hello");
    stage.owner.hears(|text| text == "Here I am.").await;
    let doctor = stage.host.run(&["doctor"]).await;
    let told = doctor.text.lines().skip_while(|line| !line.contains("listener")).take(2).collect::<Vec<_>>().join("\n");
    assert!(told.contains("✗") && told.contains(&taken) && told.contains("change serve.address"), "{told}");
}
