//! Scheduled work: reminders and prompts that are due. It is looked at exactly when the next is, and when what is scheduled
//! changes. A wall clock that was set is noticed at the next look, so nothing is slept through.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use steward_agent::{Address, ForeignPart, Language, Origin, Outgoing, PersonId, Source, Wake};
use steward_store::{Firing, Job, Mark, Person, Store, StoreError};

use crate::executor::ANYWAY;
use crate::provenance::Provenance;
use crate::send_result_to;
use crate::source::{Found, Look, Wakes};

/// A clock set back by more than this has gone ahead before; smaller corrections are everyday.
const SET_BACK: SignedDuration = SignedDuration::from_mins(10);

/// How a reminder is worded: language, title, when it was due, now, the zone.
pub type Words = fn(Language, &str, Timestamp, Timestamp, &TimeZone) -> String;

/// How reminders are written.
#[derive(Clone)]
pub struct Reminders {
    /// The zone in which times of day are meant.
    pub time_zone: TimeZone,
    /// For people of whom no language is known.
    pub language: Language,
    pub words: Words,
}

pub struct Schedule {
    store: Store,
    provenance: Arc<dyn Provenance>,
    reminders: Reminders,
    /// The wall clock at the last look.
    last: Mutex<Option<Timestamp>>,
}

impl Schedule {
    pub fn new(store: Store, provenance: Arc<dyn Provenance>, reminders: Reminders) -> Self {
        Self { store, provenance, reminders, last: Mutex::default() }
    }

    fn was_set_back(&self, now: Timestamp) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.replace(now).is_some_and(|last| now + SET_BACK < last)
    }

    /// What repeats was planned by a clock that went ahead: plans it again, lest it be silent until then.
    async fn brought_forward(&self, now: Timestamp) -> Result<Vec<Found>, StoreError> {
        let mut found = Vec::new();
        for job in self.store.repeating_jobs().await? {
            if let Some(next) = self.next(&job, now).filter(|next| *next < job.next) {
                let what = format!("job {} is planned again for {next}", job.id);
                let mark = Mark::job(&job, Some(next));
                found.push(Found { what, firing: Firing { mark, messages: Vec::new(), wakes: Vec::new() } });
            }
        }
        Ok(found)
    }

    fn next(&self, job: &Job, now: Timestamp) -> Option<Timestamp> {
        job.repeat.as_ref().and_then(|repeat| repeat.next_after(&self.reminders.time_zone, now))
    }

    async fn due(&self, job: &Job, now: Timestamp) -> Result<Found, StoreError> {
        let people = self.people(job).await?;
        let mark = Mark::job(job, self.next(job, now));
        let mut firing = firing(job, &people, &self.reminders, mark, now);
        if let Some(prompt) = &job.prompt
            && self.provenance.is_prompt_foreign(prompt).await?
        {
            for wake in &mut firing.wakes {
                wake.foreign = Some(ForeignPart::whole(&wake.prompt, Source::Memory(job.title.clone())));
            }
        }
        Ok(Found { what: format!("job {}: {}", job.id, job.title), firing })
    }

    async fn people(&self, job: &Job) -> Result<BTreeMap<PersonId, Person>, StoreError> {
        let mut people = BTreeMap::new();
        for id in job.recipients.iter().copied().chain([job.owner]) {
            if let Some(person) = self.store.person(id).await? {
                people.insert(id, person);
            }
        }
        Ok(people)
    }
}

#[async_trait]
impl Wakes for Schedule {
    fn name(&self) -> &'static str {
        "schedule"
    }

    async fn look(&self, now: Timestamp) -> Result<Look, StoreError> {
        if self.was_set_back(now) {
            tracing::warn!(%now, "the clock was set back; what repeats is planned again");
            let found = self.brought_forward(now).await?;
            // What is due by the clock as it is now is found after that.
            return Ok(Look { found, again: Some(Duration::ZERO) });
        }
        let mut found = Vec::new();
        let next = self.store.next_due().await?;
        // What repeats is due again later, which the store tells once it is written.
        if next.is_some_and(|at| at <= now) {
            for job in self.store.due_jobs(now).await? {
                found.push(self.due(&job, now).await?);
            }
        }
        Ok(Look { found, again: next.map(|at| until(at, now)) })
    }

    async fn told(&self) {
        self.store.jobs_changed().notified().await;
    }
}

/// How long to sleep for work due at `at`: never longer than the clock can be trusted.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    let left = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    // A millisecond more, for the store keeps milliseconds and timers may be early.
    (left + Duration::from_millis(1)).clamp(Duration::from_millis(50), ANYWAY)
}

/// What a due job sets going: reminders as messages, a prompt as a run of its owner.
fn firing(job: &Job, people: &BTreeMap<PersonId, Person>, reminders: &Reminders, mark: Mark, now: Timestamp) -> Firing {
    let firing = Firing { mark, messages: Vec::new(), wakes: Vec::new() };
    // What somebody is banned from doing is not done for them later.
    if people.get(&job.owner).is_none_or(|owner| owner.banned) {
        return firing;
    }
    let to: Vec<PersonId> = if job.recipients.is_empty() { vec![job.owner] } else { job.recipients.clone() };
    if let Some(prompt) = &job.prompt {
        return Firing { wakes: vec![wake(job, prompt, &to, people)], ..firing };
    }
    let reminder = |language: Option<Language>, to: Address| {
        let language = language.unwrap_or(reminders.language);
        let text = (reminders.words)(language, &job.title, job.next, now, &reminders.time_zone);
        Outgoing { to, text, draft: None, unasked: true }
    };
    let people = to.iter().filter_map(|id| people.get(id));
    let messages = people.filter_map(|person| Some(reminder(person.language, address_for(job, person)?)));
    let mut messages: Vec<_> = messages.collect();
    if messages.is_empty() {
        // Nobody it is for can be reached: better the one who asked for it than nobody.
        messages.push(reminder(None, job.address.clone()));
    }
    Firing { messages, ..firing }
}

fn wake(job: &Job, prompt: &str, to: &[PersonId], people: &BTreeMap<PersonId, Person>) -> Wake {
    let others = to.iter().filter(|id| **id != job.owner).filter_map(|id| people.get(id));
    let others: Vec<String> = others.map(Person::reference).collect();
    let mut text = format!("[scheduled: {}]\n{prompt}", job.title);
    if let Some(line) = send_result_to(&others) {
        text.push_str(&format!("\n{line}"));
    }
    Wake {
        foreign: None,
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
        assert_eq!(until(at("2027-11-20T09:00:00Z"), now), ANYWAY);
        // The clock was set forward: what is overdue is looked at soon, not in a tight loop.
        assert_eq!(until(at("2020-01-01T00:00:00Z"), now), Duration::from_millis(50));
    }
}
