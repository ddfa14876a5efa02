//! What a grant of a capability can be narrowed to: its hosts, its folders, its programs. The type of a scope, how it is
//! read, what of it is asked about and in which words are the capability's own; here is the form all of them have.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use toml::Value;

use crate::consent::Extent;
use crate::grant::Access;
use crate::plugin::Effect;
use crate::trial::Trial;

/// A sentence, English and Russian.
pub(crate) type Sentence = (&'static str, &'static str);

/// How the line of one capability under `[capabilities]` is written and read.
pub(crate) struct ScopeKind {
    /// Reads the line in full, a table, and says how much it grants.
    pub(crate) read: fn(Value, &mut Scopes) -> Result<Access, String>,
    /// The key that a short form stands for; none for what is no short form of this capability.
    pub(crate) short: fn(&Value) -> Option<&'static str>,
    /// The forms the line has, for the one who wrote another: "write …".
    pub(crate) forms: &'static str,
    /// A line that grants a little, for the one who wrote none.
    pub(crate) example: &'static str,
    /// What of it is asked about, in the order in which it is shown.
    pub(crate) rows: &'static [Row],
    /// The line of a trial, where it is not what follows from what was granted.
    pub(crate) trial: fn(&Trial, granted: bool) -> Option<Value>,
    /// The strongest thing that can be done with so much of it.
    pub(crate) strongest: fn(&Scopes, Access) -> Effect,
}

impl ScopeKind {
    /// Of a capability that is granted or not, and nothing between.
    pub(crate) const NONE: Self = Self {
        read: |line, _| {
            let Nothing {} = line.try_into().map_err(problem)?;
            Ok(Access::Write)
        },
        short: |_| None,
        forms: "write {} or true",
        example: "{}",
        rows: &[],
        trial: |_, _| None,
        strongest: |_, _| Effect::Write,
    };
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What is wrong with a line, without the place in it, which means nothing to its reader.
pub(crate) fn problem(error: toml::de::Error) -> String {
    error.message().to_owned()
}

/// One thing that is asked about.
pub(crate) struct Row {
    /// Its key in plugin.toml.
    pub(crate) key: &'static str,
    /// What it means in one sentence, with its extent in place of `{}`.
    pub(crate) sentence: Sentence,
    /// Items that stand for more than themselves, and what they mean.
    pub(crate) special: &'static [(&'static str, Sentence)],
    pub(crate) read: Read,
    /// Whether an approved item, the first, covers an asked one.
    pub(crate) covers: fn(&str, &str) -> bool,
}

/// How a row is read off a grant.
pub(crate) enum Read {
    Items(fn(&Scopes) -> BTreeSet<String>),
    Amount(fn(&Scopes) -> u32),
}

impl Row {
    /// A row of items, each of which covers itself alone.
    pub(crate) const fn list(key: &'static str, sentence: Sentence, read: fn(&Scopes) -> BTreeSet<String>) -> Self {
        Self { key, sentence, special: &[], read: Read::Items(read), covers: same }
    }

    /// A row that is a number.
    pub(crate) const fn amount(key: &'static str, sentence: Sentence, read: fn(&Scopes) -> u32) -> Self {
        Self { key, sentence, special: &[], read: Read::Amount(read), covers: same }
    }

    pub(crate) fn extent(&self, scopes: &Scopes) -> Extent {
        match self.read {
            Read::Items(read) => Extent::Items(read(scopes)),
            Read::Amount(read) => Extent::Amount(read(scopes).into()),
        }
    }
}

/// Everything there is of a scope.
pub(crate) const ALL: &str = "*";

/// When an item covers itself alone.
pub(crate) fn same(approved: &str, asked: &str) -> bool {
    approved == asked
}

/// The scope of a capability, a type of its own. The default is what is granted where nothing is said of it.
pub trait Scope: Any + fmt::Debug + Default + PartialEq + Send + Sync {}

/// The scopes of a grant, one of each type at most.
#[derive(Clone, Default)]
pub struct Scopes(Vec<Kept>);

#[derive(Clone)]
struct Kept {
    scope: Arc<dyn Any + Send + Sync>,
    is_same: fn(&dyn Any, &dyn Any) -> bool,
    show: fn(&dyn Any, &mut fmt::Formatter<'_>) -> fmt::Result,
}

impl Scopes {
    /// The scope of this type as it was granted.
    pub fn get<T: Scope>(&self) -> Arc<T> {
        let kept = self.0.iter().find_map(|kept| Arc::clone(&kept.scope).downcast::<T>().ok());
        kept.unwrap_or_default()
    }

    /// Puts a scope in place of the one of its type.
    pub fn set<T: Scope>(&mut self, scope: T) {
        self.0.retain(|kept| !kept.scope.is::<T>());
        self.0.push(Kept {
            scope: Arc::new(scope),
            is_same: |one, other| one.downcast_ref::<T>() == other.downcast_ref::<T>(),
            show: |one, f| one.downcast_ref::<T>().map_or(Ok(()), |one| one.fmt(f)),
        });
    }

    /// The same with another scope.
    #[must_use]
    pub fn with<T: Scope>(mut self, scope: T) -> Self {
        self.set(scope);
        self
    }
}

impl PartialEq for Scopes {
    fn eq(&self, other: &Self) -> bool {
        let has = |one: &Kept| other.0.iter().any(|there| (one.is_same)(&*one.scope, &*there.scope));
        self.0.len() == other.0.len() && self.0.iter().all(has)
    }
}

impl Eq for Scopes {}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|kept| (kept.show)(&*kept.scope, f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Count(u32);
    impl Scope for Count {}

    #[test]
    fn a_scope_is_found_by_its_type_and_replaced_as_a_whole() {
        let mut scopes = Scopes::default();
        assert_eq!(*scopes.get::<Count>(), Count(0));
        scopes.set(Count(1));
        assert_ne!(scopes, Scopes::default());
        scopes.set(Count(2));
        assert_eq!((scopes.get::<Count>().0, scopes.clone()), (2, Scopes::default().with(Count(2))));
        assert_ne!(scopes, Scopes::default().with(Count(3)));
    }
}
