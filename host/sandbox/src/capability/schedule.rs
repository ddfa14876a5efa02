//! `schedule`: reminders and prompts for later. A person sees and cancels their own work only; when it is due, the
//! host's scheduler does it.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use steward_agent::{PersonId, Principal};
use steward_store::{Job, JobId, Jobs, NewJob, Repeat};
use wasmtime::component::{HasData, Linker};

use crate::acquaintances::Acquaintances;
use crate::argument::{number, optional, required};
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::foreign::{ForeignMarks, Lowering, Matter, PROMPTS, one_text};
use crate::grant::Access;
use crate::host_call::{EffectKey, HostCall};
use crate::state::CallState;
use crate::wall;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "schedule",
    summary: (
        "Schedule reminders and work for later, see them and cancel them.",
        "Планировать напоминания и работу на потом, смотреть и отменять их.",
    ),
    interfaces: &["steward:plugin/schedule"],
    owner: Access::Write,
    stays_within: true,
    link,
    ..Capability::PLAIN
};

/// The longest title and prompt, in characters.
const TITLE_CHARS: usize = 500;
const PROMPT_CHARS: usize = 8000;
const MODEL_CHARS: usize = 200;
/// What repeats at a distance, repeats at least this many seconds apart.
const LEAST_SECONDS: u32 = 60;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::schedule::add_to_linker::<_, HasSchedule>(linker, view)
}

/// What it needs of a call: the caller's own jobs, the people a job goes to, and what came from others.
struct Schedule<'a> {
    jobs: Jobs<'a>,
    people: Acquaintances<'a>,
    marks: &'a ForeignMarks,
    lowering: &'a Lowering,
    principal: &'a Principal,
    key: EffectKey<'a>,
    now: Timestamp,
    zone: &'a TimeZone,
}

struct HasSchedule;

impl HasData for HasSchedule {
    type Data<'a> = Schedule<'a>;
}

fn view(state: &mut CallState) -> Schedule<'_> {
    let HostCall { backing, principal, lowering, key, .. } = HostCall::of(state);
    Schedule {
        jobs: backing.store.jobs(),
        people: backing.acquaintances(),
        marks: &backing.marks,
        lowering,
        principal,
        key,
        now: backing.now(),
        zone: &backing.time_zone,
    }
}

impl wit::schedule::Host for Schedule<'_> {
    async fn create(&mut self, job: wit::schedule::NewJob) -> Result<wit::schedule::Job, Failure> {
        let title = required("title", &job.title, TITLE_CHARS)?;
        let prompt = optional("prompt", job.prompt.as_deref(), PROMPT_CHARS)?;
        let model = optional("model", job.model.as_deref(), MODEL_CHARS)?;
        let now = self.now;
        let (next, repeat) = self.first_time(&job.due, now)?;
        let owner = self.principal.person;
        let recipients = self.people.recipients(&job.recipients).await?;
        let address = self.people.address(owner).await?;
        self.ask_about_job(&job, &recipients).await?;
        let new = NewJob { owner, address, title, prompt, model, next, repeat, recipients };
        let job = self.jobs.create(new, Some(&self.key.to_string()), now).await?;
        self.people.dealt(self.principal, &job.recipients, now).await?;
        self.described(job).await
    }

    async fn list(&mut self) -> Result<Vec<wit::schedule::Job>, Failure> {
        let mut listed = Vec::new();
        for job in self.jobs.list(self.principal.person).await? {
            listed.push(self.described(job).await?);
        }
        Ok(listed)
    }

    async fn cancel(&mut self, id: String) -> Result<wit::schedule::Job, Failure> {
        let id = JobId(number("id", &id)?);
        let job = self.jobs.cancel(self.principal.person, id).await?;
        self.described(job).await
    }
}

impl Schedule<'_> {
    /// What is done later by a prompt is done as the owner's order, and what goes to others is a message to them. A plain
    /// reminder to oneself is neither.
    async fn ask_about_job(&mut self, job: &wit::schedule::NewJob, recipients: &[PersonId]) -> Result<(), Failure> {
        let given = job.prompt.as_deref().filter(|prompt| !prompt.trim().is_empty());
        let to_others = recipients.iter().any(|one| *one != self.principal.person);
        let matter = match given {
            Some(_) => Matter::Instructions,
            None if to_others => Matter::Send,
            None => return Ok(()),
        };
        let shown = json!({ "title": job.title, "prompt": given, "recipients": job.recipients });
        let leave = self.lowering.ask(matter, &shown.to_string(), shown.clone()).await?;
        match given {
            Some(prompt) => self.lowering.mark(leave, self.marks, PROMPTS, &one_text(prompt)).await,
            None => Ok(()),
        }
    }

    /// When work is due for the first time, and how it repeats.
    fn first_time(&self, due: &wit::schedule::Due, now: Timestamp) -> Result<(Timestamp, Option<Repeat>), Failure> {
        use wit::schedule::Due;
        let zone = self.zone;
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

    async fn described(&self, job: Job) -> Result<wit::schedule::Job, Failure> {
        let recipients = self.people.names(&job.recipients).await?;
        Ok(wit::schedule::Job {
            id: job.id.to_string(),
            title: job.title,
            prompt: job.prompt,
            next: wall::shown(job.next, self.zone),
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
            let made = view(&mut owner).create(job(due)).await.unwrap();
            assert_eq!((made.title.as_str(), made.next.as_str(), made.repeat.as_deref()), ("buy milk", next, repeat));
            assert!(made.recipients.is_empty());
        }
        let next: Vec<String> = view(&mut owner).list().await.unwrap().into_iter().map(|job| job.next).collect();
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
            let Err(Failure::Invalid(text)) = view(&mut owner).create(job(due)).await else { panic!("{told}") };
            assert!(text.contains(told), "{text}");
        }
        assert!(view(&mut owner).list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_call_repeated_after_a_crash_schedules_once() {
        let fixture = Fixture::new().await;
        let first = view(&mut fixture.owner()).create(job(Due::After(60))).await.unwrap();
        let again = view(&mut fixture.owner()).create(job(Due::After(60))).await.unwrap();
        assert_eq!(first.id, again.id);
        let mut other = fixture.owner();
        other.key = "another call".to_owned();
        assert_ne!(view(&mut other).create(job(Due::After(60))).await.unwrap().id, first.id);
        assert_eq!(view(&mut other).list().await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn only_own_work_is_listed_and_cancelled() {
        let fixture = Fixture::new().await;
        let made = view(&mut fixture.owner()).create(job(Due::After(60))).await.unwrap();
        let mut anna = fixture.anna();
        assert!(view(&mut anna).list().await.unwrap().is_empty());
        assert!(matches!(view(&mut anna).cancel(made.id.clone()).await, Err(Failure::NotFound(_))));
        assert_eq!(view(&mut fixture.owner()).cancel(format!("#{}", made.id)).await.unwrap().title, "buy milk");
        assert!(view(&mut fixture.owner()).list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn recipients_are_people_the_assistant_can_reach() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        let to = |name: &str| wit::schedule::NewJob { recipients: vec![name.to_owned()], ..job(Due::After(60)) };
        assert_eq!(view(&mut owner).create(to("@anna_k")).await.unwrap().recipients, ["Anna"]);
        assert!(matches!(view(&mut owner).create(to("Zoe")).await, Err(Failure::NotFound(_))));
        fixture.ban_anna().await;
        assert!(
            matches!(view(&mut owner).create(to("Anna")).await, Err(Failure::Denied(text)) if text.contains("Anna is banned"))
        );
    }
}
