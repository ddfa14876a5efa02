//! Scheduled work. How it fires is in `firing`.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use steward_agent::{Address, PersonId};

use crate::Store;
use crate::column::{JobId, Json, Millis};
use crate::error::{Result, StoreError};
use crate::people;
use crate::recurrence::Repeat;

/// Work for later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: JobId,
    pub owner: PersonId,
    /// The chat it was asked for in.
    pub address: Address,
    pub title: String,
    /// With a prompt the assistant is woken, without one the title is sent.
    pub prompt: Option<String>,
    pub model: Option<String>,
    /// When it is due, in whole milliseconds.
    pub next: Timestamp,
    pub repeat: Option<Repeat>,
    /// Empty: the owner.
    pub recipients: Vec<PersonId>,
    pub created_at: Timestamp,
}

/// Work to be scheduled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    pub owner: PersonId,
    pub address: Address,
    pub title: String,
    pub prompt: Option<String>,
    pub model: Option<String>,
    pub next: Timestamp,
    pub repeat: Option<Repeat>,
    pub recipients: Vec<PersonId>,
}

const SELECT: &str =
    "SELECT id, owner, address, title, prompt, model, next, repeat, recipients, created_at FROM job WHERE";

/// The jobs that people have made, and nothing else of the store.
#[derive(Clone, Copy)]
pub struct Jobs<'a>(&'a Store);

impl Store {
    /// What people have planned for later.
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs(self)
    }
}

impl Jobs<'_> {
    /// Schedules work. With the key of a tool call, a second time with that key gives the job of the first, even if it
    /// has fired or was cancelled since.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the owner or a recipient is not known.
    pub async fn create(&self, new: NewJob, key: Option<&str>, now: Timestamp) -> Result<Job> {
        let key = key.map(str::to_owned);
        self.0
            .write(move |tx| {
                if let Some(job) = first(tx, "key = ?1", (&key,))? {
                    return Ok(job);
                }
                for person in new.recipients.iter().chain([&new.owner]) {
                    people::known(tx, *person)?;
                }
                let id = insert(tx, &new, key.as_deref(), now)?;
                tx.touch_jobs();
                first(tx, "id = ?1", (id,))?.ok_or_else(|| not_found(id))
            })
            .await
    }

    /// What the person has still to come, soonest first.
    pub async fn list(&self, owner: PersonId) -> Result<Vec<Job>> {
        self.0.read(move |db| select(db, "owner = ?1 AND state = 'active' ORDER BY next, id", (owner.0,))).await
    }

    /// Cancels a job of the person's own. One that they have cancelled before is given again, so that a call repeated
    /// after a crash does not fail.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it is not theirs, or has fired for the last time.
    pub async fn cancel(&self, owner: PersonId, id: JobId) -> Result<Job> {
        self.0
            .write(move |tx| {
                tx.prepare_cached(
                    "UPDATE job SET state = 'cancelled', ended_at = next
                 WHERE id = ?1 AND owner = ?2 AND state = 'active'",
                )?
                .execute((id, owner.0))?;
                tx.touch_jobs();
                first(tx, "id = ?1 AND owner = ?2 AND state = 'cancelled'", (id, owner.0))?.ok_or_else(|| not_found(id))
            })
            .await
    }
}

impl Store {
    /// What is due, the longest due first.
    pub async fn due_jobs(&self, now: Timestamp) -> Result<Vec<Job>> {
        self.read(move |db| select(db, "state = 'active' AND next <= ?1 ORDER BY next, id", (Millis(now),))).await
    }

    /// Everything that repeats, whoever's it is.
    pub async fn repeating_jobs(&self) -> Result<Vec<Job>> {
        self.read(move |db| select(db, "state = 'active' AND repeat IS NOT NULL ORDER BY next, id", ())).await
    }

    /// When the next job is due.
    pub async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT min(next) FROM job WHERE state = 'active'")?;
            let next: Option<Millis> = statement.query_row([], |row| row.get(0))?;
            Ok(next.map(|at| at.0))
        })
        .await
    }
}

fn not_found(id: JobId) -> StoreError {
    StoreError::NotFound(format!("there is no scheduled work {id} of yours: list it to see the ids"))
}

fn job_row(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        id: row.get(0)?,
        owner: PersonId(row.get(1)?),
        address: row.get::<_, Json<Address>>(2)?.0,
        title: row.get(3)?,
        prompt: row.get(4)?,
        model: row.get(5)?,
        next: row.get::<_, Millis>(6)?.0,
        repeat: row.get::<_, Option<Json<Repeat>>>(7)?.map(|repeat| repeat.0),
        recipients: row.get::<_, Json<Vec<PersonId>>>(8)?.0,
        created_at: row.get::<_, Millis>(9)?.0,
    })
}

