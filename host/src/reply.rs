//! How a run's end is worded for the person.

use serde_json::Value;
use steward_agent::prompt;
use steward_agent::turn::{Answer, End};

use crate::config::Limits;
use crate::run::RunStart;
use crate::texts;

const TOOL_LINE_CHARS: usize = 100;

/// The message that ends a run; `None` when there is nothing to tell. `said` are the earlier steps' texts, `so_far` all
/// that was shown of an answer that was broken off.
pub(crate) fn text(start: &RunStart, limits: &Limits, end: &End, said: &[String], so_far: &str) -> Option<String> {
    let language = start.language;
    let note = match end {
        End::Answered(answer) if prompt::is_silence(start.principal.origin, &answer.text) => return None,
        End::Answered(answer) => {
            let whole = Answer { text: joined(said, &answer.text), ..answer.clone() };
            return Some(texts::answer(language, &whole));
        }
        End::Stopped => texts::stopped(language),
        End::OutOfTime => texts::out_of_time(language, limits.seconds),
        End::Failed(error) => texts::model_failed(language, &start.principal.role, error),
    };
    let so_far = so_far.trim();
    Some(if so_far.is_empty() { note } else { format!("{so_far}\n\n{note}") })
}

/// The texts of all steps as one message.
pub(crate) fn joined(said: &[String], last: &str) -> String {
    let parts = said.iter().map(String::as_str).chain([last.trim()]).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

/// One line that shows a tool call: its name and the beginning of its arguments.
pub(crate) fn tool_line(name: &str, input: &Value) -> String {
    let arguments = match input {
        Value::Object(fields) => fields.values().map(plain).collect::<Vec<_>>().join(" · "),
        other => plain(other),
    };
    let line: String = format!("🔧 {name} {arguments}").split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TOOL_LINE_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use steward_agent::{Address, Language, Origin, PersonId, Principal, Role, SessionId};
    use steward_store::RunId;

    use super::*;

    fn start(origin: Origin) -> RunStart {
        let session = SessionId("owner/1/telegram".into());
        let principal = Principal { person: PersonId(1), name: "Olga".into(), role: Role::Owner, session, origin };
        let address = Address { channel: "telegram".into(), chat: "1".into() };
        let language = Language::En;
        RunStart { id: RunId(1), principal, language, address, model: None, draft: None, resumed: false }
    }

    #[test]
    fn a_heartbeat_with_nothing_to_tell_is_silent() {
        let answered = |text: &str| End::Answered(Answer { text: text.into(), ..Answer::default() });
        let told = |origin, end| text(&start(origin), &Limits::default(), &end, &[], "");
        assert_eq!(told(Origin::Heartbeat, answered("**HEARTBEAT_OK**")), None);
        assert!(told(Origin::Heartbeat, answered("The backup is old.")).is_some());
        assert!(told(Origin::Chat, answered("HEARTBEAT_OK")).is_some());
    }

    #[test]
    fn a_tool_call_is_one_short_line() {
        let line = tool_line("write", &json!({"path": "a.md", "content": "one\ntwo ".repeat(100)}));
        assert!(line.starts_with("🔧 write") && !line.contains('\n') && line.chars().count() <= 101, "{line}");
    }

    #[test]
    fn the_steps_texts_become_one_message() {
        assert_eq!(joined(&["Let me look.".into()], "It is 42. "), "Let me look.\n\nIt is 42.");
        assert_eq!(joined(&[], " done"), "done");
    }
}
