//! One call's part: what it has received of others, and the question it puts before it goes on.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use steward_agent::{Role, Source, foreign};
use steward_store::Person;

use super::{ForeignMarks, Leave, Matter, Sight};
use crate::acquaintances::name_of;
use crate::bindings::Failure;
use crate::call::{AskOwner, Refusal};
use crate::deadline::Deadline;
use crate::failure;

/// Clones are the same.
#[derive(Clone)]
pub(crate) struct Lowering(Arc<Inner>);

struct Inner {
    sight: Sight,
    /// What the run had seen when the call was made.
    before: bool,
    /// An owner has seen the call with its arguments and agreed to it.
    agreed: bool,
    owner: Option<Arc<dyn AskOwner>>,
    deadline: Deadline,
    key: String,
    /// The call's arguments, for the question.
    arguments: String,
    received: Mutex<Vec<Source>>,
    /// An owner agreed to what the call was to change, so that what it wrote is theirs.
    adopted: AtomicBool,
    /// Why something was not done, for the answer, where the guest gets only a code.
    refused: Mutex<Option<String>>,
}

/// What a call is asked about with.
pub(crate) struct Asking {
    pub(crate) sight: Sight,
    pub(crate) agreed: bool,
    pub(crate) owner: Option<Arc<dyn AskOwner>>,
    pub(crate) deadline: Deadline,
    pub(crate) key: String,
    pub(crate) arguments: String,
}

impl Lowering {
    pub(crate) fn new(asking: Asking) -> Self {
        let Asking { sight, agreed, owner, deadline, key, arguments } = asking;
        let (before, received, refused) = (sight.lowers(), Mutex::default(), Mutex::default());
        Self(Arc::new(Inner {
            sight,
            before,
            agreed,
            owner,
            deadline,
            key,
            arguments,
            received,
            refused,
            adopted: AtomicBool::new(agreed),
        }))
    }

    /// The call has got foreign text from there.
    pub(crate) fn receive(&self, source: Source) {
        self.0.sight.add([source.clone()]);
        foreign::add(&mut self.0.received.lock().unwrap_or_else(PoisonError::into_inner), [source]);
    }

    /// Notes that an answer names somebody by what says more than a name.
    pub(crate) fn receive_name(&self, person: &Person) {
        let name = name_of(&person.name, person.username.as_deref());
        if person.role != Role::Owner && name.lowers() {
            self.receive(name);
        }
    }

    /// From where the call has got foreign text.
    pub(crate) fn received(&self) -> Vec<Source> {
        self.0.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn refuse(&self, refused: Failure) {
        *self.0.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure::text(refused));
    }

    /// Why something was not done.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.0.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether what the call writes is foreign.
    pub(crate) fn lowers(&self) -> bool {
        self.0.sight.lowers()
    }

    /// The run had seen foreign text before the call was made.
    pub(crate) fn was_lowered(&self) -> bool {
        self.0.before
    }

    pub(crate) fn knows(&self, host: &str, port: u16) -> bool {
        self.0.sight.knows(host, port)
    }

    /// Whether what the call has written to files is the owner's, who has seen and agreed to it.
    pub(crate) fn adopted(&self) -> bool {
        self.0.adopted.load(Ordering::Relaxed)
    }

    /// Asks before the call goes on, if it has to be asked. `what` is shown; `name` is the same when the same is asked
    /// about again, also after a crash.
    ///
    /// # Errors
    /// Nobody agreed.
    pub(crate) async fn ask(&self, matter: Matter, name: &str, what: Value) -> Result<Leave, Failure> {
        let Inner { sight, agreed, owner, deadline, key, .. } = &*self.0;
        if !sight.lowers() {
            return Ok(Leave::Standing);
        }
        if *agreed {
            return Ok(Leave::Owner);
        }
        let Some(owner) = owner else {
            let text = "foreign text was read before, so the owner would have to agree, and nobody can be asked here";
            return Err(Failure::Denied(text.to_owned()));
        };
        let key = format!("{key}!{}", &blake3::hash(format!("{matter:?} {name}").as_bytes()).to_hex()[..24]);
        let _waiting = deadline.pause();
        match owner.ask_foreign(&key, matter, &sight.sources(), &what.to_string()).await {
            Ok(leave) => Ok(leave),
            Err(Refusal::Denied(text)) => Err(Failure::Denied(text)),
            Err(Refusal::Stopped) => Err(Failure::Unavailable("the call was stopped".to_owned())),
        }
    }

    /// Marks a text that the call is about to write, if foreign text was read before and no owner has agreed to it.
    pub(crate) async fn mark(
        &self,
        leave: Leave,
        marks: &ForeignMarks,
        place: &str,
        text: &str,
    ) -> Result<(), Failure> {
        if leave == Leave::Standing && self.lowers() {
            marks.mark_lines(place, text).await?;
        }
        Ok(())
    }

    /// The same as [`Lowering::ask`] about the call itself, with what it is about to change.
    pub(crate) async fn ask_about_call(&self, matter: Matter, changes: &str) -> Result<Leave, Failure> {
        let call = serde_json::from_str(&self.0.arguments).unwrap_or_else(|_| Value::from(self.0.arguments.as_str()));
        let leave = self.ask(matter, changes, json!({ "changes": changes, "call": call })).await?;
        if leave == Leave::Owner {
            self.0.adopted.store(true, Ordering::Relaxed);
        }
        Ok(leave)
    }
}

impl fmt::Debug for Lowering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lowering").field("received", &self.received()).finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Default for Lowering {
    fn default() -> Self {
        let deadline = Deadline::new(tokio::time::Instant::now() + std::time::Duration::from_secs(60));
        let (sight, key, arguments) = (Sight::default(), "call".to_owned(), "{}".to_owned());
        Self::new(Asking { sight, agreed: false, owner: None, deadline, key, arguments })
    }
}
