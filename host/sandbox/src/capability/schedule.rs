//! `schedule`: reminders and prompts for later. A person sees and cancels their own work only; when it is due, the
//! host's scheduler does it.

use jiff::{SignedDuration, Timestamp};
use steward_agent::PersonId;
use steward_store::{Job, JobId, NewJob, Repeat};
use wasmtime::component::{HasSelf, Linker};

use crate::argument::{number, optional, required};
use crate::backing::Backing;
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::grant::Access;
use crate::state::CallState;
use crate::wall;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "schedule",
    summary: (
        "Schedule reminders and work for later, see them and cancel them.",
        "Планировать напоминания и работу на потом, смотреть и отменять их.",
    ),
    interfaces: &["steward:plugin/schedule"],
    levels: false,
    owner: Access::Write,
    group: Access::None,
    external: Access::None,
    link,
};

/// The longest title and prompt, in characters.
const TITLE_CHARS: usize = 500;
const PROMPT_CHARS: usize = 8000;
const MODEL_CHARS: usize = 200;
/// The most people one job goes to.
const RECIPIENTS: usize = 20;
/// What repeats at a distance, repeats at least this many seconds apart.
const LEAST_SECONDS: u32 = 60;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::schedule::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl wit::schedule::Host for CallState {
    async fn create(&mut self, job: wit::schedule::NewJob) -> Result<wit::schedule::Job, Failure> {
        let key = self.next_key();
        let title = required("title", &job.title, TITLE_CHARS)?;
        let prompt = optional("prompt", job.prompt.as_deref(), PROMPT_CHARS)?;
        let model = optional("model", job.model.as_deref(), MODEL_CHARS)?;
        let now = self.timestamp();
        let (next, repeat) = self.first_time(&job.due, now)?;
        let owner = self.principal.person;
        let recipients = self.backing.recipients(&job.recipients).await?;
        let address = self.backing.address(owner).await?;
        let new = NewJob { owner, address, title, prompt, model, next, repeat, recipients };
        let job = self.backing.store.create_job(new, Some(&key), now).await?;
        self.dealt(&job.recipients).await?;
        self.backing.described(job).await
    }

    async fn list(&mut self) -> Result<Vec<wit::schedule::Job>, Failure> {
        let mut listed = Vec::new();
        for job in self.backing.store.list_jobs(self.principal.person).await? {
            listed.push(self.backing.described(job).await?);
        }
        Ok(listed)
    }

    async fn cancel(&mut self, id: String) -> Result<wit::schedule::Job, Failure> {
        let id = JobId(number("id", &id)?);
        let job = self.backing.store.cancel_job(self.principal.person, id).await?;
        self.backing.described(job).await
    }
}

impl CallState {
    /// When work is due for the first time, and how it repeats.
    fn first_time(&self, due: &wit::schedule::Due, now: Timestamp) -> Result<(Timestamp, Option<Repeat>), Failure> {
        use wit::schedule::Due;
        let zone = &self.backing.time_zone;
        let (next, repeat) = match due {
            Due::After(seconds) => (now + SignedDuration::from_secs((*seconds).into()), None),
            Due::At(text) => (wall::moment(text, zone)?, None),
            Due::Every(seconds) if *seconds < LEAST_SECONDS => {
                let text = format!("every {seconds} seconds is too often: {LEAST_SECONDS} seconds is the least");
                return Err(Failure::Invalid(text));
            }
            Due::Every(seconds) => (now + SignedDuration::from_secs((*seconds).into()), Some(Repeat::Every(*seconds))),
            Due::Cron(text) => {
                let repeat = Repeat::parse_cron(text)?;
                let next = repeat.next_after(zone, now).ok_or_else(|| {
                    Failure::Invalid(format!("`{text}` never comes: give an expression that fits some day"))
                })?;
                (next, Some(repeat))
            }
        };
        Ok((wall::ahead(next, now, zone)?, repeat))
    }
}

impl Backing {
    /// The people named; none means the caller.
    pub(super) async fn recipients(&self, named: &[String]) -> Result<Vec<PersonId>, Failure> {
        if named.len() > RECIPIENTS {
            return Err(Failure::Invalid(format!(
                "`recipients` names {} people and may name {RECIPIENTS}",
                named.len()
            )));
        }
        let mut people = Vec::new();
        for query in named {
            let person = self.reachable(query).await?.id;
            if !people.contains(&person) {
                people.push(person);
            }
        }
        Ok(people)
    }

