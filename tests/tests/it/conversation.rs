//! How a conversation goes: messages that join, /stop, the other commands, files, long answers, models that fail.

use serde_json::json;
use steward_tests::Gate;
use steward_tests::model::{Asked, Reply};
use steward_tests::telegram::Failure;

use crate::stage::Stage;

#[tokio::test]
async fn a_message_during_a_run_joins_it() {
    let gate = Gate::new();
    let held = gate.clone();
    let stage = Stage::set(move |asked| match asked.after_tools() {
        false => Reply::wait(&held).and_call("memory_context", json!({})),
        true => Reply::text(
            &asked.said().iter().map(|said| said.lines().last().unwrap_or_default()).collect::<Vec<_>>().join(" + "),
        ),
    })
    .await;
    stage.owner.says("buy milk");
    gate.reached().await;
    stage.owner.says("and bread");
    // What is answered here at once was routed after it: so it has come to the run.
    stage.owner.says("/help");
    stage.owner.hears(|text| text.contains("/stop")).await;
    gate.open();
    let answer = stage.owner.hears(|text| text.contains("bread")).await;
    assert!(answer.text().contains("buy milk"), "{}", answer.text());
    assert_eq!(stage.owner.sees().len(), 2, "both were answered together");
}

#[tokio::test]
async fn stop_ends_a_run_everywhere_at_once() {
    let gate = Gate::new();
    let held = gate.clone();
    let stage = Stage::set(move |asked| match asked.last_said() {
        said if said.contains("ping") => Reply::text("pong"),
        _ => Reply::text("Counting: one, two").and_wait(&held).then(", three"),
    })
    .await;
    stage.owner.says("count to a million");
    let growing = stage.owner.hears(|text| text.starts_with("Counting")).await;
    stage.owner.says("/stop");
    stage.model.dropped(0).await;
    let stopped = stage.owner.reads(growing.id, |message| message.text().contains("Stopped")).await;
    assert!(stopped.text().contains("one, two") && !stopped.text().contains("three"));
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    stage.owner.says("/stop");
    stage.owner.hears(|text| text == "Nothing is running.").await;
}

#[tokio::test]
async fn the_commands_are_offered_and_work_in_both_languages() {
    let stage = Stage::set(|_| Reply::text("pong").usage(1200, 34, 1000)).await;
    stage.tg.called("setMyCommands", 2).await;
    stage.owner.says("/help");
    let help = stage.owner.hears(|text| text.contains("/help")).await.text().to_owned();
    let told = help.lines().filter_map(|line| line.strip_prefix('/')?.split(' ').next());
    let told: Vec<_> = told.chain(["start"]).collect();
    assert!(told.contains(&"plugins"), "{help}");
    for language in ["", "ru"] {
        let names: Vec<_> = stage.tg.commands(language).into_iter().map(|(name, _)| name).collect();
        for &command in &told {
            assert!(names.iter().any(|name| name == command), "{language:?}: {names:?}");
        }
    }
    let ivan = stage.tg.person(4004, "Иван").language("ru");
    ivan.says("/start");
    ivan.hears(|text| text.contains("Здравствуйте, Иван")).await;
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    stage.owner.says("/usage");
    let usage = stage.owner.hears(|text| text.contains("Today")).await;
    assert!(usage.text().contains("1200 tokens in (1000 cached), 34 out"), "{}", usage.text());
    assert!(usage.text().contains("telegram: receiving"), "{}", usage.text());
    stage.owner.says("/clear");
    stage.owner.hears(|text| text.contains("starts afresh")).await;
    stage.owner.says("ping again");
    stage.owner.hears(|text| text == "pong").await;
    let asked = stage.model.requests();
    assert_eq!(asked.last().unwrap().said().len(), 1, "what was cleared is not sent");
}

#[tokio::test]
async fn files_are_kept_and_their_paths_told_to_the_model() {
    let stage = Stage::set(|asked| Reply::text(&asked.last_said())).await;
    stage.owner.sends_document("отчёт.pdf", "application/pdf", &b"%PDF-1.7 x"[..], "read this");
    let answer = stage.owner.hears(|text| text.contains("read this")).await;
    assert!(answer.text().contains("uploads/") && answer.text().contains("отчёт.pdf"), "{}", answer.text());
    stage.owner.sends_document("film.mp4", "video/mp4", vec![0; 20 * 1024 * 1024 + 1], "and this");
    let answer = stage.owner.hears(|text| text.contains("and this")).await;
    assert!(answer.text().contains("20 MB"), "{}", answer.text());

    let anna = stage.outsider();
    anna.sends_document("note.txt", "text/plain", &b"secret"[..], "from Anna");
    anna.hears(|text| text.contains("from Anna")).await;
    let uploads: Vec<_> = std::fs::read_dir(stage.host.workspace().join("uploads")).unwrap().flatten().collect();
    let names: Vec<_> = uploads.iter().map(|entry| entry.file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), 1, "only the owner's file is in the workspace: {names:?}");
    assert_eq!(std::fs::read(uploads[0].path()).unwrap(), b"%PDF-1.7 x");
}

