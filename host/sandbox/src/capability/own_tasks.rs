//! `own-tasks`: the tasks given to the caller. Whose they are is told by the call and never by an argument, so nobody
//! sees or answers another's.

use jiff::Timestamp;
use steward_agent::{Address, Language, Outgoing, PersonId};
use steward_store::{Task, TaskId, TaskStatus, Tasks};
use wasmtime::component::{HasData, Linker};

use crate::acquaintances::Acquaintances;
use crate::argument::{number, optional};
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::grant::Access;
use crate::host_call::{EffectKey, HostCall};
use crate::notice;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "own-tasks",
    summary: (
        "See and answer the tasks given to the one who is asking.",
        "Показывать собеседнику его задачи и отмечать их выполнение.",
    ),
    interfaces: &["steward:plugin/own-tasks"],
    owner: Access::Write,
    external: Access::Write,
    stays_within: true,
    link,
    ..Capability::PLAIN
};

/// The longest outcome, in characters.
const OUTCOME_CHARS: usize = 4000;
const STATUS_CHARS: usize = 40;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::own_tasks::add_to_linker::<_, HasOwnTasks>(linker, view)
}

/// What it needs of a call: the tasks, whose they are, and the people who gave them.
struct OwnTasks<'a> {
    tasks: Tasks<'a>,
    people: Acquaintances<'a>,
    person: PersonId,
    key: EffectKey<'a>,
    now: Timestamp,
}

struct HasOwnTasks;

impl HasData for HasOwnTasks {
    type Data<'a> = OwnTasks<'a>;
}

fn view(state: &mut CallState) -> OwnTasks<'_> {
    let HostCall { backing, principal, key, .. } = HostCall::of(state);
    OwnTasks {
        tasks: backing.store.tasks(),
        people: backing.acquaintances(),
        person: principal.person,
        key,
        now: backing.now(),
    }
}

impl wit::own_tasks::Host for OwnTasks<'_> {
    async fn list(&mut self) -> Result<Vec<wit::own_tasks::Task>, Failure> {
        let tasks = self.tasks.own(self.person).await?;
        Ok(tasks.into_iter().map(described).collect())
    }

    async fn update(
        &mut self,
        id: String,
        status: Option<String>,
        outcome: Option<String>,
    ) -> Result<wit::own_tasks::Task, Failure> {
        let id = TaskId(number("id", &id)?);
        let status = optional("status", status.as_deref(), STATUS_CHARS)?.map(|text| answer(&text)).transpose()?;
        let outcome = optional("outcome", outcome.as_deref(), OUTCOME_CHARS)?;
        if status.is_none() && outcome.is_none() {
            return Err(Failure::Invalid("give `status`, `outcome` or both: there is nothing to change".to_owned()));
        }
        let reader = self.creator_of(id).await?;
        let told = outcome.clone();
        let notice =
            move |task: &Task| reader.iter().map(|reader| reader.told(task, status, told.as_deref())).collect();
        let key = self.key.to_string();
        let task = self.tasks.update_own(self.person, id, status, outcome, notice, Some(&key), self.now).await?;
        Ok(described(task))
    }
}

/// The status a person may give their task.
fn answer(text: &str) -> Result<TaskStatus, Failure> {
    match text.parse()? {
        TaskStatus::Cancelled => {
            let text = "only the one who gave the task cancels it: use `declined` for a task that will not be done";
            Err(Failure::Invalid(text.to_owned()))
        }
        status => Ok(status),
    }
}

/// The one who gave a task and hears of its changes.
struct Reader {
    to: Address,
    language: Language,
}

impl Reader {
    fn told(&self, task: &Task, status: Option<TaskStatus>, outcome: Option<&str>) -> Outgoing {
        let text = notice::task_changed(self.language, &task.person_name, &task.title, status, outcome);
        Outgoing { to: self.to.clone(), text, draft: None, unasked: true }
    }
}

impl OwnTasks<'_> {
    /// Who gave the person this task, if it is someone else and can be reached. A task that is not the person's has
    /// nobody to be told; the store refuses to change it.
    async fn creator_of(&self, id: TaskId) -> Result<Option<Reader>, Failure> {
        let own = self.tasks.own(self.person).await?;
        let given = own.into_iter().find(|task| task.id == id && task.creator != self.person);
        let Some(task) = given else { return Ok(None) };
        let creator = self.people.person(task.creator).await?;
        Ok(creator
            .and_then(|creator| Some(Reader { to: creator.address?, language: creator.language.unwrap_or_default() })))
    }
}

fn described(task: Task) -> wit::own_tasks::Task {
    wit::own_tasks::Task {
        id: task.id.to_string(),
        title: task.title,
        status: task.status.as_str().to_owned(),
        deadline: task.deadline,
        outcome: task.outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::wit::own_tasks::Host as _;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn a_person_answers_their_own_task_and_its_giver_hears_of_it_once() {
        let fixture = Fixture::new().await;
        let id = fixture.task_for_anna("buy milk").await;
        let listed = view(&mut fixture.anna()).list().await.unwrap();
        assert_eq!((listed.len(), listed[0].title.as_str()), (1, "buy milk"));
        for _ in 0..2 {
            let done = Some("done".to_owned());
            let task = view(&mut fixture.anna()).update(id.clone(), done, Some("two litres".to_owned())).await.unwrap();
            assert_eq!((task.status.as_str(), task.outcome.as_deref()), ("done", Some("two litres")));
        }
        let told = fixture.outbox().await;
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].to.chat.as_str(), told[0].unasked), ("owner-chat", true));
        assert_eq!(told[0].text, "✅ Anna: выполнено «buy milk»:\n\n> two litres");
    }

    #[tokio::test]
    async fn nobody_reaches_the_task_of_another() {
        let fixture = Fixture::new().await;
        let id = fixture.task_for_anna("buy milk").await;
        let mut boris = fixture.boris();
        assert!(view(&mut boris).list().await.unwrap().is_empty());
        let taken = view(&mut boris).update(id, Some("done".to_owned()), None).await;
        assert!(matches!(taken, Err(Failure::NotFound(_))), "{taken:?}");
        assert!(fixture.outbox().await.is_empty());
        assert_eq!(view(&mut fixture.anna()).list().await.unwrap()[0].status, "open");
    }

    #[tokio::test]
    async fn what_does_not_fit_is_told() {
        let fixture = Fixture::new().await;
        let id = fixture.task_for_anna("buy milk").await;
        let mut anna = fixture.anna();
        for (status, told) in
            [(None, "nothing to change"), (Some("ready"), "in_progress"), (Some("cancelled"), "declined")]
        {
            let refused = view(&mut anna).update(id.clone(), status.map(str::to_owned), None).await;
            assert!(matches!(&refused, Err(Failure::Invalid(text)) if text.contains(told)), "{refused:?}");
        }
        assert!(fixture.outbox().await.is_empty());
    }
}
