//! Bad input gets a clear error and loses nothing.

use serde_json::json;
use steward_tests::model::{Asked, Reply};
use steward_tests::telegram::{Failure, TOKEN};
use steward_tests::{Host, Telegram};

use crate::stage::{OWNER, Stage};

#[tokio::test]
async fn broken_updates_are_logged_and_confirmed_and_the_next_is_answered() {
    let mut stage = Stage::set(|_| Reply::text("pong")).await;
    stage.tg.inject(json!({ "message": { "message_id": "not a number" } }));
    stage.tg.inject(json!({ "something_new": { "from": "the future" } }));
    stage.tg.inject(json!({ "message": null }));
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    stage.tg.all_confirmed().await;
    stage.host.logs(|line| line.contains("WARN") && line.contains("update")).await;
    assert_eq!(stage.owner.sees().len(), 1);
}

#[tokio::test]
async fn an_answer_of_telegram_that_is_no_json_is_survived() {
    let stage = Stage::set(|_| Reply::text("pong")).await;
    stage.tg.polled().await;
    stage.tg.fail_next("getUpdates", Failure::Garbage("{\"ok\":true,\"result\":[{\"upd".to_owned()));
    stage.tg.fail_next("getUpdates", Failure::Cut);
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    stage.owner.says("ping again");
    stage.owner.hears(|text| text == "pong").await;
}

#[tokio::test]
async fn a_stream_cut_in_the_middle_is_asked_again_and_the_answer_is_whole() {
    let stage = Stage::set(|asked| match asked.number {
        0 => Reply::text("Half an ans").cut(),
        _ => Reply::text("The whole answer."),
    })
    .await;
    stage.owner.says("answer");
    let answer = stage.owner.hears(|text| text.contains("whole")).await;
    assert_eq!(answer.text(), "The whole answer.");
    assert_eq!(stage.owner.sees().len(), 1);
}

#[tokio::test]
async fn arguments_that_are_not_json_come_back_as_a_message_the_model_can_act_on() {
    for anthropic in [false, true] {
        let decide = |asked: &Asked| match asked.results().first() {
            None => Reply::raw_call("memory_append", "{\"content\": \"The flat is"),
            Some((_, text)) if text.contains("not valid JSON") => {
                Reply::call("memory_append", json!({ "content": "The flat is 42." }))
            }
            Some(_) => Reply::text("Noted."),
        };
        let stage = if anthropic {
            let (tg, model) = (Telegram::start().await, steward_tests::ScriptedModel::start(decide).await);
            let owner = tg.person(OWNER, "Olga").language("en");
            let host = Host::builder().owner(OWNER).telegram(&tg).anthropic_model(&model).start().await;
            Stage { tg, model, host, owner }
        } else {
            Stage::set(decide).await
        };
        stage.owner.says("remember: the flat is 42");
        stage.owner.hears(|text| text == "Noted.").await;
        assert!(stage.memory().contains("The flat is 42."));
        assert_eq!(
            stage.audit(2).await,
            [("memory_append".into(), "invalid".into()), ("memory_append".into(), "ok".into())]
        );
    }
}

#[tokio::test]
async fn a_full_disk_at_the_start_is_told_with_the_remedy() {
    let mut host = Host::builder().variable("MODEL", "rehearsal").prepare();
    host.limit_files(Some(1));
    let printed = host.run(&["run"]).await;
    assert!(!printed.status.success());
    assert!(printed.text.contains("free some space"), "{}", printed.text);
}

#[tokio::test]
async fn what_comes_while_the_disk_is_full_is_answered_when_there_is_room_again() {
    const MESSAGES: u32 = 60;
    let mut stage = Stage::set(|_| Reply::text("pong")).await;
    stage.host.kill9().await;
    // The log of the database may grow to this size and no further.
    stage.host.limit_files(Some(1_000));
    stage.host.start().await;
    for number in 0..MESSAGES {
        stage.owner.says(&format!("message {number}; {}", "x".repeat(3_500)));
    }
    stage.host.logs(|line| line.contains("disk is full")).await;
    assert!(stage.tg.unconfirmed() > 0, "what is not on disk is not confirmed");
    stage.host.kill9().await;
    stage.host.limit_files(None);
    stage.host.start().await;
    stage.tg.all_confirmed().await;
    stage.settled().await;
    let database = stage.host.database();
    for number in 0..MESSAGES {
        let query = "SELECT count(*) FROM entry WHERE message LIKE '%message ' || ?1 || ';%'";
        let kept: u32 = database.query_row(query, [number], |row| row.get(0)).unwrap();
        assert_eq!(kept, 1, "message {number}");
    }
    assert!(stage.owner.count(|text| text == "pong") > 0);
}

