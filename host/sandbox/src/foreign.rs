//! What a run has before it that others wrote, and what is asked about because of it. Whether to ask, and in which words,
//! is the host's; here stands when.
//!
//! A call is told what its run has seen, notes what it receives itself, and asks before it does what foreign text must
//! not have done unasked. Read `lowering` for the asking and `marks` for what is kept.

mod lowering;
mod marks;

use std::sync::{Arc, Mutex, PoisonError};

use steward_agent::{PersonId, Source, foreign};
use url::Url;

use crate::capability::Reaches;
use crate::grant::CapabilitySet;
use crate::plugin::Effect;

pub(crate) use self::lowering::{Asking, Lowering};
pub use self::marks::ForeignMarks;
pub(crate) use self::marks::place;

/// What is asked about once foreign text has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Matter {
    /// Something goes to somebody else than the one the run is for.
    Send,
    /// It cannot be undone.
    Destructive,
    /// What the assistant reads as orders later: memory of later prompts, HEARTBEAT.md, scheduled prompts, triggers.
    Instructions,
    /// A request to a host that the owner has not named.
    Host,
}

/// Why something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Nobody has to be asked.
    Standing,
    /// An owner was shown it and agreed.
    Owner,
}

/// What the model has before it. Clones are the same, so that what one call of a script brings counts for the next.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    sources: Arc<Mutex<Vec<Source>>>,
    /// What the one the run is for has said in their own words.
    words: Arc<[String]>,
}

impl Sight {
    /// What a run has seen so far, and the person's own words in this conversation.
    pub fn new(sources: Vec<Source>, words: Arc<[String]>) -> Self {
        Self { sources: Arc::new(Mutex::new(sources)), words }
    }

    /// The same, but what is added to one is not added to the other.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(self.sources(), Arc::clone(&self.words))
    }

    pub fn add(&self, more: impl IntoIterator<Item = Source>) {
        foreign::add(&mut self.sources.lock().unwrap_or_else(PoisonError::into_inner), more);
    }

    pub fn sources(&self) -> Vec<Source> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether less is done unasked.
    pub fn lowers(&self) -> bool {
        foreign::lowers(&self.sources.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the person has named the host, or the conversation has reached it already: then that was named, granted
    /// or agreed to, or came before anything foreign.
    pub(crate) fn knows(&self, host: &str, port: u16) -> bool {
        let page = Source::Page(shown_host(host, port));
        self.sources().contains(&page) || self.words.iter().any(|words| names(words, host, port))
    }
}

/// Where prompts for later are marked that came from foreign text without an owner's word.
pub(crate) const PROMPTS: &str = "prompts";

/// Where what is known about a person is marked.
pub(crate) fn user_data_place(person: PersonId) -> String {
    format!("user-data/{person}")
}

/// A text of several lines as one, for being marked as a whole.
pub(crate) fn one_text(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A host as it is told: its port only where it is unusual.
pub(crate) fn shown_host(host: &str, port: u16) -> String {
    if matches!(port, 80 | 443) { host.to_owned() } else { format!("{host}:{port}") }
}

/// Whether a text names a host: by an address or by its bare name. Only the host of an address counts, nothing else in it.
fn names(words: &str, host: &str, port: u16) -> bool {
    let parts = words.split(|c: char| c.is_whitespace() || "<>()[]{}\"'`«»“”,;|".contains(c));
    parts.filter(|part| part.contains('.') || part.contains("//")).any(|part| {
        let part = part.trim_end_matches(['.', ',', ';', ':', '!', '?', '…']);
        let with_scheme = if part.contains("://") { part.to_owned() } else { format!("http://{part}") };
        let Ok(url) = Url::parse(&with_scheme) else { return false };
        let named = url.host_str().map(bare);
        let usual = !part.contains("://") && url.port().is_none() && matches!(port, 80 | 443);
        named == Some(bare(host)) && (usual || url.port_or_known_default() == Some(port) || upgraded(&url, port))
    })
}

/// An address with `http` is often sent on to the same host with `https`.
fn upgraded(url: &Url, port: u16) -> bool {
    url.port().is_none() && port == 443
}

fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// What is asked about before a call is made. What a call can do only by capabilities that ask themselves is left to
/// them, for they know more: to whom it goes.
pub(crate) fn matter(effect: Effect, set: CapabilitySet) -> Option<Matter> {
    let reaches = |whom| set.iter().any(|(one, _)| one.reaches == whom);
    match effect {
        Effect::Read | Effect::Write => None,
        Effect::Destructive => Some(Matter::Destructive),
        Effect::Send if reaches(Reaches::Others) => Some(Matter::Send),
        Effect::Send if reaches(Reaches::Asking) => None,
        Effect::Send => Some(Matter::Send),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::Access;

    #[test]
    fn a_host_is_named_by_itself_and_by_nothing_that_looks_like_it() {
        for (words, host, port, named) in [
            ("read https://example.org/a?b=c, please", "example.org", 443, true),
            ("look at example.org.", "example.org", 443, true),
            ("look at example.org", "www.example.org", 443, true),
            ("http://example.org", "example.org", 443, true),
            ("(https://example.org)", "example.org", 443, true),
            ("http://127.0.0.1:4001/x", "127.0.0.1", 4001, true),
            ("http://127.0.0.1:4001/x", "127.0.0.1", 4002, false),
            ("127.0.0.1", "127.0.0.1", 4002, false),
            ("https://evil.com/example.org", "example.org", 443, false),
            ("https://example.org@evil.com/", "example.org", 443, false),
            ("https://example.org@evil.com/", "evil.com", 443, true),
            ("notexample.org", "example.org", 443, false),
            ("example.org.evil.com", "example.org", 443, false),
            ("sub.example.org", "example.org", 443, false),
            ("пример.рф", "xn--e1afmkfd.xn--p1ai", 443, true),
            ("no host here", "example.org", 443, false),
        ] {
            assert_eq!(names(words, host, port), named, "{words} {host}:{port}");
        }
    }

    #[test]
    fn what_was_reached_is_known_and_sight_is_shared_by_clones_alone() {
        let sight = Sight::new(vec![Source::Page("a.org".into())], Arc::from(vec!["see b.org".to_owned()]));
        assert!(sight.knows("a.org", 443) && sight.knows("b.org", 443) && !sight.knows("c.org", 443));
        let (same, apart) = (sight.clone(), sight.apart());
        same.add([Source::Names]);
        assert_eq!((sight.sources().len(), apart.sources().len()), (2, 1));
        assert!(!Sight::default().lowers() && sight.lowers());
    }

    #[test]
    fn what_asks_itself_is_not_asked_about_before() {
        let set = |names: &[&str]| names.iter().fold(CapabilitySet::EMPTY, |set, name| set.with(name, Access::Write));
        assert_eq!(matter(Effect::Send, set(&["people", "send"])), None);
        assert_eq!(matter(Effect::Send, set(&["own-tasks", "owner-mail"])), None);
        assert_eq!(matter(Effect::Send, set(&["delegate", "send"])), Some(Matter::Send));
        assert_eq!(matter(Effect::Send, set(&["process", "http"])), Some(Matter::Send));
        assert_eq!(matter(Effect::Send, set(&[])), Some(Matter::Send), "who knows how it sends");
        assert_eq!(matter(Effect::Destructive, set(&["memory"])), Some(Matter::Destructive));
        assert_eq!(matter(Effect::Write, set(&["http"])), None);
    }
}
