//! Messages that come quickly: they reach the model in the order they came, what belongs together is answered once, and
//! each file is fetched once.

use serde_json::json;
use steward_tests::Gate;
use steward_tests::model::{Asked, Reply};
use steward_tests::telegram::Failure;

use crate::stage::Stage;

/// All that people said, in the order the model sees it.
fn told(asked: &Asked) -> String {
    asked.said().join("\n")
}

/// Asserts that these come in this order.
fn in_order(text: &str, parts: &[&str]) {
    let places: Vec<_> =
        parts.iter().map(|part| text.find(part).unwrap_or_else(|| panic!("no {part:?}: {text}"))).collect();
    assert!(places.is_sorted(), "{parts:?} at {places:?}: {text}");
}

#[tokio::test]
async fn an_album_is_answered_once_and_each_photo_is_fetched_once() {
    let stage = Stage::set(|_| Reply::text("seen")).await;
    stage.owner.sends_album(&[b"one", b"two", b"three"], "my trip");
    stage.owner.hears(|text| text == "seen").await;
    stage.settled().await;
    let requests = stage.model.requests();
    assert_eq!((requests.len(), stage.owner.count(|text| text == "seen")), (1, 1));
    assert_eq!(told(&requests[0]).matches("-photo-").count(), 3, "{}", told(&requests[0]));
    assert_eq!(stage.tg.calls("download").len(), 3);
    assert_eq!(std::fs::read_dir(stage.host.workspace().join("uploads")).unwrap().count(), 3);
}

#[tokio::test]
async fn pieces_of_a_long_text_are_answered_once() {
    let stage = Stage::set(|_| Reply::text("read")).await;
    stage.owner.says(&format!("chapter one {}", "word ".repeat(800)));
    stage.owner.says(&format!("chapter two {}", "word ".repeat(800)));
    stage.owner.says("chapter three");
    stage.owner.hears(|text| text == "read").await;
    stage.settled().await;
    let requests = stage.model.requests();
    assert_eq!((requests.len(), stage.owner.count(|text| text == "read")), (1, 1));
    in_order(&told(&requests[0]), &["chapter one", "chapter two", "chapter three"]);
}

#[tokio::test]
async fn what_is_forwarded_is_answered_with_its_comment() {
    let stage = Stage::set(|_| Reply::text("read")).await;
    stage.owner.forwards("what do you think?", "Bob", &["let us meet", "at noon"]);
    stage.owner.hears(|text| text == "read").await;
    stage.settled().await;
    let requests = stage.model.requests();
    assert_eq!((requests.len(), stage.owner.count(|text| text == "read")), (1, 1));
    in_order(&told(&requests[0]), &["what do you think?", "let us meet", "at noon"]);
}

#[tokio::test]
async fn an_album_that_comes_during_a_run_joins_it_whole() {
    let gate = Gate::new();
    let held = gate.clone();
    let stage = Stage::set(move |asked| match asked.number {
        0 => Reply::wait(&held).then("begun"),
        _ => Reply::text("seen"),
    })
    .await;
    stage.owner.says("begin");
    gate.reached().await;
    stage.owner.sends_album(&[b"one", b"two", b"three"], "my trip");
    stage.owner.says("/help");
    stage.owner.hears(|text| text.contains("/stop")).await;
    gate.open();
    stage.owner.hears(|text| text == "seen").await;
    stage.settled().await;
    assert_eq!(stage.owner.count(|text| text == "seen"), 1);
    let seen = told(stage.model.requests().last().unwrap());
    assert_eq!(seen.matches("-photo-").count(), 3, "{seen}");
    assert_eq!(stage.tg.calls("download").len(), 3);
}

#[tokio::test]
async fn a_slow_file_keeps_its_place_and_is_fetched_once_though_the_run_ends_meanwhile() {
    let (model, file) = (Gate::new(), Gate::new());
    let held = model.clone();
    let stage = Stage::set(move |asked| match asked.number {
        0 => Reply::wait(&held).then("begun"),
        _ => Reply::text(&asked.last_said()),
    })
    .await;
    stage.owner.says("begin");
    model.reached().await;
    stage.tg.fail_next("download", Failure::HoldBefore(file.clone()));
    stage.owner.sends_document("slow.txt", "text/plain", &b"slow"[..], "came first");
    file.reached().await;
    stage.owner.says("came second");
    // What is answered here at once was routed after it: so both have come to the run.
    stage.owner.says("/help");
    stage.owner.hears(|text| text.contains("/stop")).await;
    model.open();
    stage.owner.hears(|text| text == "begun").await;
    file.open();
    stage.owner.hears(|text| text.contains("came second")).await;
    stage.settled().await;
    in_order(&told(stage.model.requests().last().unwrap()), &["begin", "came first", "came second"]);
    assert_eq!(stage.tg.calls("download").len(), 1);
    let kept = std::fs::read_dir(stage.host.workspace().join("uploads")).unwrap().count();
    assert_eq!(kept, 1, "it is kept once");
}

#[tokio::test]
async fn a_title_is_shown_as_it_was_written() {
    let title = r"fix __init__.py, buy 2*3*4 planks, C:\new\_tmp, tell <ann@example.org>";
    let stage = Stage::set(move |asked| match asked.after_tools() {
        true => Reply::text("Scheduled."),
        false => Reply::call("schedule_task", json!({ "title": title, "time": "in 1 second" })),
    })
    .await;
    stage.owner.says("remind me");
    stage.owner.hears(|text| text == format!("⏰ {title}")).await;
}
