//! Looks now and then whether something happened that is watched for, and wakes the assistant with the prompt that was
//! kept for it. What is seen and the wake change in one transaction, so an event wakes once.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use steward_agent::{Origin, Wake};
use steward_sandbox::Event;
use steward_store::{StoreError, Subscription};

use crate::app::Host;
use crate::texts;

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// What happens sooner after an event is told with the next one, lest a run that changes what it watches goes round and
/// round.
const REST: SignedDuration = SignedDuration::from_secs(60);

pub(crate) async fn run(host: Arc<Host>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = host.stop.cancelled() => return,
        }
        if let Err(error) = look(&host).await {
            tracing::error!(%error, "what is watched for could not be looked at; trying again");
        }
    }
}

async fn look(host: &Host) -> Result<(), StoreError> {
    let watched = host.store.subscriptions().await?;
    if watched.is_empty() {
        return Ok(());
    }
    let (owners, now) = (host.store.owners().await?, Timestamp::now());
    // Of somebody who is no owner any more nothing is watched.
    let watched = watched.into_iter().filter(|one| owners.iter().any(|owner| owner.id == one.owner));
    for one in watched.filter(|one| is_rested(one, now)) {
        match host.plugins.catalogue().event(&one).await {
            Ok(Some(event)) => fire(host, &one, event, now).await?,
            Ok(None) => {}
            Err(error) => tracing::warn!(subscription = %one.id, error, "an event cannot be looked for"),
        }
    }
    Ok(())
}

/// A clock that was set back must not silence it.
fn is_rested(one: &Subscription, now: Timestamp) -> bool {
    one.fired_at.is_none_or(|at| now.duration_since(at).abs() >= REST)
}

async fn fire(host: &Host, one: &Subscription, event: Event, now: Timestamp) -> Result<(), StoreError> {
    let mut others = Vec::new();
    for id in one.recipients.iter().filter(|id| **id != one.owner) {
        others.extend(host.store.person(*id).await?.map(|person| person.reference()));
    }
    let wake = Wake {
        person: one.owner,
        origin: Origin::Trigger,
        address: one.address.clone(),
        prompt: prompt(one, &event.news, &others),
        model: None,
    };
    if host.store.fire_subscription(one, event.seen, wake, now).await? {
        tracing::info!(subscription = %one.id, kind = one.kind, "an event woke the assistant");
    }
    Ok(())
}

fn prompt(one: &Subscription, news: &[String], others: &[String]) -> String {
    let mut text = format!("[event: {} {}]\n{}\n\nWhat happened:", one.kind, one.id, one.prompt);
    for line in news {
        text.push_str(&format!("\n- {line}"));
    }
    if let Some(line) = texts::send_result_to(others) {
        text.push_str(&format!("\n\n{line}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use steward_agent::{Address, PersonId};
    use steward_store::SubscriptionId;

    use super::*;

    fn subscription(fired_at: Option<&str>) -> Subscription {
        Subscription {
            id: SubscriptionId(3),
            owner: PersonId(1),
            address: Address { channel: "terminal".to_owned(), chat: "owner".to_owned() },
            kind: "file".to_owned(),
            settings: serde_json::json!({ "path": "notes" }),
            prompt: "Tell me what is new.".to_owned(),
            recipients: Vec::new(),
            seen: String::new(),
            fired_at: fired_at.map(|at| at.parse().unwrap()),
        }
    }

    #[test]
    fn the_assistant_reads_what_it_was_asked_and_what_happened() {
        let told = prompt(&subscription(None), &["added: `notes/a.md`".to_owned()], &["Anna".to_owned()]);
        let wanted = "[event: file 3]\nTell me what is new.\n\nWhat happened:\n- added: `notes/a.md`\n\nSend the result to: Anna.";
        assert_eq!(told, wanted);
    }

    #[test]
    fn it_rests_after_an_event_whatever_the_clock_does() {
        let now = "2026-11-20T09:00:00Z".parse().unwrap();
        assert!(is_rested(&subscription(None), now));
        assert!(!is_rested(&subscription(Some("2026-11-20T08:59:30Z")), now));
        assert!(is_rested(&subscription(Some("2026-11-20T08:59:00Z")), now));
        assert!(is_rested(&subscription(Some("2026-11-20T12:00:00Z")), now));
    }
}