#[tokio::test]
async fn a_corrupted_compile_cache_is_made_anew() {
    let mut stage = Stage::set(|asked| match asked.results().first() {
        None => Reply::call("memory_append", json!({ "content": "The flat is 42." })),
        Some((_, text)) => Reply::text(text),
    })
    .await;
    stage.host.kill9().await;
    let mut spoiled = 0;
    for entry in std::fs::read_dir(stage.host.data().join("compiled")).unwrap() {
        let path = entry.unwrap().path();
        let code = std::fs::read(&path).unwrap();
        match spoiled % 3 {
            0 => std::fs::write(&path, b"garbage").unwrap(),
            1 => std::fs::write(&path, &code[..code.len() / 2]).unwrap(),
            _ => std::fs::write(&path, code.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()).unwrap(),
        }
        spoiled += 1;
    }
    assert!(spoiled > 0);
    stage.host.start().await;
    stage.owner.says("remember: the flat is 42");
    // Each plugin is looked at when it is first called.
    stage.host.logs(|line| line.contains("compiled again")).await;
    stage.owner.hears(|text| text.contains("The flat is 42.")).await;
    assert_eq!(stage.memory().matches("The flat is 42.").count(), 1);
}

#[tokio::test]
async fn a_connection_that_dies_in_silence_is_noticed_and_renewed() {
    let stage = Stage::with(|_| Reply::text("pong"), |host| host.configuration("[telegram]\npoll_seconds = 1\n")).await;
    stage.tg.polled().await;
    stage.tg.fail_next("getUpdates", Failure::Hang);
    stage.tg.called("getUpdates", 3).await;
    stage.owner.says("/usage");
    let usage = stage.owner.hears(|text| text.contains("Today")).await;
    assert!(usage.text().contains("renewed 1 time"), "{}", usage.text());
}

#[tokio::test]
async fn a_start_while_telegram_is_away_is_retried_and_the_terminal_works_meanwhile() {
    let tg = Telegram::start().await;
    tg.fail_next("getMe", Failure::Cut);
    tg.fail_next("getMe", Failure::BadGateway);
    let owner = tg.person(OWNER, "Olga").language("en");
    let host = Host::builder().owner(OWNER).telegram(&tg).variable("MODEL", "rehearsal").start().await;
    let mut terminal = host.terminal();
    terminal.says("/help").await;
    terminal.hears(|line| line.contains("/stop")).await;
    owner.says("/help");
    owner.hears(|text| text.contains("/stop")).await;
    assert_eq!(tg.calls("getMe").len(), 3);
}

#[tokio::test]
async fn a_wrong_token_is_named_with_the_remedy() {
    let tg = Telegram::start().await;
    let host = Host::builder().owner(OWNER).telegram(&tg).variable("MODEL", "rehearsal");
    let mut host = host.variable("TG_BOT_TOKEN", "123456:wrong").start().await;
    let told = host.logs(|line| line.contains("TG_BOT_TOKEN is wrong")).await;
    assert!(told.contains("@BotFather"), "{told}");
    assert!(!host.log().iter().any(|line| line.contains("123456:wrong")), "the token is in the log");
}

#[tokio::test]
async fn settings_that_make_no_sense_are_named_with_the_remedy() {
    let cases = [
        (vec![("TG_BOT_TOKEN", "token")], "", "TG_BOT_TOKEN"),
        (vec![("TG_BOT_TOKEN", TOKEN), ("TG_OWNER_IDS", "olga")], "", "TG_OWNER_IDS"),
        (vec![("TZ", "Mars/Olympus")], "", "Mars/Olympus"),
        (vec![("HEARTBEAT_INTERVAL_MINUTES", "often")], "", "HEARTBEAT_INTERVAL_MINUTES"),
        (vec![("STEWARD_DTA", "x")], "", "STEWARD_DTA"),
        (vec![("OPENAI_BASE_URL", "localhost")], "", "OPENAI_BASE_URL"),
        (vec![], "limits.steps = 0", "limits.steps"),
        (vec![], "colour = \"blue\"", "colour"),
        (vec![], "[telegram]\nowner = 5", "owner"),
        (vec![], "limits = ", "steward.toml"),
    ];
    for (variables, toml, named) in cases {
        let host = Host::builder().configuration(toml);
        let host = variables.into_iter().fold(host, |host, (name, value)| host.variable(name, value));
        let printed = host.prepare().run(&["run"]).await;
        assert!(!printed.status.success(), "{named}: {}", printed.text);
        assert!(printed.text.contains(named), "{named}: {}", printed.text);
        assert!(!printed.text.contains("panicked"), "{named}: {}", printed.text);
    }
}