    /// What the people are called. Someone who is no longer known is shown by number.
    pub(super) async fn names(&self, people: &[PersonId]) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for id in people {
            let person = self.store.person(*id).await?;
            names.push(person.map_or_else(|| id.to_string(), |person| person.name));
        }
        Ok(names)
    }

    async fn described(&self, job: Job) -> Result<wit::schedule::Job, Failure> {
        let recipients = self.names(&job.recipients).await?;
        Ok(wit::schedule::Job {
            id: job.id.to_string(),
            title: job.title,
            prompt: job.prompt,
            next: wall::shown(job.next, &self.time_zone),
            repeat: job.repeat.map(|repeat| repeat.to_string()),
            recipients,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::wit::schedule::{Due, Host as _};
    use crate::fixture::Fixture;

    fn job(due: Due) -> wit::schedule::NewJob {
        wit::schedule::NewJob { title: " buy milk ".to_owned(), prompt: None, due, recipients: vec![], model: None }
    }

    #[tokio::test]
    async fn work_is_due_on_the_callers_wall_clock() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        for (due, next, repeat) in [
            (Due::After(60), "2026-11-20T14:06:00", None),
            (Due::At("2026-11-21T09:00:00".to_owned()), "2026-11-21T09:00:00", None),
            (Due::Cron("0 8 * * 1-5".to_owned()), "2026-11-23T08:00:00", Some("0 8 * * 1-5")),
            (Due::Every(90), "2026-11-20T14:06:30", Some("every 90 seconds")),
        ] {
            let made = owner.create(job(due)).await.unwrap();
            assert_eq!((made.title.as_str(), made.next.as_str(), made.repeat.as_deref()), ("buy milk", next, repeat));
            assert!(made.recipients.is_empty());
        }
        let next: Vec<String> = owner.list().await.unwrap().into_iter().map(|job| job.next).collect();
        assert_eq!(next, ["2026-11-20T14:06:00", "2026-11-20T14:06:30", "2026-11-21T09:00:00", "2026-11-23T08:00:00"]);
    }

    #[tokio::test]
    async fn what_cannot_be_is_told_with_the_current_time() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        for (due, told) in [
            (Due::At("2026-11-20T14:00:00".to_owned()), "it is 2026-11-20T14:05:00 now (Europe/Berlin)"),
            (Due::At("tomorrow".to_owned()), "2026-11-21T09:00:00"),
            (Due::After(0), "has passed"),
            (Due::After(u32::MAX), "five years"),
            (Due::Every(59), "60 seconds is the least"),
            (Due::Cron("0 8 * *".to_owned()), "0 8 * *"),
            (Due::Cron("0 0 30 2 *".to_owned()), "0 0 30 2 *"),
        ] {
            let Err(Failure::Invalid(text)) = owner.create(job(due)).await else { panic!("{told}") };
            assert!(text.contains(told), "{text}");
        }
        assert!(owner.list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_call_repeated_after_a_crash_schedules_once() {
        let fixture = Fixture::new().await;
        let first = fixture.owner().create(job(Due::After(60))).await.unwrap();
        let again = fixture.owner().create(job(Due::After(60))).await.unwrap();
        assert_eq!(first.id, again.id);
        let mut other = fixture.owner();
        other.key = "another call".to_owned();
        assert_ne!(other.create(job(Due::After(60))).await.unwrap().id, first.id);
        assert_eq!(other.list().await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn only_own_work_is_listed_and_cancelled() {
        let fixture = Fixture::new().await;
        let made = fixture.owner().create(job(Due::After(60))).await.unwrap();
        let mut anna = fixture.anna();
        assert!(anna.list().await.unwrap().is_empty());
        assert!(matches!(anna.cancel(made.id.clone()).await, Err(Failure::NotFound(_))));
        assert_eq!(fixture.owner().cancel(format!("#{}", made.id)).await.unwrap().title, "buy milk");
        assert!(fixture.owner().list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn recipients_are_people_the_assistant_can_reach() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        let to = |name: &str| wit::schedule::NewJob { recipients: vec![name.to_owned()], ..job(Due::After(60)) };
        assert_eq!(owner.create(to("@anna_k")).await.unwrap().recipients, ["Anna"]);
        assert!(matches!(owner.create(to("Zoe")).await, Err(Failure::NotFound(_))));
        fixture.ban_anna().await;
        assert!(
            matches!(owner.create(to("Anna")).await, Err(Failure::Denied(text)) if text.contains("Anna is banned"))
        );
    }
}
