//! What a call asked of its imports and what they answered, in order: written while a call is made, read while it is
//! made again. A tape that is read knows no import and reaches nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use steward_agent::bytes;
use wasmtime::component::{Func, ResourceAny};
use wasmtime_wasi::I32Exit;

use super::dry::Held;
use super::printing::Printing;
use super::value::Value;
use crate::secret::Known;
use crate::stdio::Captured;
use crate::stub::Refused;

/// One call of an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Which function: its place among those the guest imports.
    #[serde(rename = "f")]
    pub(crate) function: u32,
    #[serde(rename = "a")]
    pub(crate) arguments: Vec<Value>,
    #[serde(rename = "r")]
    pub(crate) answer: Answered,
}

/// How an import's call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answered {
    /// With an answer, if the function gives one.
    Value(Option<Value>),
    /// With the guest, which exited.
    Exit(i32),
    /// With the guest, for it was refused in a way its code has no place for.
    Refused(String),
    /// With the guest, for another reason.
    Broke(String),
    /// It never ended: the call was given up meanwhile.
    Never,
}

impl Answered {
    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        if let Some(I32Exit(code)) = error.downcast_ref() {
            return Self::Exit(*code);
        }
        match error.downcast_ref::<Refused>() {
            Some(refused) => Self::Refused(refused.to_string()),
            None => Self::Broke(error.root_cause().to_string()),
        }
    }

    /// The answer, or the same error again.
    pub(crate) fn again(self) -> wasmtime::Result<Option<Value>> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Exit(code) => Err(I32Exit(code).into()),
            Self::Refused(text) => Err(Refused(text).into()),
            Self::Broke(text) => Err(wasmtime::Error::msg(text)),
            Self::Never => Err(Stop::Unfinished.into()),
        }
    }
}

/// Why a call that is made again ends before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("the recorded call was given up at this point")]
    Unfinished,
    #[error("{0}")]
    Differs(String),
}

pub(crate) enum Tape {
    Recording(Recorder),
    Playing(Player),
}

/// Writes a tape.
pub(crate) struct Recorder {
    /// The function behind each import.
    pub(crate) real: Vec<Option<Func>>,
    /// The handle behind each one the guest was given and holds.
    handles: BTreeMap<u32, ResourceAny>,
    next: u32,
    entries: Vec<Entry>,
    size: usize,
    /// Bytes a tape may have.
    limit: usize,
    /// Why nothing more is written.
    incomplete: Option<String>,
    /// In a dry run: what is held back.
    pub(crate) held: Option<Arc<Held>>,
    /// The call's arguments, as the plugin got them.
    pub(crate) arguments: String,
    /// What the host refused in the call, in words of its own that the answer has.
    pub(crate) refusal: Option<String>,
}

impl Recorder {
    pub(crate) fn new(arguments: String, limit: usize, held: Option<Arc<Held>>) -> Self {
        Self {
            real: Vec::new(),
            handles: BTreeMap::new(),
            next: 0,
            entries: Vec::new(),
            size: 0,
            limit,
            incomplete: None,
            held,
            arguments,
            refusal: None,
        }
    }

    /// An import is called.
    pub(crate) fn begin(&mut self, function: u32, arguments: &[Value]) {
        if self.incomplete.is_none() {
            let size = arguments.iter().map(Value::size).sum();
            self.entries.push(Entry { function, arguments: arguments.to_vec(), answer: Answered::Never });
            self.grow(size);
        }
    }

    /// The import that was called last has answered.
    pub(crate) fn end(&mut self, answer: &Answered) {
        if self.incomplete.is_some() {
            return;
        }
        if let Some(entry) = self.entries.last_mut() {
            entry.answer = answer.clone();
        }
        self.grow(if let Answered::Value(Some(value)) = answer { value.size() } else { 0 });
    }

    fn grow(&mut self, size: usize) {
        const EACH: usize = 32;
        self.size += EACH + size;
        if self.size > self.limit {
            self.entries = Vec::new();
            let most = bytes(self.limit as u64);
            self.incomplete = Some(format!(
                "the call exchanged more than {most} with its surroundings: raise `audit.record_kb` in steward.toml \
                 before the next one"
            ));
        }
    }

    /// The handle behind one of the guest's; one that changes hands is the guest's no more.
    pub(crate) fn real(&mut self, value: &Value, number: u32) -> wasmtime::Result<ResourceAny> {
        let handle = match value {
            Value::Own(_) => self.handles.remove(&number),
            _ => self.handles.get(&number).copied(),
        };
        handle.ok_or_else(|| wasmtime::Error::msg("the guest has no such handle"))
    }

