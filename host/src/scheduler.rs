//! Fires scheduled work when it is due. A job and what it sets going change in one transaction, so it fires once also
//! when the process ends in between. The wall clock is asked anew at least every half minute: one that jumps is
//! noticed, and nothing is slept through.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use steward_agent::{Address, Origin, Outgoing, PersonId, Wake};
use steward_store::{Job, Person, StoreError};

use crate::app::Host;
use crate::{texts, uploads};

const LOOK_EVERY: Duration = Duration::from_secs(30);
/// A clock set back by more than this has gone ahead before; smaller corrections are everyday.
const SET_BACK: SignedDuration = SignedDuration::from_mins(10);
/// Sent messages and handled ones are kept this long.
const KEEP: SignedDuration = SignedDuration::from_hours(24 * 14);
const PURGE_EVERY: SignedDuration = SignedDuration::from_hours(24);

pub(crate) async fn run(host: Arc<Host>) {
    let mut purged = None;
    let mut last = Timestamp::now();
    while !host.stop.is_cancelled() {
        let now = Timestamp::now();
        if now + SET_BACK < last
            && let Err(error) = bring_forward(&host, now).await
        {
            tracing::error!(%error, "after the clock was set back, what repeats could not be planned anew");
        }
        last = now;
        if let Err(error) = fire_due(&host, now).await {
            tracing::error!(%error, "scheduled work could not be fired; trying again");
        }
        if purged.is_none_or(|at| now - PURGE_EVERY > at) {
            purged = Some(now);
            if let Err(error) = host.store.purge(now - KEEP).await {
                tracing::warn!(%error, "old messages were not cleared away");
            }
            forget_outsiders(&host, now).await;
            if let Err(error) = host.store.forget_recordings(now - host.config.audit.keep).await {
                tracing::warn!(%error, "old recordings were not cleared away");
            }
        }
        tokio::select! {
            () = host.store.jobs_changed().notified() => {}
            () = tokio::time::sleep(until_next(&host).await) => {}
            () = host.stop.cancelled() => {}
        }
    }
}

/// Deletes what outsiders sent longer ago than it is kept.
async fn forget_outsiders(host: &Host, now: Timestamp) {
    let kept = SignedDuration::from_hours(24 * i64::from(host.config.admission.limits.keep_days));
    let outsiders = match host.store.forget_outsiders(now - kept).await {
        Ok(outsiders) => outsiders,
        Err(error) => return tracing::warn!(%error, "what outsiders sent long ago was not cleared away"),
    };
    let (data, before) = (host.config.data.clone(), std::time::SystemTime::from(now - kept));
    if let Err(error) = tokio::task::spawn_blocking(move || uploads::forget(&data, &outsiders, before)).await {
        tracing::warn!(%error, "old files of outsiders were not cleared away");
    }
}

/// What repeats was planned by a clock that went ahead: plans it anew, lest it be silent until then.
async fn bring_forward(host: &Host, now: Timestamp) -> Result<(), StoreError> {
    tracing::warn!(%now, "the clock was set back; what repeats is planned anew");
    for job in host.store.repeating_jobs().await? {
        let next = job.repeat.as_ref().and_then(|repeat| repeat.next_after(&host.config.time_zone, now));
        if let Some(next) = next.filter(|next| *next < job.next) {
            host.store.fire_job(&job, Vec::new(), Vec::new(), Some(next), now).await?;
        }
    }
    Ok(())
}

async fn until_next(host: &Host) -> Duration {
    let next = host.store.next_due().await.ok().flatten();
    next.map_or(LOOK_EVERY, |at| until(at, Timestamp::now()))
}

/// How long to sleep for work due at `at`: never longer than the clock can be trusted.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    let left = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    // A millisecond more, for the store keeps milliseconds and timers may be early.
    (left + Duration::from_millis(1)).clamp(Duration::from_millis(50), LOOK_EVERY)
}

