//! Puts the pieces of calls together, also where index and id are missing, the same for all, or drift from piece to piece.
//! What is certain decides: a name begins a call, pieces without one continue with it, and a call whose arguments are whole
//! is over.

use serde_json::{Map, Value};

use crate::arguments::is_whole;
use crate::calls::PartialCall;
use crate::lenient;
use crate::written::Offered;

/// Fields of a call and of its function that are read; what else there is goes back to the server.
const OF_CALL: [&str; 6] = ["index", "id", "type", "function", "name", "arguments"];
const OF_FUNCTION: [&str; 3] = ["name", "arguments", "parameters"];

/// A call that is arriving, and the index its server gave it.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    index: Option<String>,
    pub(crate) call: PartialCall,
    /// The last piece of the arguments that says anything.
    piece: String,
    /// Some piece of them did not begin with the one before.
    differs: bool,
    /// What the server wants back with it.
    pub(crate) state: Map<String, Value>,
}

impl Slot {
    fn grow(&mut self, piece: &str) {
        self.call.arguments.push_str(piece);
        if !piece.is_empty() {
            self.differs |= !piece.starts_with(&self.piece);
            piece.clone_into(&mut self.piece);
        }
    }

    /// The arguments so far.
    fn arguments(&self) -> &str {
        if self.came_cumulatively() { &self.piece } else { &self.call.arguments }
    }

    /// Each piece of the arguments repeats all that came before it, and the last one is all of them. Put together they
    /// would be no arguments, so nothing that is whole otherwise is taken for it.
    fn came_cumulatively(&self) -> bool {
        !self.differs && is_whole(&self.piece) && !is_whole(&self.call.arguments)
    }

    /// Whether that is the same call once more, as where a server sends a piece of its stream twice: everything is the
    /// same, the id too. Two calls of one id that differ in their arguments stay two.
    fn is_repeated_by(&self, delta: &Delta) -> bool {
        let same_id = delta.id.as_ref().is_some_and(|id| *id == self.call.id);
        let same_name = delta.name.as_ref().is_some_and(|name| *name == self.call.name);
        let whole = || is_whole(self.arguments()) && is_whole(&delta.arguments);
        let read = |text: &str| serde_json::from_str::<Value>(text).ok();
        same_id && same_name && delta.index == self.index && whole() && read(self.arguments()) == read(&delta.arguments)
    }
}

/// A piece of a call.
#[derive(Debug)]
struct Delta {
    index: Option<String>,
    id: Option<String>,
    name: Option<String>,
    arguments: String,
    state: Map<String, Value>,
    /// It stands behind another one in the same list.
    follows: bool,
}

/// The calls of one answer.
#[derive(Debug, Default)]
pub(crate) struct Slots(Vec<Slot>);

impl Slots {
    /// Adds what one piece of the stream says in `tool_calls`.
    pub(crate) fn add(&mut self, calls: Option<&Value>, offered: &Offered<'_>) {
        for (at, piece) in lenient::items(calls).into_iter().enumerate() {
            self.put(delta(piece, at > 0), offered);
        }
    }

