//! The triggers plugin: subscriptions to events, each with a prompt for when it happens.
//!
//! Which kinds of events there are, and that each wakes the assistant once, is the host's business.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use steward_sdk::events::{self, Kind, NewSubscription, Subscription};
use steward_sdk::{Failure, NoArguments, Output};

steward_sdk::plugin! {
    /// Wakes you whenever something happens. `type` `file` with `config` `{"path": "uploads"}`: something there
    /// changes; `task` with `{}` or `{"user": "Anna"}`: a given task changes; list_triggers tells all types. For a time
    /// use schedule_task.
    subscribe_trigger: write, requires ["events"] => subscribe_trigger;

    /// Drops a subscription, by its id in list_triggers.
    unsubscribe_trigger: write, requires ["events"] => unsubscribe_trigger;

    /// Lists subscriptions with ids, and the types of events.
    list_triggers: read, requires ["events"] => list_triggers;
}

/// What is to be watched for, and what is to be done then.
#[derive(Deserialize, JsonSchema)]
pub struct SubscribeTrigger {
    r#type: String,
    #[serde(default)]
    config: Map<String, Value>,
    /// What you are to do then, complete in itself: this conversation is not remembered.
    prompt: String,
    /// Names or ids; else who asks.
    recipients: Option<Vec<String>>,
}

fn subscribe_trigger(arguments: SubscribeTrigger) -> Result<Output, Failure> {
    let made = events::subscribe(&NewSubscription {
        kind: arguments.r#type.trim().to_owned(),
        settings: Value::Object(arguments.config).to_string(),
        prompt: arguments.prompt,
        recipients: arguments.recipients.unwrap_or_default(),
    })?;
    Ok(Output::from(format!("Subscribed to {}.", subject(&made))).structured(row(&made)))
}

/// Which subscription to drop.
#[derive(Deserialize, JsonSchema)]
pub struct UnsubscribeTrigger {
    subscription_id: String,
}

fn unsubscribe_trigger(arguments: UnsubscribeTrigger) -> Result<Output, Failure> {
    let id = arguments.subscription_id.trim().trim_start_matches('#');
    if id.is_empty() {
        return Err(Failure::invalid("`subscription_id` is empty: list_triggers shows the ids"));
    }
    let dropped = events::unsubscribe(id)?;
    Ok(Output::from(format!("Dropped the subscription to {}.", subject(&dropped))).structured(row(&dropped)))
}

fn list_triggers(_: NoArguments) -> Result<Output, Failure> {
    let subscriptions = events::list()?;
    let mut lines: Vec<_> = subscriptions.iter().map(line).collect();
    if lines.is_empty() {
        lines.push("Nothing is watched for.".to_owned());
    }
    lines.push("Types of events:".to_owned());
    lines.extend(events::kinds().iter().map(kind));
    Ok(Output::from(lines.join("\n")).structured(subscriptions.iter().map(row).collect::<Value>()))
}

/// `file {"path":"notes"} (id 3)`
fn subject(one: &Subscription) -> String {
    format!("{} {} (id {})", one.kind, one.settings, one.id)
}

fn line(one: &Subscription) -> String {
    let last = one.last.as_deref().map(|at| format!(", last {}", at.replace('T', " "))).unwrap_or_default();
    let people = match one.recipients.as_slice() {
        [] => String::new(),
        people => format!(", for {}", people.join(", ")),
    };
    format!("- {}{last}{people}, to do: {}", subject(one), one.prompt)
}

fn kind(one: &Kind) -> String {
    format!("- {}: {} Config: {}", one.name, one.description, one.settings_schema)
}

fn row(one: &Subscription) -> Value {
    json!({
        "id": one.id,
        "type": one.kind,
        "config": serde_json::from_str::<Value>(&one.settings).unwrap_or_default(),
        "prompt": one.prompt,
        "recipients": one.recipients,
        "last": one.last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_shown_with_all_there_is_to_know() {
        let mut one = Subscription {
            id: "3".to_owned(),
            kind: "file".to_owned(),
            settings: r#"{"path":"notes"}"#.to_owned(),
            prompt: "look".to_owned(),
            recipients: vec![],
            last: None,
        };
        assert_eq!(line(&one), r#"- file {"path":"notes"} (id 3), to do: look"#);
        one.last = Some("2026-11-20T14:05:00".to_owned());
        one.recipients = vec!["Anna".to_owned(), "Boris".to_owned()];
        assert_eq!(
            line(&one),
            r#"- file {"path":"notes"} (id 3), last 2026-11-20 14:05:00, for Anna, Boris, to do: look"#
        );
        assert_eq!(row(&one)["config"], json!({ "path": "notes" }));
    }
}