#[tokio::test]
async fn a_long_answer_comes_whole_in_several_messages() {
    let lines: Vec<_> = (1..=400).map(|number| format!("- Punkt **{number}** über die Straße 😀")).collect();
    let text = lines.join("\n");
    let stage = Stage::set(move |_| Reply::text(&text)).await;
    stage.owner.says("a long list, please");
    stage.owner.hears(|text| text.contains("Punkt 400 ")).await;
    let seen = stage.owner.sees();
    assert!(seen.len() > 2);
    let joined: String = seen.iter().map(|message| message.text()).collect::<Vec<_>>().join("\n");
    for number in 1..=400 {
        assert_eq!(joined.matches(&format!("Punkt {number} ")).count(), 1, "{number}");
    }
    let bold: usize =
        seen.iter().map(|message| message.entities().iter().filter(|e| e["type"] == "bold").count()).sum();
    assert_eq!(bold, 400);
}

#[tokio::test]
async fn telegram_that_asks_to_wait_is_obeyed_and_nothing_is_lost() {
    let stage = Stage::set(|_| Reply::text("pong")).await;
    stage.tg.fail_next("sendMessage", Failure::TooMany { retry_after: 1 });
    stage.tg.fail_next("sendMessage", Failure::TooMany { retry_after: 1 });
    stage.owner.says("/help");
    stage.owner.hears(|text| text.contains("/stop")).await;
    stage.tg.fail_next("sendMessage", Failure::Cut);
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    assert_eq!(stage.owner.count(|text| text == "pong"), 1);
}

#[tokio::test]
async fn a_failed_tool_is_shown_to_the_model_and_a_failed_model_to_the_person() {
    let stage = Stage::set(|asked: &Asked| match asked.last_said() {
        said if said.contains("tool") => match asked.results().first() {
            None => Reply::call("read", json!({ "path": "no/such/file.txt" })),
            Some((_, text)) => Reply::text(&format!("It says: {text}")),
        },
        _ => Reply::error(401, "the key is wrong"),
    })
    .await;
    stage.owner.says("use the tool");
    let told = stage.owner.hears(|text| text.starts_with("It says:")).await;
    assert!(told.text().contains("no/such/file.txt"), "{}", told.text());
    stage.owner.says("fail");
    let told = stage.owner.hears(|text| text.contains("does not accept the key")).await;
    assert_eq!(told.text().lines().count(), 1, "{}", told.text());
    let anna = stage.outsider();
    anna.says("fail");
    let told = anna.hears(|text| text.contains("cannot answer right now")).await;
    assert!(!told.text().contains("127.0.0.1"), "{}", told.text());
}

#[tokio::test]
async fn who_writes_too_much_is_told_to_slow_down_and_the_owner_is_not() {
    let toml = "[access]\nmessages_per_minute = 3\n";
    let stage = Stage::with(|_| Reply::text("pong"), |host| host.configuration(toml)).await;
    let anna = stage.outsider();
    for _ in 0..6 {
        anna.says("/help");
        stage.owner.says("/help");
    }
    anna.hears(|text| text.contains("faster than I may answer")).await;
    for _ in 0..6 {
        stage.owner.hears(|text| text.contains("/stop")).await;
    }
    assert_eq!(anna.count(|text| text.contains("faster than I may answer")), 1, "said once");
    assert_eq!(anna.count(|text| text.contains("/stop")), 3);
}

#[tokio::test]
async fn a_code_lets_somebody_in_once() {
    let toml = "[access]\nopen_to = \"paired\"\n";
    let stage = Stage::with(|_| Reply::text("pong"), |host| host.configuration(toml)).await;
    let (anna, boris) = (stage.outsider(), stage.tg.person(3003, "Boris").language("en"));
    anna.says("hello");
    anna.hears(|text| text.contains("/pair CODE")).await;
    let printed = stage.host.run(&["pair"]).await;
    let code = printed.text.lines().next().unwrap().trim().to_owned();
    anna.says("/pair WRONG123");
    anna.hears(|text| text.contains("invalid or has expired")).await;
    anna.says(&format!("/pair {}", code.to_lowercase()));
    anna.hears(|text| text.contains("Welcome")).await;
    anna.says("hello");
    anna.hears(|text| text == "pong").await;
    boris.says(&format!("/pair {code}"));
    boris.hears(|text| text.contains("invalid or has expired")).await;
}

/// What every request carries must leave room for the conversation, also in a small model's window.
#[tokio::test]
async fn all_tools_together_take_little_of_a_request_and_none_is_left_out() {
    let stage = Stage::set(|_| Reply::text("pong")).await;
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    let asked = &stage.model.requests()[0];
    let (tools, bytes) = (asked.tools(), asked.json["tools"].to_string().len());
    assert!(tools.len() >= 40, "{tools:?}");
    assert!(bytes < 16 << 10, "{bytes} bytes for {} tools", tools.len());
    for tool in asked.json["tools"].as_array().unwrap() {
        let (name, function) = (tool["function"]["name"].as_str().unwrap(), &tool["function"]);
        assert!(function["description"].as_str().is_some_and(|text| text.len() > 10), "{name}");
        let parameters = &function["parameters"];
        for required in parameters["required"].as_array().into_iter().flatten() {
            assert!(parameters["properties"].get(required.as_str().unwrap()).is_some(), "{name}: {required}");
        }
    }
}
