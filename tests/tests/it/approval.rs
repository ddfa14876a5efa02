//! Consent: calls that wait for the owner's press, what each answer leads to, and what a crash does to a question.

use serde_json::json;
use steward_tests::model::{Asked, Reply};
use steward_tests::telegram::ChatMessage;

use crate::stage::Stage;

const ASK: &str = "[approval]\nwrite = \"ask\"\n";

/// Notes something; then says what came of it.
fn noting(asked: &Asked) -> Reply {
    match asked.results().into_iter().next() {
        _ if asked.last_said().ends_with("ping") => Reply::text("pong"),
        Some((_, text)) => Reply::text(&format!("Result: {text}")),
        None => Reply::call("memory_append", json!({ "content": "The flat is 42." })),
    }
}

async fn stage(configuration: &str) -> Stage {
    Stage::with(noting, |host| host.configuration(configuration)).await
}

/// The data of a question's button.
fn button(question: &ChatMessage, row: usize, column: usize) -> String {
    let data = &question.markup.as_ref().unwrap()["inline_keyboard"][row][column]["callback_data"];
    data.as_str().unwrap().to_owned()
}

async fn question(stage: &Stage) -> ChatMessage {
    let question = stage.owner.hears(|text| text.contains("May I call memory_append")).await;
    assert!(question.text().contains(r#""content": "The flat is 42.""#), "{}", question.text());
    question
}

#[tokio::test]
async fn a_call_is_made_after_the_owner_has_allowed_it() {
    let stage = stage(ASK).await;
    stage.owner.says("remember: the flat is 42");
    let question = question(&stage).await;
    assert_eq!(stage.memory(), "", "nothing is done before");
    stage.owner.presses(question.id, &button(&question, 0, 0));
    stage.owner.hears(|text| text.starts_with("Result:")).await;
    assert_eq!(stage.memory().matches("The flat is 42.").count(), 1);
    let decided = stage.owner.reads(question.id, |message| message.text().contains("Allowed.")).await;
    assert_eq!(decided.markup, None, "the buttons are gone");
    stage.tg.called("answerCallbackQuery", 1).await;
    // Pressed again by a program that still shows the buttons.
    stage.owner.presses(question.id, &button(&question, 0, 1));
    stage.owner.hears(|text| text.contains("This question is closed.")).await;
    assert_eq!(stage.audit(1).await, [("memory_append".to_owned(), "ok".to_owned())]);
}

#[tokio::test]
async fn a_no_reaches_the_model_with_its_reason() {
    let stage = stage(ASK).await;
    stage.owner.says("remember: the flat is 42");
    let question = question(&stage).await;
    stage.owner.presses(question.id, &button(&question, 0, 1));
    stage.owner.hears(|text| text.contains("Result:") && text.contains("said no")).await;
    stage.owner.reads(question.id, |message| message.text().contains("Denied.")).await;
    assert_eq!(stage.memory(), "");
    assert_eq!(stage.audit(1).await, [("memory_append".to_owned(), "denied".to_owned())]);
}

#[tokio::test]
async fn silence_is_a_no_and_a_policy_can_say_it_at_once() {
    let silent = stage("[approval]\nseconds = 1\n[approval.origins.chat]\nwrite = \"ask\"\n").await;
    silent.owner.says("remember: the flat is 42");
    let question = question(&silent).await;
    silent.owner.hears(|text| text.contains("did not answer within 1 s")).await;
    silent.owner.reads(question.id, |message| message.text().contains("Nobody answered in time")).await;
    assert_eq!(silent.memory(), "");

    let strict = stage("[approval]\nwrite = \"deny\"\n").await;
    strict.owner.says("remember: the flat is 42");
    strict.owner.hears(|text| text.contains("[approval] in steward.toml")).await;
    assert_eq!((strict.memory().as_str(), strict.owner.sees().len()), ("", 1));
}

#[tokio::test]
async fn the_run_s_own_time_stands_still_while_somebody_is_asked() {
    let configuration = "[limits]\nseconds = 5\n[approval]\nseconds = 7\nwrite = \"ask\"\n";
    let stage = stage(configuration).await;
    stage.owner.says("remember: the flat is 42");
    stage.owner.hears(|text| text.contains("did not answer within 7 s")).await;
    assert_eq!(stage.owner.count(|text| text.contains("took longer than")), 0);
}

#[tokio::test]
async fn a_question_outlives_a_crash_and_is_asked_once() {
    let mut stage = stage(ASK).await;
    stage.owner.says("remember: the flat is 42");
    let question = question(&stage).await;
    stage.until("SELECT EXISTS (SELECT 1 FROM approval WHERE message IS NOT NULL)").await;
    stage.host.kill9().await;
    stage.owner.presses(question.id, &button(&question, 0, 0));
    stage.host.start().await;
    stage.owner.hears(|text| text.starts_with("Result:")).await;
    stage.owner.reads(question.id, |message| message.text().contains("Allowed.")).await;
    assert_eq!(stage.owner.count(|text| text.contains("May I call")), 1);
    assert_eq!(stage.memory().matches("The flat is 42.").count(), 1);
}

#[tokio::test]
async fn only_an_owner_decides() {
    let stage = stage(ASK).await;
    stage.owner.says("remember: the flat is 42");
    let question = question(&stage).await;
    let anna = stage.outsider();
    anna.says(&button(&question, 0, 0));
    anna.hears(|text| text.contains("Only my owner")).await;
    stage.owner.presses(question.id, "/approve AAAAAAAA");
    stage.owner.hears(|text| text.contains("no such question")).await;
    assert_eq!(stage.memory(), "");
    stage.owner.says(&button(&question, 0, 1));
    stage.owner.hears(|text| text.contains("said no")).await;
    assert_eq!(stage.memory(), "");
}

#[tokio::test]
async fn what_an_outsider_s_run_does_is_asked_of_the_owner() {
    let decide = |asked: &Asked| match asked.results().into_iter().next() {
        Some(_) => Reply::text("I have told her."),
        None => Reply::call("send_summary_to_owner", json!({ "summary": "The parcel has come." })),
    };
    let stage = Stage::with(decide, |host| host.configuration("[approval]\nsend = \"ask\"\n")).await;
    stage.owner.says("/start");
    stage.owner.hears(|text| text.contains("Olga")).await;
    let anna = stage.outsider();
    anna.says("tell her that the parcel has come");
    let question = stage.owner.hears(|text| text.contains("send_summary_to_owner, for Anna?")).await;
    anna.presses(question.id, &button(&question, 0, 0));
    stage.owner.presses(question.id, &button(&question, 0, 0));
    stage.owner.hears(|text| text.contains("The parcel has come.") && !text.contains("May I call")).await;
    anna.hears(|text| text == "I have told her.").await;
    assert_eq!(anna.sees().len(), 1, "she is not told of the question");
}

#[tokio::test]
async fn stop_takes_the_question_back() {
    let stage = stage(ASK).await;
    stage.owner.says("remember: the flat is 42");
    let question = question(&stage).await;
    stage.until("SELECT EXISTS (SELECT 1 FROM approval WHERE message IS NOT NULL)").await;
    stage.owner.says("/stop");
    stage.owner.hears(|text| text.contains("Stopped")).await;
    stage.owner.reads(question.id, |message| message.text().contains("No longer needed")).await;
    stage.owner.presses(question.id, &button(&question, 0, 0));
    stage.owner.hears(|text| text.contains("This question is closed.")).await;
    assert_eq!(stage.memory(), "");
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
}

#[tokio::test]
async fn long_arguments_can_be_seen_to_their_end() {
    let decide = |asked: &Asked| match asked.after_tools() {
        true => Reply::text("Noted."),
        false => Reply::call("memory_append", json!({ "content": format!("{} the end", "word ".repeat(1_500)) })),
    };
    let stage = Stage::with(decide, |host| host.configuration(ASK)).await;
    stage.owner.says("remember all this");
    let question = stage.owner.hears(|text| text.contains("May I call") && text.contains("more characters")).await;
    assert!(!question.text().contains("the end"));
    stage.owner.presses(question.id, &button(&question, 1, 0));
    stage.owner.hears(|text| text.contains("the end")).await;
    stage.owner.presses(question.id, &button(&question, 0, 0));
    stage.owner.hears(|text| text == "Noted.").await;
}

#[tokio::test]
async fn the_terminal_asks_too() {
    let stage = stage(ASK).await;
    let mut terminal = stage.host.terminal();
    terminal.says("remember: the flat is 42").await;
    terminal.hears(|line| line.contains("May I call **memory_append**")).await;
    terminal.hears(|line| line.contains("y: allow it")).await;
    terminal.says("yes").await;
    terminal.hears(|line| line.contains("Allowed.")).await;
    terminal.hears(|line| line.starts_with("Result:")).await;
    assert_eq!(stage.memory().matches("The flat is 42.").count(), 1);
    terminal.says("remember: the flat is 42").await;
    terminal.hears(|line| line.contains("May I call **memory_append**")).await;
    let (printed, status) = terminal.ends().await;
    assert!(status.success(), "{printed}");
    assert!(printed.contains("neither yes nor no") && printed.contains("said no"), "{printed}");
    assert_eq!(stage.memory().matches("The flat is 42.").count(), 1);
}

#[tokio::test]
async fn forgetting_is_asked_about_in_every_chat() {
    let forgetting = |asked: &Asked| match asked.results().into_iter().next() {
        Some((_, text)) => Reply::text(&format!("Result: {text}")),
        None => Reply::call("memory_control", json!({ "action": "reset_memory", "scope": "all" })),
    };
    let stage = Stage::with(forgetting, |host| host).await;
    stage.owner.says("forget everything");
    let question = stage.owner.hears(|text| text.contains("May I call memory_control")).await;
    assert!(question.text().contains(r#""scope": "all""#), "{}", question.text());
    stage.owner.presses(question.id, &button(&question, 0, 1));
    stage.owner.hears(|text| text.contains("Result:") && text.contains("said no")).await;
    assert_eq!(stage.audit(1).await, [("memory_control".to_owned(), "denied".to_owned())]);
}