    /// Adds what it says in `function_call`, in which earlier servers had the only call.
    pub(crate) fn add_legacy(&mut self, call: Option<&Value>, offered: &Offered<'_>) {
        if let Some(fields) = lenient::object(call) {
            let whole = serde_json::json!({ "index": "legacy", "function": fields });
            self.put(delta(&whole, false), offered);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every call has a name and whole arguments.
    pub(crate) fn are_whole(&self) -> bool {
        let whole = |slot: &Slot| !slot.call.name.is_empty() && is_whole(slot.arguments());
        !self.0.is_empty() && self.0.iter().all(whole)
    }

    /// The calls that say anything.
    pub(crate) fn finish(self) -> impl Iterator<Item = Slot> {
        let says = |slot: &Slot| !slot.call.name.is_empty() || !slot.call.arguments.trim().is_empty();
        self.0.into_iter().filter(says).map(|mut slot| {
            slot.call.arguments = slot.arguments().to_owned();
            slot
        })
    }

    fn put(&mut self, delta: Delta, offered: &Offered<'_>) {
        if self.0.iter().any(|slot| slot.is_repeated_by(&delta)) {
            tracing::debug!(id = delta.id, "a call came twice");
            return;
        }
        let known = self.meant(&delta).filter(|at| !begins(&self.0[*at], &delta, offered));
        let at = known.unwrap_or_else(|| {
            self.0.push(Slot { index: delta.index.clone(), ..Slot::default() });
            self.0.len() - 1
        });
        let slot = &mut self.0[at];
        let unbegun = slot.call.arguments.is_empty();
        slot.grow(&delta.arguments);
        let Slot { call, state, .. } = slot;
        if call.id.is_empty() {
            call.id = delta.id.unwrap_or_default();
        }
        if let Some(name) = delta.name.filter(|name| *name != call.name && unbegun) {
            // Some send the name in pieces, some all of it so far in every piece.
            if name.starts_with(&call.name) { call.name = name } else { call.name.push_str(&name) }
        }
        merge(state, delta.state);
    }

    /// The call that a piece continues with, if it continues with one.
    fn meant(&self, delta: &Delta) -> Option<usize> {
        let same_index = |slot: &Slot| delta.index.is_some() && slot.index == delta.index;
        let same_id = |slot: &Slot| delta.id.as_ref().is_some_and(|id| *id == slot.call.id);
        let position = |fits: &dyn Fn(&Slot) -> bool| self.0.iter().rposition(fits);
        let both = position(&|slot| same_index(slot) && same_id(slot));
        let last = || self.0.len().checked_sub(1);
        both.or_else(|| position(&same_index)).or_else(|| match &delta.name {
            // An index or id that is new continues with what there is, unless it names a call.
            None => position(&same_id).or_else(last),
            Some(_) if delta.index.is_none() => position(&same_id).or_else(last),
            Some(_) => None,
        })
    }
}

/// Whether a piece begins a call behind that one instead of continuing with it.
fn begins(slot: &Slot, delta: &Delta, offered: &Offered<'_>) -> bool {
    let Some(name) = &delta.name else { return false };
    let call = &slot.call;
    let other_id = delta.id.as_ref().is_some_and(|id| !call.id.is_empty() && *id != call.id);
    let says_more = !delta.arguments.is_empty() || *name != call.name;
    let apart = delta.index.is_none() && delta.id.is_none();
    if call.arguments.trim().is_empty() {
        let both_known = !call.name.is_empty() && offered.has(&call.name) && offered.has(name);
        return other_id || (apart && delta.follows) || (apart && both_known && *name != call.name);
    }
    if slot.came_cumulatively() {
        return other_id;
    }
    if is_whole(&call.arguments) {
        return other_id || says_more;
    }
    // In the middle of its arguments: only another tool is surely another call.
    *name != call.name && (other_id || offered.has(name))
}

fn delta(piece: &Value, follows: bool) -> Delta {
    let function = piece.get("function").filter(|function| function.is_object()).unwrap_or(piece);
    let arguments = match function.get("arguments").or_else(|| function.get("parameters")) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(object) => object.to_string(),
    };
    let rest = |fields: &Value, known: &[&str]| -> Map<String, Value> {
        let fields = fields.as_object().into_iter().flatten();
        let other = fields.filter(|(name, value)| !known.contains(&name.as_str()) && !value.is_null());
        other.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let mut state = rest(piece, &OF_CALL);
    if piece.get("function").is_some() {
        let within = rest(function, &OF_FUNCTION);
        if !within.is_empty() {
            state.insert("function".to_owned(), Value::Object(within));
        }
    }
    let name = lenient::text(function.get("name")).or_else(|| lenient::text(piece.get("function")));
    Delta {
        index: lenient::text(piece.get("index")),
        id: lenient::text(piece.get("id")),
        name,
        arguments,
        state,
        follows,
    }
}

/// Adds what came with another piece: texts and lists grow, anything else is as it was told last.
pub(crate) fn merge(into: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match (into.get_mut(&name), value) {
            (_, Value::Null) => {}
            (Some(Value::String(text)), Value::String(more)) => text.push_str(&more),
            (Some(Value::Array(items)), Value::Array(more)) => more.into_iter().for_each(|item| append(items, item)),
            (Some(Value::Object(fields)), Value::Object(more)) => fields.extend(more),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// Adds an item to a list, or to its last item where both are pieces of one, as OpenRouter's `reasoning_details` are.
fn append(items: &mut Vec<Value>, item: Value) {
    let same = |field: &str, other: &Value| other.get(field).is_some() && other.get(field) == item.get(field);
    let last = items.last_mut().filter(|last| same("type", last) && (same("index", last) || same("id", last)));
    let (Some(Value::Object(last)), Value::Object(more)) = (last, &item) else {
        items.push(item);
        return;
    };
    for (name, value) in more {
        match (last.get_mut(name), value) {
            (_, Value::Null) => {}
            (Some(Value::String(text)), Value::String(more)) if ["text", "summary"].contains(&name.as_str()) => {
                text.push_str(more);
            }
            (_, value) => {
                last.insert(name.clone(), value.clone());
            }
        }
    }
}
