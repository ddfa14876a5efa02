//! Every path of a run, without a network, a clock or a model.

use serde_json::json;

use super::*;

fn call(id: &str, name: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), input: json!({}) }
}

fn calls(ids: &[&str]) -> ModelReply {
    ModelReply { calls: ids.iter().map(|id| call(id, "read")).collect(), ..ModelReply::default() }
}

fn says(text: &str) -> ModelReply {
    ModelReply { text: text.into(), ..ModelReply::default() }
}

fn result(id: &str) -> ToolResult {
    ToolResult { id: id.into(), name: "read".into(), text: format!("result of {id}"), ..ToolResult::default() }
}

fn turn(messages: Vec<Message>) -> Turn {
    Turn::new(messages, Limits::default(), 100, 0)
}

fn model(turn: &mut Turn, reply: ModelReply) -> Vec<Effect> {
    turn.handle(Event::Model(Ok(reply)))
}

fn user(text: &str) -> UserMessage {
    UserMessage { text: text.into(), ..UserMessage::default() }
}

fn finished(effects: &[Effect]) -> Option<&End> {
    effects.iter().find_map(|effect| if let Effect::Finish(end) = effect { Some(end) } else { None })
}

#[test]
fn a_plain_answer_is_one_step() {
    let mut turn = turn(vec![Message::user("hello")]);
    assert_eq!(turn.start(), [Effect::AskModel { with_tools: true }]);
    let effects = model(&mut turn, says("hi"));
    let answer = Answer { text: "hi".into(), ..Answer::default() };
    assert_eq!(effects, [Effect::Record(vec![Message::assistant("hi")]), Effect::Finish(End::Answered(answer))]);
    assert!(turn.is_done());
}

#[test]
fn two_calls_of_one_step_are_made_together_and_answered_in_their_order() {
    let mut turn = turn(vec![Message::user("do both")]);
    turn.start();
    let effects = model(&mut turn, calls(&["a", "b"]));
    assert!(matches!(&effects[0], Effect::Record(said) if said.len() == 1));
    let made = vec![(0, call("a", "read")), (1, call("b", "read"))];
    assert_eq!(effects[1], Effect::CallTools { step: 1, calls: made });
    assert_eq!(turn.handle(Event::Tool(result("b"))), [Effect::Record(vec![Message::Tool(result("b"))])]);
    let effects = turn.handle(Event::Tool(result("a")));
    assert_eq!(effects.last(), Some(&Effect::AskModel { with_tools: true }));
    assert_eq!(turn.messages()[2..], [Message::Tool(result("a")), Message::Tool(result("b"))]);
}

#[test]
fn a_message_written_during_a_run_joins_between_steps() {
    let mut turn = turn(vec![Message::user("start")]);
    turn.start();
    assert_eq!(turn.handle(Event::Joined { tag: 7, message: user("and this") }), []);
    model(&mut turn, calls(&["a"]));
    let effects = turn.handle(Event::Tool(result("a")));
    assert_eq!(effects[1], Effect::Join { tag: 7, message: user("and this") });
    assert_eq!(effects[2], Effect::AskModel { with_tools: true });
    assert_eq!(turn.messages().last(), Some(&Message::User(user("and this"))));
}

#[test]
fn an_answer_that_a_new_message_overtook_is_sent_and_the_run_goes_on() {
    let mut turn = turn(vec![Message::user("start")]);
    turn.start();
    turn.handle(Event::Joined { tag: 1, message: user("wait") });
    let effects = model(&mut turn, says("first"));
    assert_eq!(
        effects,
        [
            Effect::Say("first".into()),
            Effect::Record(vec![Message::assistant("first")]),
            Effect::Join { tag: 1, message: user("wait") },
            Effect::AskModel { with_tools: true },
        ]
    );
}

#[test]
fn stop_ends_everything_and_leaves_a_conversation_that_can_go_on() {
    let mut turn = turn(vec![Message::user("start")]);
    turn.start();
    model(&mut turn, calls(&["a", "b"]));
    turn.handle(Event::Tool(result("b")));
    let effects = turn.handle(Event::Stop);
    assert_eq!(effects[0], Effect::Cancel);
    assert!(matches!(&effects[1], Effect::Record(missing) if missing.len() == 1));
    assert_eq!(finished(&effects), Some(&End::Stopped));
    assert!(unanswered_calls(turn.messages()).is_empty());
    assert_eq!(turn.handle(Event::Tool(result("a"))), []);
}

