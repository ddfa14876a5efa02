//! What lasts long: a conversation that outgrows the model's window, a tool that computes, a run out of time.

use serde_json::json;
use steward_tests::model::{Asked, KEY, Reply};

use crate::stage::Stage;

/// The model's window in tokens.
const WINDOW: usize = 16_000;
/// How a summary stands in the conversation.
const SUMMARY: &str = "summary of our earlier conversation";

fn small_window() -> String {
    format!("[[models]]\nprovider = \"openai\"\nkey = \"{KEY}\"\ncontext = {WINDOW}\n[memory]\ndistil_after = 0\n")
}

/// Only a summary is asked for without tools.
fn wants_summary(asked: &Asked) -> bool {
    asked.tools().is_empty()
}

/// A message with one thing worth knowing and many words around it.
fn fact(number: usize) -> String {
    format!("Chatter {number}. Locker {number} opens with {}. {}", 1_000 + number, "It goes on and on. ".repeat(160))
}

/// All that is worth knowing in a text, each thing once.
fn facts(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (at, _) in text.match_indices("Locker ") {
        let words: Vec<_> = text[at..].splitn(6, [' ', '.']).take(5).collect();
        let fact = words.join(" ");
        if words[2..4] == ["opens", "with"] && !found.contains(&fact) {
            found.push(fact);
        }
    }
    found
}

/// A model that knows only what the request tells it: it sums up to the facts, and answers a question from them.
fn forgetful(asked: &Asked) -> Reply {
    let known = facts(&asked.messages().iter().map(|message| message["content"].to_string()).collect::<String>());
    let said = asked.last_said();
    if wants_summary(asked) {
        return Reply::text(&known.join(". "));
    }
    match said.lines().last().and_then(|line| line.strip_prefix("What opens locker ")) {
        Some(number) => {
            let of = format!("Locker {} ", number.trim_end_matches('?'));
            Reply::text(known.iter().find(|fact| fact.starts_with(&of)).map_or("I do not know.", String::as_str))
        }
        None => Reply::text(&format!("Noted, {} facts.", known.len())),
    }
}

/// The owner tells so many facts, one after the other was noted.
async fn tell(stage: &Stage, numbers: std::ops::Range<usize>) {
    for number in numbers {
        stage.owner.says(&fact(number));
        stage.owner.hears(|text| text == format!("Noted, {} facts.", number + 1)).await;
    }
}

#[tokio::test]
async fn a_conversation_beyond_the_window_is_summarised_and_nothing_of_worth_is_forgotten() {
    const FACTS: usize = 24;
    let mut stage = Stage::with(forgetful, |host| host.configuration(&small_window())).await;
    tell(&stage, 0..FACTS).await;
    let asked = stage.model.requests();
    let summaries = |asked: &[Asked]| asked.iter().filter(|asked| wants_summary(asked)).count();
    assert!(summaries(&asked) >= 2, "the summary itself was summed up again: {}", summaries(&asked));
    for asked in &asked {
        let tokens = asked.raw.len() / 4;
        assert!(tokens < WINDOW, "request {} has {tokens} tokens", asked.number);
    }
    let first = asked.iter().position(wants_summary).unwrap();
    let (before, after) = (asked[first - 1].said(), asked[first + 1].said());
    assert!(before[0].contains("Chatter 0.") && asked[first].last_said().contains("Chatter 0."));
    assert!(after[0].contains(SUMMARY) && after[0].contains("Locker 0 opens with 1000"), "{}", after[0]);
    assert!(!after.iter().any(|said| said.contains("Chatter 0.")), "the oldest part is gone");
    assert!(after.last().unwrap().contains(&format!("Chatter {}.", before.len())), "the newest message is whole");

    stage.settled().await;
    stage.host.restart().await;
    stage.owner.says("What opens locker 0?");
    stage.owner.hears(|text| text == "Locker 0 opens with 1000").await;
    let again = stage.model.requests();
    assert_eq!(summaries(&again), summaries(&asked), "the summary outlived the restart");
    assert!(again.last().unwrap().said()[0].contains(SUMMARY));
    assert_eq!(stage.owner.sees().len(), FACTS + 1, "summaries are not sent to anybody");
}

