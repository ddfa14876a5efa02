//! Forgetting on request. The owner is asked first; what a request means is decided here.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::Failure;
use steward_sdk::memory::{self, Forgetting};

/// What to forget.
#[derive(Deserialize, JsonSchema)]
pub struct Control {
    /// `clear_vector` with `level` forgets searchable conversations, `reset_memory` with `scope` more.
    action: Action,
    level: Option<Level>,
    /// `vector` searchable conversations, `short_term` this one, `summary` its beginning, `user_data` what
    /// user_data_get shows, `all` everything, with the files.
    scope: Option<Scope>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    ClearVector,
    ResetMemory,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Level {
    Short,
    Medium,
    Long,
    All,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Scope {
    All,
    Vector,
    ShortTerm,
    Summary,
    UserData,
}

pub fn control(arguments: Control) -> Result<String, Failure> {
    memory::forget(meant(&arguments)?)
}

/// What is to be forgotten. Nothing is guessed: it does not come back.
fn meant(arguments: &Control) -> Result<Forgetting, Failure> {
    match (arguments.action, arguments.level, arguments.scope) {
        (Action::ClearVector, Some(level), None) => Ok(match level {
            Level::Short => Forgetting::LevelShort,
            Level::Medium => Forgetting::LevelMedium,
            Level::Long => Forgetting::LevelLong,
            Level::All => Forgetting::Vector,
        }),
        (Action::ResetMemory, None, Some(scope)) => Ok(match scope {
            Scope::All => Forgetting::All,
            Scope::Vector => Forgetting::Vector,
            Scope::ShortTerm => Forgetting::ShortTerm,
            Scope::Summary => Forgetting::Summary,
            Scope::UserData => Forgetting::UserData,
        }),
        (Action::ClearVector, ..) => Err(Failure::invalid(
            "`clear_vector` takes `level` (short, medium, long or all) and no `scope`: say which level",
        )),
        (Action::ResetMemory, ..) => Err(Failure::invalid(
            "`reset_memory` takes `scope` (all, vector, short_term, summary or user_data) and no `level`: say which",
        )),
    }
}

#[cfg(test)]
mod tests {
    use steward_sdk::serde_json::{Value, from_value, json};

    use super::*;

    fn asked(input: Value) -> Result<Forgetting, Failure> {
        meant(&from_value(input).unwrap())
    }

    #[test]
    fn every_request_has_its_meaning() {
        for (level, what) in [
            ("short", Forgetting::LevelShort),
            ("medium", Forgetting::LevelMedium),
            ("long", Forgetting::LevelLong),
            ("all", Forgetting::Vector),
        ] {
            assert_eq!(asked(json!({"action": "clear_vector", "level": level})).unwrap(), what);
        }
        for (scope, what) in [
            ("all", Forgetting::All),
            ("vector", Forgetting::Vector),
            ("short_term", Forgetting::ShortTerm),
            ("summary", Forgetting::Summary),
            ("user_data", Forgetting::UserData),
        ] {
            assert_eq!(asked(json!({"action": "reset_memory", "scope": scope})).unwrap(), what);
        }
    }

    #[test]
    fn nothing_is_forgotten_that_was_not_named() {
        for (input, told) in [
            (json!({"action": "clear_vector"}), "`level` (short"),
            (json!({"action": "clear_vector", "scope": "all"}), "`level` (short"),
            (json!({"action": "reset_memory"}), "`scope` (all"),
            (json!({"action": "reset_memory", "level": "all"}), "`scope` (all"),
            (json!({"action": "reset_memory", "level": "all", "scope": "all"}), "no `level`"),
        ] {
            assert!(matches!(asked(input), Err(Failure::Invalid(text)) if text.contains(told)), "{told}");
        }
    }
}