#[test]
fn a_part_that_broke_ends_the_run_with_a_whole_conversation() {
    let mut turn = turn(vec![Message::user("start")]);
    turn.start();
    model(&mut turn, calls(&["a"]));
    let error = ModelError::Invalid { address: "here".into(), reason: "fault".into() };
    let effects = turn.handle(Event::Broke(error.clone()));
    assert_eq!(finished(&effects), Some(&End::Failed(error)));
    assert!(unanswered_calls(turn.messages()).is_empty());
}

#[test]
fn a_message_that_came_just_before_the_end_is_left_for_the_next_run() {
    let mut turn = turn(vec![Message::user("start")]);
    turn.start();
    turn.handle(Event::Joined { tag: 3, message: user("late") });
    assert_eq!(turn.handle(Event::TimeUp), [Effect::Cancel, Effect::Finish(End::OutOfTime)]);
}

#[test]
fn a_message_before_a_stop_belongs_to_what_was_stopped() {
    let mut turn = turn(vec![Message::user("start")]);
    turn.start();
    turn.handle(Event::Joined { tag: 3, message: user("late") });
    assert!(turn.handle(Event::Stop).contains(&Effect::Join { tag: 3, message: user("late") }));
}

#[test]
fn a_broken_history_is_made_whole() {
    let said = Message::Assistant { text: String::new(), calls: vec![call("a", "read")], state: None };
    let history = vec![Message::Tool(result("gone")), Message::user("x"), said, Message::user("y")];
    let mut turn = turn(history);
    assert_eq!(turn.start(), [Effect::AskModel { with_tools: true }]);
    assert_eq!(turn.messages().len(), 4);
    assert!(matches!(&turn.messages()[2], Message::Tool(result) if result.id == "a" && result.failed));
}

#[test]
fn a_crash_between_call_and_result_makes_only_the_missing_calls() {
    let said =
        Message::Assistant { text: String::new(), calls: vec![call("a", "read"), call("b", "write")], state: None };
    let mut turn = Turn::new(vec![Message::user("x"), said, Message::Tool(result("a"))], Limits::default(), 0, 1);
    assert_eq!(turn.start(), [Effect::CallTools { step: 1, calls: vec![(1, call("b", "write"))] }]);
}

#[test]
fn a_crash_after_all_results_asks_the_model_again() {
    let said = Message::Assistant { text: String::new(), calls: vec![call("a", "read")], state: None };
    let mut turn = turn(vec![Message::user("x"), said, Message::Tool(result("a"))]);
    assert_eq!(turn.start(), [Effect::AskModel { with_tools: true }]);
}

#[test]
fn a_crash_after_the_answer_was_recorded_sends_it() {
    let mut turn = turn(vec![Message::user("x"), Message::assistant("done")]);
    assert!(matches!(finished(&turn.start()), Some(End::Answered(answer)) if answer.text == "done"));
}

#[test]
fn the_last_step_has_no_tools_and_ends_the_run() {
    let limits = Limits { steps: 2, ..Limits::default() };
    let mut turn = Turn::new(vec![Message::user("x")], limits, 0, 0);
    assert_eq!(turn.start(), [Effect::AskModel { with_tools: true }]);
    model(&mut turn, calls(&["a"]));
    let effects = turn.handle(Event::Tool(result("a")));
    assert_eq!(effects.last(), Some(&Effect::AskModel { with_tools: false }));
    let effects = model(&mut turn, calls(&["b"]));
    assert!(matches!(finished(&effects), Some(End::Answered(answer)) if answer.hurried));
}

#[test]
fn a_run_over_its_tokens_comes_to_an_end() {
    let limits = Limits { tokens: 10, ..Limits::default() };
    let mut turn = Turn::new(vec![Message::user("x")], limits, 0, 0);
    turn.start();
    let usage = Usage { input: 20, output: 1, cached: 0 };
    model(&mut turn, ModelReply { usage, ..calls(&["a"]) });
    let effects = turn.handle(Event::Tool(result("a")));
    assert_eq!(effects.last(), Some(&Effect::AskModel { with_tools: false }));
}

