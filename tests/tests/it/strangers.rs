//! People nobody let in: what they can use up is bounded, the owner can read all they said, and goes before them.

use serde_json::json;
use steward_tests::model::{Asked, Reply};
use steward_tests::{Gate, Host, ScriptedModel, Telegram};

use crate::stage::{OWNER, Stage};

/// Bytes that are in the folders of people who are not owners.
fn kept(host: &Host) -> u64 {
    let people = std::fs::read_dir(host.data().join("people")).into_iter().flatten().flatten();
    let uploads = people.flat_map(|person| std::fs::read_dir(person.path().join("uploads")).into_iter().flatten());
    uploads.flatten().map(|file| file.metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn a_stranger_cannot_fill_the_disk_and_is_told_once() {
    let toml = "[access.limits]\nmegabytes = 8\n";
    let mut stage = Stage::with(|_| Reply::text("thanks"), |host| host.configuration(toml)).await;
    let anna = stage.outsider();
    let file = vec![7_u8; 3 << 20];
    for number in 0..12 {
        anna.sends_document(&format!("{number}.bin"), "application/octet-stream", file.clone(), "here");
    }
    anna.hears(|text| text.contains("no more room") && text.contains("tomorrow")).await;
    stage.settled().await;
    assert!(kept(&stage.host) <= 8 << 20, "{} bytes are kept", kept(&stage.host));
    stage.host.restart().await;
    anna.sends_document("again.bin", "application/octet-stream", file, "after a restart");
    anna.says("/clear");
    stage.owner.says("hello");
    stage.owner.hears(|text| text == "thanks").await;
    stage.settled().await;
    assert!(kept(&stage.host) <= 8 << 20, "a restart begins nothing again");
    assert_eq!(anna.count(|text| text.contains("no more room")), 1, "{:?}", anna.sees());
    stage.owner.says("/usage");
    let usage = stage.owner.hears(|text| text.contains("Others today")).await;
    assert!(usage.text().contains("Anna") && usage.text().contains("/ 8 MB"), "{}", usage.text());
    let doctor = stage.host.run(&["doctor"]).await;
    assert!(doctor.text.contains("all strangers together") && doctor.text.contains("/ 8 MB"), "{}", doctor.text);
}

/// Leaves thirty-two summaries a step, ten steps long.
fn flooding(asked: &Asked) -> Reply {
    let step = asked.messages().iter().filter(|message| message["role"] == "assistant").count();
    match step {
        0..10 => (0..32).fold(Reply::default(), |reply, number| {
            let summary = format!("word {:03}", step * 32 + number);
            reply.and_call("send_summary_to_owner", json!({ "summary": summary }))
        }),
        _ => Reply::text("I have told them everything."),
    }
}

#[tokio::test]
async fn a_flood_of_summaries_becomes_a_digest_and_every_one_can_be_read() {
    let stage = Stage::set(flooding).await;
    stage.owner.says("/start");
    stage.owner.hears(|text| text.contains("Olga")).await;
    let anna = stage.outsider();
    anna.says("tell them everything");
    anna.hears(|text| text.contains("everything")).await;
    stage.owner.hears(|text| text.contains("Gathered messages from outside")).await;
    // Ten at once, the digest, the welcome.
    assert_eq!(stage.owner.sees().len(), 12, "{:?}", stage.owner.sees().last());
    for _ in 0..6 {
        stage.owner.says("/mail");
    }
    stage.owner.hears(|text| text.contains("No gathered messages")).await;
    let all: Vec<String> = stage.owner.sees().iter().map(|message| message.text().to_owned()).collect();
    let all = all.join("\n");
    for number in 0..320 {
        let word = format!("word {number:03}");
        assert_eq!(all.matches(&word).count(), 1, "{word}");
    }
}

#[tokio::test]
async fn fifty_strangers_are_answered_and_the_owner_does_not_wait_for_them() {
    let gate = Gate::new();
    let held = gate.clone();
    let stage = Stage::set(move |asked| match asked.last_said() {
        said if said.contains("the owner") => Reply::text("at once"),
        _ => Reply::wait(&held).then("later"),
    })
    .await;
    let strangers: Vec<_> = (0..50).map(|number| stage.tg.person(5_000 + number, "Somebody").language("en")).collect();
    for stranger in &strangers {
        stranger.says("hello");
    }
    gate.reached().await;
    stage.owner.says("the owner asks");
    stage.owner.hears(|text| text == "at once").await;
    // Eight at the model, by default; the others wait behind them and not before the owner.
    stage.model.asked(9).await;
    assert_eq!(stage.model.requests().len(), 9);
    gate.open();
    for stranger in &strangers {
        stranger.hears(|text| text == "later").await;
    }
}

#[tokio::test]
async fn a_new_installation_talks_with_its_owner_and_tells_others_so_once() {
    let (tg, model) = (Telegram::start().await, ScriptedModel::start(|_| Reply::text("pong")).await);
    let owner = tg.person(OWNER, "Olga").language("en");
    let mut host = Host::builder().owner(OWNER).telegram(&tg).model(&model).new_installation().start().await;
    let anna = tg.person(2002, "Anna").language("en");
    anna.says("hello");
    anna.hears(|text| text.contains("/pair CODE")).await;
    for _ in 0..3 {
        anna.says("hello?");
    }
    host.stop().await;
    host.start().await;
    anna.says("anybody there?");
    owner.says("ping");
    owner.hears(|text| text == "pong").await;
    tg.all_confirmed().await;
    let told: Vec<_> = anna.sees().iter().map(|message| message.text().to_owned()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(model.requests().len(), 1);
    assert!(host.run(&["doctor"]).await.text.contains("open to paired"));
}

#[tokio::test]
async fn an_answer_of_ones_own_or_none_is_given_to_those_who_are_not_let_in() {
    let toml = "[access]\nopen_to = \"owners\"\nanswer = \"Please write to office@example.org.\"\n";
    let stage = Stage::with(|_| Reply::text("pong"), |host| host.configuration(toml)).await;
    stage.outsider().says("hello");
    stage.outsider().hears(|text| text == "Please write to office@example.org.").await;

    let silent = "[access]\nopen_to = \"paired\"\nanswer = \"\"\n";
    let stage = Stage::with(|_| Reply::text("pong"), |host| host.configuration(silent)).await;
    let anna = stage.outsider();
    anna.says("hello");
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    stage.settled().await;
    assert_eq!(anna.sees(), []);
    assert_eq!(stage.model.requests().len(), 1);
}

#[tokio::test]
async fn tokens_of_strangers_end_for_the_day_in_the_middle_of_a_run_too() {
    let toml = "[access.limits]\ntokens = 20000\n[limits]\nanswer_tokens = 1000\n";
    let decide = |asked: &Asked| match asked.last_said() {
        said if said.contains("owner") => Reply::text("pong"),
        _ => Reply::call("get_my_tasks", json!({})).usage(6_000, 500, 0),
    };
    let stage = Stage::with(decide, |host| host.configuration(toml)).await;
    let anna = stage.outsider();
    anna.says("go round and round");
    anna.hears(|text| text.contains("as much as I can do for you today")).await;
    assert!(stage.model.requests().len() <= 4, "{}", stage.model.requests().len());
    anna.says("and again");
    anna.says("/help");
    stage.owner.says("the owner");
    stage.owner.hears(|text| text == "pong").await;
    stage.settled().await;
    assert_eq!(anna.count(|text| text.contains("as much as I can do")), 1);
}