/// Fires all that is due.
pub(crate) async fn fire_due(host: &Host, now: Timestamp) -> Result<(), StoreError> {
    for job in host.store.due_jobs(now).await? {
        let people = people_of(host, &job).await?;
        let fired = firing(host, &job, &people, now);
        let next = job.repeat.as_ref().and_then(|repeat| repeat.next_after(&host.config.time_zone, now));
        let title = job.title.clone();
        if host.store.fire_job(&job, fired.messages, fired.wakes, next, now).await? {
            tracing::info!(job = %job.id, title, "scheduled work fired");
        }
    }
    Ok(())
}

async fn people_of(host: &Host, job: &Job) -> Result<BTreeMap<PersonId, Person>, StoreError> {
    let mut people = BTreeMap::new();
    for id in job.recipients.iter().copied().chain([job.owner]) {
        if let Some(person) = host.store.person(id).await? {
            people.insert(id, person);
        }
    }
    Ok(people)
}

#[derive(Debug, Default, PartialEq)]
struct Firing {
    messages: Vec<Outgoing>,
    wakes: Vec<Wake>,
}

/// What a due job sets going: reminders as messages, a prompt as a run of its owner.
fn firing(host: &Host, job: &Job, people: &BTreeMap<PersonId, Person>, now: Timestamp) -> Firing {
    // What somebody is banned from doing is not done for them later.
    if people.get(&job.owner).is_none_or(|owner| owner.banned) {
        return Firing::default();
    }
    let to: Vec<PersonId> = if job.recipients.is_empty() { vec![job.owner] } else { job.recipients.clone() };
    if let Some(prompt) = &job.prompt {
        return Firing { messages: Vec::new(), wakes: vec![wake(job, prompt, &to, people)] };
    }
    let messages = to.iter().filter_map(|id| {
        let person = people.get(id)?;
        let language = person.language.unwrap_or(host.config.language);
        let text = texts::reminder(language, &job.title, job.next, now, &host.config.time_zone);
        let to = address_for(job, person)?;
        Some(Outgoing { to, text, draft: None, unasked: true })
    });
    let mut messages: Vec<_> = messages.collect();
    if messages.is_empty() {
        // Nobody it is for can be reached: better the one who asked for it than nobody.
        let text = texts::reminder(host.config.language, &job.title, job.next, now, &host.config.time_zone);
        messages.push(Outgoing { to: job.address.clone(), text, draft: None, unasked: true });
    }
    Firing { messages, wakes: Vec::new() }
}

fn wake(job: &Job, prompt: &str, to: &[PersonId], people: &BTreeMap<PersonId, Person>) -> Wake {
    let others: Vec<String> =
        to.iter().filter(|id| **id != job.owner).filter_map(|id| people.get(id)).map(Person::reference).collect();
    let mut text = format!("[scheduled: {}]\n{prompt}", job.title);
    if let Some(line) = texts::send_result_to(&others) {
        text.push_str(&format!("\n{line}"));
    }
    Wake {
        person: job.owner,
        origin: Origin::Schedule,
        address: job.address.clone(),
        prompt: text,
        model: job.model.clone(),
    }
}

/// The one who asked for it is reminded where they asked, others where they were last heard from.
fn address_for(job: &Job, person: &Person) -> Option<Address> {
    match () {
        () if person.banned => None,
        () if person.id == job.owner => Some(job.address.clone()),
        () => person.address.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn sleep_never_outlasts_a_clock_that_jumps() {
        let now = at("2026-11-20T09:00:00Z");
        assert_eq!(until(at("2026-11-20T09:00:10Z"), now), Duration::from_millis(10_001));
        assert_eq!(until(at("2027-11-20T09:00:00Z"), now), LOOK_EVERY);
        // The clock was set forward: what is overdue is looked at soon, not in a tight loop.
        assert_eq!(until(at("2020-01-01T00:00:00Z"), now), Duration::from_millis(50));
    }
}