#[tokio::test]
async fn without_a_summary_the_conversation_goes_on_all_the_same() {
    let decide = |asked: &Asked| match wants_summary(asked) {
        true => Reply::error(400, "not today"),
        false => Reply::text(&format!("Noted, {} messages.", asked.said().len())),
    };
    let stage = Stage::with(decide, |host| host.configuration(&small_window())).await;
    for number in 0..12 {
        stage.owner.says(&fact(number));
        stage.owner.hears(|text| text.starts_with("Noted")).await;
    }
    let asked = stage.model.requests();
    let refused = asked.iter().position(wants_summary).unwrap();
    let after = asked[refused + 1].said();
    assert!(after[0].contains("the beginning of this conversation is left out"), "{}", after[0]);
    assert!(asked.iter().all(|asked| asked.raw.len() / 4 < WINDOW));
    assert_eq!(stage.owner.count(|text| text.contains("⚠️")), 0, "nobody need know");
}

#[tokio::test]
async fn a_window_smaller_than_was_thought_is_obeyed() {
    let decide = |asked: &Asked| match asked.raw.len() {
        _ if wants_summary(asked) => forgetful(asked),
        // As a local server says it whose model was loaded with less than it could have.
        40_000.. => Reply::error(400, "the request exceeds the available context size"),
        _ => forgetful(asked),
    };
    let stage = Stage::set(decide).await;
    tell(&stage, 0..16).await;
    stage.owner.says("What opens locker 0?");
    stage.owner.hears(|text| text == "Locker 0 opens with 1000").await;
    assert!(stage.model.requests().iter().any(wants_summary));
    assert_eq!(stage.owner.count(|text| text.contains("⚠️")), 0);
}

/// Letters in no order that a pattern could make use of.
fn letters(many: usize) -> String {
    let mut state = 42_u32;
    let letter = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state & 0x0100_0000 == 0 { 'a' } else { 'b' }
    };
    (0..many).map(letter).collect()
}

/// Has a regular expression tried that keeps thousands of threads alive at each of the letters, and notes something in
/// the same step.
fn pondering(asked: &Asked) -> Reply {
    match asked.last_said() {
        said if said.contains("ponder") && !asked.after_tools() => {
            let query = "[ab]*a[ab]{4000}[^ab]";
            Reply::call("search", json!({ "query": query, "regex": true, "path": "letters.txt" }))
                .and_call("memory_append", json!({ "content": "It is being pondered." }))
        }
        said if said.contains("ponder") => Reply::text("Pondered."),
        _ => Reply::text("pong"),
    }
}

/// A stage on which the owner has asked for what takes minutes, and the guest is at it.
async fn busy(configuration: &str) -> Stage {
    let stage = Stage::with(pondering, |host| host.configuration(configuration)).await;
    std::fs::write(stage.host.workspace().join("letters.txt"), letters(8 << 20)).unwrap();
    stage.owner.says("ponder this");
    assert_eq!(stage.audit(1).await, [("memory_append".into(), "ok".into())], "the other call of the step is done");
    stage
}

/// The search was broken off while it computed, and the next message is answered.
async fn was_interrupted(stage: &Stage) {
    assert_eq!(stage.audit(2).await[1], ("search".into(), "cancelled".into()));
    let query = "SELECT cpu FROM audit WHERE tool = 'search'";
    let cpu: i64 = stage.host.database().query_row(query, [], |row| row.get(0)).unwrap();
    assert!(cpu > 0, "it had computed");
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    assert_eq!(stage.owner.count(|text| text.contains("Pondered")), 0);
}

#[tokio::test]
async fn stop_interrupts_a_tool_that_computes() {
    let stage = busy("").await;
    let anna = stage.outsider();
    anna.says("hello");
    anna.hears(|text| text == "pong").await;
    assert_eq!(stage.audit(1).await.len(), 1, "it computes still, and others are answered meanwhile");
    stage.owner.says("/stop");
    stage.owner.hears(|text| text.contains("Stopped")).await;
    was_interrupted(&stage).await;
}

#[tokio::test]
async fn a_run_out_of_time_is_told_and_its_tool_interrupted() {
    let stage = busy("[limits]\nseconds = 5\n").await;
    let told = stage.owner.hears(|text| text.starts_with("⏱")).await;
    assert!(told.text().contains("longer than 5 seconds") && told.text().contains("limits.seconds"), "{}", told.text());
    was_interrupted(&stage).await;
}