#[test]
fn a_long_conversation_is_summarised_first() {
    let limits = Limits { window: 4_000, answer: 500, ..Limits::default() };
    let old: Vec<_> = (0..40).map(|n| Message::user(format!("{n} {}", "word ".repeat(100)))).collect();
    let mut turn = Turn::new(old, limits, 100, 0);
    let effects = turn.start();
    let [Effect::Summarise { keep }] = effects[..] else { panic!("{effects:?}") };
    assert!((1..40).contains(&keep));
    let effects = turn.handle(Event::Summarised(Ok("they counted".into())));
    assert_eq!(effects, [Effect::AskModel { with_tools: true }]);
    assert_eq!(turn.messages().len(), keep + 1);
    assert_eq!(turn.messages()[0], Message::Summary { text: "they counted".into(), foreign: Vec::new() });
}

#[test]
fn a_window_that_is_smaller_than_believed_is_met_once() {
    let old: Vec<_> = (0..10).map(|n| Message::user(format!("{n} {}", "word ".repeat(300)))).collect();
    let mut turn = Turn::new(old, Limits::default(), 100, 0);
    turn.start();
    let too_long = || ModelError::TooLong { model: "small".into(), reason: "4096".into() };
    let effects = turn.handle(Event::Model(Err(too_long())));
    assert!(matches!(effects[..], [Effect::Summarise { .. }]));
    turn.handle(Event::Summarised(Ok("short".into())));
    let effects = turn.handle(Event::Model(Err(too_long())));
    assert_eq!(finished(&effects), Some(&End::Failed(too_long())));
}

#[test]
fn repeated_call_ids_are_told_apart_and_floods_are_bounded() {
    let mut turn = turn(vec![Message::user("x")]);
    turn.start();
    let ids: Vec<&str> = std::iter::repeat_n("same", 40).collect();
    let effects = model(&mut turn, calls(&ids));
    let made = effects.iter().find_map(|e| if let Effect::CallTools { calls, .. } = e { Some(calls) } else { None });
    let made = made.expect("calls are made");
    assert_eq!(made.len(), CALLS_PER_STEP);
    assert_eq!(made.iter().map(|(_, call)| &call.id).collect::<HashSet<_>>().len(), CALLS_PER_STEP);
    let refused = effects.iter().filter(|e| matches!(e, Effect::Record(m) if matches!(m[0], Message::Tool(_)))).count();
    assert_eq!(refused, 40 - CALLS_PER_STEP);
}

#[test]
fn a_huge_result_is_shortened_to_what_the_window_bears() {
    let mut turn = turn(vec![Message::user("x")]);
    turn.start();
    model(&mut turn, calls(&["a"]));
    turn.handle(Event::Tool(ToolResult { text: "x".repeat(1_000_000), ..result("a") }));
    let Some(Message::Tool(kept)) = turn.messages().last() else { panic!("the result is kept") };
    assert!(kept.text.len() < 101_000 && kept.text.ends_with("more characters left out]"));
}

fn cut(reply: ModelReply) -> ModelReply {
    ModelReply { cut: true, ..reply }
}

#[test]
fn a_call_of_an_answer_that_was_cut_is_never_made_and_the_model_is_told_how_to_go_on() {
    let mut turn = turn(vec![Message::user("write it")]);
    turn.start();
    let half = ToolCall { input: json!("{\"path\":\"a.md\",\"content\":\"half"), ..call("a", "write") };
    let whole = call("b", "read");
    let usage = Usage { output: 4_096, ..Usage::default() };
    let effects = model(&mut turn, cut(ModelReply { calls: vec![half, whole], usage, ..ModelReply::default() }));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::CallTools { .. })), "{effects:?}");
    let Effect::Record(entries) = &effects[0] else { panic!("{effects:?}") };
    let [Message::Assistant { calls, .. }, Message::Tool(write), Message::Tool(read)] = &entries[..] else {
        panic!("call and results are recorded together: {entries:?}")
    };
    assert_eq!(calls[0].input, json!({"_cut": "{\"path\":\"a.md\",\"content\":\"half"}));
    assert!(write.failed && write.text.contains("cut at 4096 tokens") && write.text.contains("`append`"), "{write:?}");
    assert!(read.failed && read.text.contains("Nothing was done"), "{read:?}");
    assert_eq!(effects.last(), Some(&Effect::AskModel { with_tools: true }));
}

