//! A decision is made once, by whoever was first, and outlives a crash.

use steward_agent::{Choice, Decision};

use super::*;
use crate::fixture::{Fixture, at, chat};
use crate::{RunEnd, RunOutcome};

fn question(code: &str) -> Question {
    let choice = |decision: Decision| Choice { label: "x".to_owned(), command: decision.command(code) };
    Question {
        to: chat("anna"),
        code: code.to_owned(),
        text: "May I?".to_owned(),
        approve: choice(Decision::Approve),
        deny: choice(Decision::Deny),
        more: None,
    }
}

fn asked(run: RunId, code: &str) -> NewApproval {
    NewApproval {
        key: format!("{run}/1/0"),
        run,
        tool: "write".to_owned(),
        arguments: r#"{"path":"a.md"}"#.to_owned(),
        language: Language::Ru,
        question: question(code),
    }
}

#[tokio::test]
async fn a_call_is_asked_about_once_and_its_decision_outlives_a_crash() {
    let fixture = Fixture::new();
    let run = fixture.begin("owner/1", "write it").await;
    let first = fixture.store.ask_approval(asked(run, "AAAA"), at(1)).await.unwrap();
    assert_eq!((first.state, first.language, &first.message), (ApprovalState::Asking, Language::Ru, &None));
    fixture.store.approval_shown(first.id, &Draft("77".to_owned())).await.unwrap();

    let after = fixture.after_crash();
    let again = after.store.ask_approval(asked(run, "BBBB"), at(9)).await.unwrap();
    assert_eq!((again.id, again.question.code.as_str()), (first.id, "AAAA"));
    assert_eq!(again.message, Some(Draft("77".to_owned())));
    after.store.decide_approval("AAAA", true, PersonId(1), at(10)).await.unwrap();
    let after = after.after_crash();
    let decided = after.store.ask_approval(asked(run, "CCCC"), at(11)).await.unwrap();
    assert_eq!(decided.state, ApprovalState::Approved);
}

#[tokio::test]
async fn the_first_decision_counts() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let run = fixture.begin("owner/1", "write it").await;
    let id = store.ask_approval(asked(run, "AAAA"), at(1)).await.unwrap().id;
    assert_eq!(store.decide_approval("ZZZZ", true, PersonId(1), at(2)).await, Ok(None));
    let denied = store.decide_approval("AAAA", false, PersonId(1), at(2)).await.unwrap().unwrap();
    assert_eq!(denied.state, ApprovalState::Denied);
    let late = store.decide_approval("AAAA", true, PersonId(1), at(3)).await.unwrap().unwrap();
    assert_eq!(late.state, ApprovalState::Denied);
    assert_eq!(store.close_approval(id, ApprovalState::Expired, at(4)).await, Ok(ApprovalState::Denied));
}

#[tokio::test]
async fn another_call_under_the_same_key_is_not_the_one_that_was_approved() {
    let fixture = Fixture::new();
    let run = fixture.begin("owner/1", "write it").await;
    fixture.store.ask_approval(asked(run, "AAAA"), at(1)).await.unwrap();
    let other = NewApproval { arguments: r#"{"path":"b.md"}"#.to_owned(), ..asked(run, "BBBB") };
    assert!(matches!(fixture.store.ask_approval(other, at(2)).await, Err(StoreError::Invalid(_))));
}

#[tokio::test]
async fn a_run_that_has_ended_takes_no_decision_and_its_question_is_outdated() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let run = fixture.begin("owner/1", "write it").await;
    let id = store.ask_approval(asked(run, "AAAA"), at(1)).await.unwrap().id;
    store.approval_shown(id, &Draft("77".to_owned())).await.unwrap();
    assert_eq!(store.outdated_approvals().await.unwrap(), []);
    assert_eq!(store.open_approvals().await.unwrap().len(), 1);
    let end = RunEnd { messages: vec![], replies: vec![], usage: vec![], outcome: RunOutcome::Stopped };
    store.finish_run(run, end, at(2)).await.unwrap();
    let late = store.decide_approval("AAAA", true, PersonId(1), at(3)).await.unwrap().unwrap();
    assert_eq!(late.state, ApprovalState::Asking);
    assert_eq!(store.outdated_approvals().await.unwrap().len(), 1);
    assert_eq!(store.open_approvals().await.unwrap(), []);
    store.approval_settled(id).await.unwrap();
    assert_eq!(store.outdated_approvals().await.unwrap(), []);
}