fn select(db: &Connection, clause: &str, params: impl Params) -> Result<Vec<Job>> {
    let mut statement = db.prepare_cached(&format!("{SELECT} {clause}"))?;
    let rows = statement.query_map(params, job_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn first(db: &Connection, clause: &str, params: impl Params) -> Result<Option<Job>> {
    Ok(db.prepare_cached(&format!("{SELECT} {clause}"))?.query_row(params, job_row).optional()?)
}

fn insert(db: &Connection, new: &NewJob, key: Option<&str>, now: Timestamp) -> Result<JobId> {
    db.prepare_cached(
        "INSERT INTO job (owner, address, title, prompt, model, next, repeat, recipients, key, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute((
        new.owner.0,
        Json(&new.address),
        &new.title,
        &new.prompt,
        &new.model,
        Millis(new.next),
        new.repeat.as_ref().map(Json),
        Json(&new.recipients),
        key,
        Millis(now),
    ))?;
    Ok(JobId(db.last_insert_rowid()))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::fixture::{Fixture, at, chat, outgoing, wake};
    use crate::{Firing, Mark};

    async fn job_at(fixture: &Fixture, seconds: i64, key: Option<&str>) -> Job {
        let owner = fixture.meet("Anna", None).await.id;
        let new = NewJob {
            owner,
            address: chat("Anna"),
            title: "buy milk".to_owned(),
            prompt: None,
            model: None,
            next: at(seconds),
            repeat: Some(Repeat::Every(60)),
            recipients: vec![owner],
        };
        fixture.store.jobs().create(new, key, at(0)).await.unwrap()
    }

    async fn fire(store: &Store, job: &Job, next: Option<Timestamp>) -> bool {
        let (messages, wakes) = (vec![outgoing("Anna", "buy milk")], vec![wake("milk?")]);
        store.fire(Firing { mark: Mark::job(job, next), messages, wakes }, job.next).await.unwrap()
    }

    async fn written(store: &Store) -> (usize, usize) {
        let messages = store.due_outgoing(at(1_000), 10).await.unwrap().len();
        (messages, store.pending_inbox(None).await.unwrap().len())
    }

    #[tokio::test]
    async fn a_job_fires_once_however_many_try_and_whatever_crashes() {
        let fixture = Fixture::new();
        let job = job_at(&fixture, 60, None).await;
        assert_eq!(fixture.store.due_jobs(at(59)).await.unwrap(), []);
        assert_eq!(fixture.store.due_jobs(at(60)).await.unwrap(), std::slice::from_ref(&job));

        let before = fixture.after_crash();
        assert_eq!(before.store.due_jobs(at(60)).await.unwrap().len(), 1, "not fired yet, so it is due after a crash");

        let tries = (0..8).map(|_| {
            let (store, job) = (fixture.store.clone(), job.clone());
            tokio::spawn(async move { fire(&store, &job, None).await })
        });
        let mut fired = 0;
        for one in tries.collect::<Vec<_>>() {
            fired += usize::from(one.await.unwrap());
        }
        assert_eq!(fired, 1);
        let after = fixture.after_crash();
        assert_eq!(written(&after.store).await, (1, 1));
        assert_eq!(after.store.due_jobs(at(60)).await.unwrap(), []);
        assert_eq!(after.store.next_due().await.unwrap(), None);
    }

    #[tokio::test]
    async fn work_that_repeats_goes_on_to_its_next_time() {
        let fixture = Fixture::new();
        let job = job_at(&fixture, 60, None).await;
        assert!(fire(&fixture.store, &job, Some(at(120))).await);
        assert!(!fire(&fixture.store, &job, Some(at(120))).await, "it has fired for this time");
        let next = fixture.store.jobs().list(job.owner).await.unwrap();
        assert_eq!(next, [Job { next: at(120), ..job }]);
        assert_eq!(fixture.store.next_due().await.unwrap(), Some(at(120)));
        assert!(fire(&fixture.store, &next[0], Some(at(180))).await);
    }

    #[tokio::test]
    async fn cancelled_work_does_not_fire_and_belongs_to_its_owner() {
        let fixture = Fixture::new();
        let (job, stranger) = (job_at(&fixture, 60, None).await, fixture.meet("Boris", None).await.id);
        assert!(matches!(fixture.store.jobs().cancel(stranger, job.id).await, Err(StoreError::NotFound(_))));
        assert_eq!(fixture.store.jobs().cancel(job.owner, job.id).await.unwrap(), job);
        assert_eq!(fixture.after_crash().store.jobs().cancel(job.owner, job.id).await.unwrap(), job, "a repeated call");
        assert!(!fire(&fixture.store, &job, None).await);
        assert_eq!(written(&fixture.store).await, (0, 0));
        assert_eq!(fixture.store.jobs().list(job.owner).await.unwrap(), []);

        let fired = job_at(&fixture, 60, None).await;
        assert!(fire(&fixture.store, &fired, None).await);
        assert!(matches!(fixture.store.jobs().cancel(job.owner, fired.id).await, Err(StoreError::NotFound(_))));
    }

    #[tokio::test]
    async fn a_call_made_twice_schedules_once_even_if_the_job_has_fired_since() {
        let fixture = Fixture::new();
        let job = job_at(&fixture, 60, Some("call 1")).await;
        assert!(fire(&fixture.store, &job, None).await);
        let after = fixture.after_crash();
        assert_eq!(job_at(&after, 60, Some("call 1")).await.id, job.id);
        assert_eq!(after.store.next_due().await.unwrap(), None);
        assert_ne!(job_at(&after, 60, Some("call 2")).await.id, job.id);
    }

    #[tokio::test]
    async fn jobs_are_listed_soonest_first_and_for_people_who_are_known() {
        let fixture = Fixture::new();
        let (late, soon) = (job_at(&fixture, 90, None).await, job_at(&fixture, 30, None).await);
        assert_eq!(fixture.store.jobs().list(late.owner).await.unwrap(), [soon, late.clone()]);
        let new = NewJob {
            owner: late.owner,
            address: late.address,
            title: late.title,
            prompt: None,
            model: None,
            next: at(0),
            repeat: None,
            recipients: vec![PersonId(99)],
        };
        assert!(matches!(fixture.store.jobs().create(new, None, at(0)).await, Err(StoreError::NotFound(_))));
    }
}