#[test]
fn answers_that_are_cut_again_and_again_come_to_an_end() {
    let mut turn = turn(vec![Message::user("write it")]);
    turn.start();
    for _ in 0..MOST_CUTS {
        assert_eq!(finished(&model(&mut turn, cut(calls(&["a"])))), None);
    }
    let effects = model(&mut turn, cut(calls(&["a"])));
    let Some(End::Answered(answer)) = finished(&effects) else { panic!("{effects:?}") };
    assert_eq!(answer.silence, Some(Silence::CallsCut));
}

#[test]
fn an_empty_answer_is_asked_for_once_more_and_then_explained() {
    let empty = |ending, reasoned, cut| ModelReply { ending, reasoned, cut, ..ModelReply::default() };
    let cases = [
        (empty(Ending::Done, false, false), Silence::Unexplained),
        (empty(Ending::Done, true, false), Silence::OnlyReasoned),
        (empty(Ending::Done, true, true), Silence::ReasonedToTheLimit),
        (empty(Ending::Refused, false, false), Silence::Refused),
        (empty(Ending::Filtered, false, false), Silence::Filtered),
        (empty(Ending::WindowFull, false, true), Silence::WindowFull),
        (empty(Ending::CallUnreadable, false, false), Silence::CallUnreadable),
    ];
    for (reply, why) in cases {
        let mut turn = turn(vec![Message::user("hello")]);
        turn.start();
        assert_eq!(model(&mut turn, reply.clone()), [Effect::AskModel { with_tools: true }]);
        let effects = model(&mut turn, reply);
        let Some(End::Answered(answer)) = finished(&effects) else { panic!("{effects:?}") };
        assert_eq!(answer.silence, Some(why));
    }
    let mut turn = turn(vec![Message::user("hello")]);
    turn.start();
    model(&mut turn, says(" "));
    assert!(matches!(finished(&model(&mut turn, says("hi"))), Some(End::Answered(Answer { silence: None, .. }))));
}

#[test]
fn a_long_conversation_that_is_refused_in_unknown_words_is_summarised_once() {
    let refused = |summarised| ModelError::Rejected { address: "a".into(), reason: "nope".into(), summarised };
    let old: Vec<_> = (0..10).map(|n| Message::user(format!("{n} {}", "word ".repeat(300)))).collect();
    let mut long = turn(old);
    long.start();
    assert!(matches!(long.handle(Event::Model(Err(refused(false))))[..], [Effect::Summarise { .. }]));
    long.handle(Event::Summarised(Ok("short".into())));
    assert_eq!(finished(&long.handle(Event::Model(Err(refused(false))))), Some(&End::Failed(refused(true))));

    let mut short = turn(vec![Message::user("hello")]);
    short.start();
    assert_eq!(finished(&short.handle(Event::Model(Err(refused(false))))), Some(&End::Failed(refused(false))));
}

#[test]
fn a_result_too_large_for_the_window_is_shortened_before_the_model_is_asked_again() {
    let said = Message::Assistant { text: String::new(), calls: vec![call("a", "read")], state: None };
    let large = ToolResult { text: "x".repeat(60_000), ..result("a") };
    let mut turn = turn(vec![Message::user("x"), said, Message::Tool(large)]);
    turn.start();
    let too_long = ModelError::TooLong { model: "small".into(), reason: "8192".into() };
    turn.handle(Event::Model(Err(too_long)));
    assert!(budget::conversation_tokens(turn.messages()) < 8_000);
}

#[test]
fn state_goes_into_the_history_with_its_message() {
    let state = crate::message::ServerState { from: "x".into(), ..Default::default() };
    let mut turn = turn(vec![Message::user("x")]);
    turn.start();
    model(&mut turn, ModelReply { state: Some(Box::new(state.clone())), ..calls(&["a"]) });
    assert!(matches!(&turn.messages()[1], Message::Assistant { state: Some(kept), .. } if **kept == state));
}