    /// A handle for the guest in place of the real one.
    pub(crate) fn adopt(&mut self, handle: ResourceAny) -> Value {
        let number = self.next;
        self.next += 1;
        self.handles.insert(number, handle);
        Value::Own(number)
    }

    /// The guest has dropped a handle.
    pub(crate) fn dropped(&mut self, number: u32) -> Option<ResourceAny> {
        self.handles.remove(&number)
    }

    /// What was written, and why it is not all. A tape with the value of a secret on it is not kept.
    pub(crate) fn finish(self, known: &Known) -> (Vec<Entry>, Option<String>) {
        if self.incomplete.is_some() {
            return (Vec::new(), self.incomplete);
        }
        match secret_in(&self.entries, known) {
            Some(name) => {
                let why = format!("the call read or wrote the value of the secret {name}, which is never kept");
                (Vec::new(), Some(why))
            }
            None => (self.entries, None),
        }
    }
}

/// The name of a secret whose value is on the tape, also where it is cut into parts that follow each other.
fn secret_in(entries: &[Entry], known: &Known) -> Option<String> {
    if !known.any() {
        return None;
    }
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    for Entry { arguments, answer, .. } in entries {
        arguments.iter().for_each(|one| one.contents(&mut |bytes| asked.extend_from_slice(bytes)));
        match answer {
            Answered::Value(Some(value)) => value.contents(&mut |bytes| answered.extend_from_slice(bytes)),
            Answered::Refused(text) | Answered::Broke(text) => answered.extend_from_slice(text.as_bytes()),
            _ => {}
        }
    }
    known.found(&asked).or_else(|| known.found(&answered)).map(str::to_owned)
}

/// Reads a tape.
pub(crate) struct Player {
    /// The names of the functions by number.
    functions: Arc<[String]>,
    entries: VecDeque<Entry>,
    at: usize,
    /// Where what the guest prints goes.
    printing: Printing,
    /// The guest was given up by the time the tape ends.
    given_up: bool,
    /// Where the call took another way than the recorded one.
    pub(crate) difference: Option<String>,
    /// It came to where the recorded call was given up.
    pub(crate) unfinished: bool,
}

impl Player {
    pub(crate) fn new(functions: Arc<[String]>, entries: Vec<Entry>, given_up: bool) -> Self {
        let (entries, printing) = (entries.into(), Printing::default());
        Self { functions, entries, at: 0, printing, given_up, difference: None, unfinished: false }
    }

    /// Standard output and standard error of the guest.
    pub(crate) fn attach(&mut self, (stdout, stderr): (Captured, Captured)) {
        self.printing.attach(stdout, stderr);
    }

    /// What the import answered when it was called at this point.
    pub(crate) fn play(&mut self, function: u32, arguments: &[Value]) -> wasmtime::Result<Option<Value>> {
        self.at += 1;
        let Some(entry) = self.entries.pop_front() else {
            if self.given_up {
                self.unfinished = true;
                return Err(Stop::Unfinished.into());
            }
            return Err(
                self.differs(format!("it calls {}", self.shown(function, arguments)), "it had ended".to_owned())
            );
        };
        if entry.function != function || entry.arguments != arguments {
            let now = format!("it calls {}", self.shown(function, arguments));
            return Err(self.differs(now, format!("it called {}", self.shown(entry.function, &entry.arguments))));
        }
        if entry.answer == Answered::Never {
            self.unfinished = true;
        }
        let name = self.functions.get(function as usize).map_or("", String::as_str);
        if let Err(why) = self.printing.note(name, arguments, &entry.answer) {
            return Err(self.differs(why, "it did the same, and what it printed is not known".to_owned()));
        }
        entry.answer.again()
    }

    fn differs(&mut self, now: String, then: String) -> wasmtime::Error {
        let text = format!("at import call {}, {now}; when it was recorded, {then}", self.at);
        self.difference = Some(text.clone());
        Stop::Differs(text).into()
    }

    /// What the recorded call went on to do, if this one ended before.
    pub(crate) fn left(&self) -> Option<String> {
        let next = self.entries.front()?;
        let then = self.shown(next.function, &next.arguments);
        Some(format!("it ended after {} import calls; when it was recorded, it went on to call {then}", self.at))
    }

    fn shown(&self, function: u32, arguments: &[Value]) -> String {
        let name = self.functions.get(function as usize).map_or("an unknown function", String::as_str);
        let arguments: Vec<_> = arguments.iter().map(Value::to_string).collect();
        format!("{name}({})", arguments.join(", "))
    }
}
