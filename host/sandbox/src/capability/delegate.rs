//! `delegate`: tasks the owner gives to other people. It keeps them and tells nobody; what the person hears of it is
//! sent with `send`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use steward_agent::{Principal, Source};
use steward_store::{NewTask, Task, TaskFilter, TaskStatus, Tasks};
use wasmtime::component::{HasData, Linker};

use crate::acquaintances::{Acquaintances, name_of};
use crate::argument::{optional, required};
use crate::bindings::{Failure, wit};
use crate::capability::{Brings, Capability, Reaches};
use crate::foreign::{Lowering, Matter};
use crate::grant::Access;
use crate::host_call::{EffectKey, HostCall};
use crate::plugin::Effect;
use crate::scope::ScopeKind;
use crate::state::CallState;
use crate::wall;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "delegate",
    summary: ("Give tasks to other people and follow them.", "Давать задачи другим людям и следить за ними."),
    interfaces: &["steward:plugin/delegate"],
    owner: Access::Write,
    brings: Brings::Marked,
    reaches: Reaches::Others,
    scope: ScopeKind { strongest: |_, _| Effect::Send, ..ScopeKind::NONE },
    stays_within: true,
    link,
    ..Capability::PLAIN
};

/// The longest texts of a task, in characters.
const TITLE_CHARS: usize = 500;
const WORD_CHARS: usize = 60;
const CONTEXT_CHARS: usize = 8000;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::delegate::add_to_linker::<_, HasDelegate>(linker, view)
}

/// What it needs of a call: the tasks, the people they are given to, and what came from others.
struct Delegate<'a> {
    tasks: Tasks<'a>,
    people: Acquaintances<'a>,
    lowering: &'a Lowering,
    principal: &'a Principal,
    key: EffectKey<'a>,
    now: Timestamp,
    zone: &'a TimeZone,
}

struct HasDelegate;

impl HasData for HasDelegate {
    type Data<'a> = Delegate<'a>;
}

fn view(state: &mut CallState) -> Delegate<'_> {
    let HostCall { backing, principal, lowering, key, .. } = HostCall::of(state);
    Delegate {
        tasks: backing.store.tasks(),
        people: backing.acquaintances(),
        lowering,
        principal,
        key,
        now: backing.now(),
        zone: &backing.time_zone,
    }
}

impl wit::delegate::Host for Delegate<'_> {
    async fn create(&mut self, task: wit::delegate::NewTask) -> Result<wit::delegate::Task, Failure> {
        let title = required("title", &task.title, TITLE_CHARS)?;
        let kind = optional("kind", task.kind.as_deref(), WORD_CHARS)?;
        let context = optional("context", task.context.as_deref(), CONTEXT_CHARS)?;
        let skill = optional("skill", task.skill.as_deref(), WORD_CHARS)?;
        let deadline = optional("deadline", task.deadline.as_deref(), WORD_CHARS)?;
        let deadline_at = deadline.as_deref().map(|text| self.deadline_at(text)).transpose()?;
        let person = self.people.reachable(&task.user).await?;
        let shown = json!({ "for": person.name, "username": person.username, "title": title, "context": context });
        self.lowering.ask(Matter::Send, &format!("{} {title} {context:?}", person.id), shown).await?;
        self.lowering.receive_name(&person);
        let person = person.id;
        let creator = self.principal.person;
        let new = NewTask { person, creator, title, kind, deadline, deadline_at, context, skill };
        let task = self.tasks.create(new, Some(&self.key.to_string()), self.now).await?;
        self.people.dealt(self.principal, &[person], self.now).await?;
        Ok(described(task, self.now))
    }

    async fn list(&mut self, filter: wit::delegate::Filter) -> Result<Vec<wit::delegate::Task>, Failure> {
        let now = self.now;
        let person = match filter.user.as_deref().filter(|user| !user.trim().is_empty()) {
            Some(user) => Some(self.people.named(user).await?.id),
            None => None,
        };
        let filter = TaskFilter {
            person,
            status: optional("status", filter.status.as_deref(), WORD_CHARS)?.map(|text| text.parse()).transpose()?,
            kind: optional("kind", filter.kind.as_deref(), WORD_CHARS)?,
            overdue_at: filter.overdue_only.then_some(now),
        };
        let tasks = self.tasks.list(filter).await?;
        for task in &tasks {
            self.lowering.receive(match &task.outcome {
                Some(_) => Source::Person(task.person_name.clone()),
                None => name_of(&task.person_name, None),
            });
        }
        Ok(tasks.into_iter().map(|task| described(task, now)).collect())
    }
}

impl Delegate<'_> {
    fn deadline_at(&self, text: &str) -> Result<Timestamp, Failure> {
        wall::ahead(wall::end_of(text, self.zone)?, self.now, self.zone)
    }
}

fn described(task: Task, now: Timestamp) -> wit::delegate::Task {
    let waiting = matches!(task.status, TaskStatus::Open | TaskStatus::InProgress);
    wit::delegate::Task {
        id: task.id.to_string(),
        user: task.person_name,
        title: task.title,
        kind: task.kind,
        status: task.status.as_str().to_owned(),
        deadline: task.deadline,
        context: task.context,
        outcome: task.outcome,
        overdue: waiting && task.deadline_at.is_some_and(|deadline| deadline <= now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::wit::delegate::Host as _;
    use crate::fixture::Fixture;

    fn task(user: &str) -> wit::delegate::NewTask {
        wit::delegate::NewTask {
            user: user.to_owned(),
            title: "buy milk".to_owned(),
            kind: Some("errand".to_owned()),
            deadline: Some("2026-11-21".to_owned()),
            context: None,
            skill: None,
        }
    }

    fn every() -> wit::delegate::Filter {
        wit::delegate::Filter { user: None, status: None, kind: None, overdue_only: false }
    }

    #[tokio::test]
    async fn a_task_is_given_once_and_followed() {
        let fixture = Fixture::new().await;
        let made = view(&mut fixture.owner()).create(task("Anna")).await.unwrap();
        assert_eq!((made.user.as_str(), made.status.as_str(), made.overdue), ("Anna", "open", false));
        assert_eq!(view(&mut fixture.owner()).create(task("Anna")).await.unwrap().id, made.id);
        let mut owner = fixture.owner();
        assert_eq!(view(&mut owner).list(every()).await.unwrap().len(), 1);
        let of_boris = wit::delegate::Filter { user: Some("boris".to_owned()), ..every() };
        assert!(view(&mut owner).list(of_boris).await.unwrap().is_empty());
        let overdue = wit::delegate::Filter { overdue_only: true, ..every() };
        assert!(view(&mut owner).list(overdue.clone()).await.unwrap().is_empty());
        let mut later = fixture.owner_later();
        assert!(view(&mut later).list(overdue).await.unwrap()[0].overdue);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_told() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        assert!(matches!(view(&mut owner).create(task("Zoe")).await, Err(Failure::NotFound(_))));
        let past = wit::delegate::NewTask { deadline: Some("2026-11-19".to_owned()), ..task("Anna") };
        assert!(
            matches!(view(&mut owner).create(past).await, Err(Failure::Invalid(text)) if text.contains("has passed"))
        );
        let today = wit::delegate::NewTask { deadline: Some("2026-11-20".to_owned()), ..task("Anna") };
        assert!(view(&mut owner).create(today).await.is_ok());
        let status = wit::delegate::Filter { status: Some("finished".to_owned()), ..every() };
        assert!(
            matches!(view(&mut owner).list(status).await, Err(Failure::Invalid(text)) if text.contains("declined"))
        );
    }
}
