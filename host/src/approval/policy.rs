//! Which calls are made at once, which are asked about and which are refused, by what the tool does and what set the
//! run going. An entry for the origin wins over the general one, and both win over what is built in.

use std::collections::BTreeMap;

use anyhow::bail;
use serde::Deserialize;
use steward_agent::Origin;
use steward_sandbox::{Effect, Matter};

/// What is done about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// It is made.
    Automatic,
    /// An owner is asked.
    Ask,
    /// It is refused.
    Deny,
}

/// A rule for each effect that is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rules {
    read: Option<Rule>,
    write: Option<Rule>,
    send: Option<Rule>,
    destructive: Option<Rule>,
}

/// `[approval.foreign]`: what is done once foreign text was read, where nothing else is stricter. What is not named is
/// asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ForeignRules {
    /// Calls that send, after foreign text was read, unless a rule above is stricter.
    ///
    /// Default: `ask`
    send: Option<Rule>,
    /// Calls that cannot be undone, likewise.
    ///
    /// Default: `ask`
    destructive: Option<Rule>,
    /// Calls that leave lasting instructions, likewise.
    ///
    /// Default: `ask`
    instructions: Option<Rule>,
    /// Requests to new hosts, likewise.
    ///
    /// Default: `ask`
    hosts: Option<Rule>,
}

/// `[approval]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// How long a question waits before it counts as denied.
    ///
    /// Values: seconds, 1 to 86400
    pub seconds: u64,
    /// What is done about calls that only read.
    ///
    /// Default: `automatic`
    read: Option<Rule>,
    /// What is done about calls that write.
    ///
    /// Default: `automatic`
    write: Option<Rule>,
    /// What is done about calls that send something to somebody.
    ///
    /// Default: `automatic`; `ask` in runs started by a heartbeat, a trigger or another program
    send: Option<Rule>,
    /// What is done about calls that cannot be undone.
    ///
    /// Default: `ask`
    destructive: Option<Rule>,
    /// `[approval.origins.ORIGIN]` has the same four keys for runs started by that origin, and wins over them.
    ///
    /// Values: a table
    origins: BTreeMap<Origin, Rules>,
    foreign: ForeignRules,
}

impl Default for Policy {
    fn default() -> Self {
        let (read, write, send, destructive) = (None, None, None, None);
        let (origins, foreign) = (BTreeMap::new(), ForeignRules::default());
        Self { seconds: 300, read, write, send, destructive, origins, foreign }
    }
}

impl Policy {
    /// What is done about a call.
    pub fn rule(&self, effect: Effect, origin: Origin) -> Rule {
        let general = Rules { read: self.read, write: self.write, send: self.send, destructive: self.destructive };
        let of_origin = self.origins.get(&origin).and_then(|rules| rules.of(effect));
        of_origin.or(general.of(effect)).unwrap_or_else(|| built_in(effect, origin))
    }

    /// What is done after foreign text was read.
    pub fn foreign(&self, matter: Matter) -> Rule {
        let rules = &self.foreign;
        let standing = match matter {
            Matter::Send => rules.send,
            Matter::Destructive => rules.destructive,
            Matter::Instructions => rules.instructions,
            Matter::Host => rules.hosts,
        };
        standing.unwrap_or(Rule::Ask)
    }

    /// The policy, if its values are possible.
    ///
    /// # Errors
    /// Names the key and the remedy.
    pub(crate) fn checked(self) -> anyhow::Result<Self> {
        if !(1..=86_400).contains(&self.seconds) {
            bail!("approval.seconds: {} is out of range. Use 1 to 86400.", self.seconds);
        }
        Ok(self)
    }
}

impl Rules {
    fn of(self, effect: Effect) -> Option<Rule> {
        match effect {
            Effect::Read => self.read,
            Effect::Write => self.write,
            Effect::Send => self.send,
            Effect::Destructive => self.destructive,
        }
    }
}

/// What cannot be undone is asked about. So is a message to somebody in a run that nobody ordered: what set it going
/// may be a text of someone else. Scheduled work was ordered by the owner, who wants it done while they sleep.
fn built_in(effect: Effect, origin: Origin) -> Rule {
    match (effect, origin) {
        (Effect::Destructive, _) => Rule::Ask,
        (Effect::Send, Origin::Heartbeat | Origin::Trigger | Origin::McpClient) => Rule::Ask,
        _ => Rule::Automatic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Policy {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn nothing_configured_asks_about_what_cannot_be_undone_and_about_mail_nobody_ordered() {
        let policy = Policy::default();
        for origin in Origin::ALL {
            assert_eq!(policy.rule(Effect::Read, origin), Rule::Automatic);
            assert_eq!(policy.rule(Effect::Write, origin), Rule::Automatic);
            assert_eq!(policy.rule(Effect::Destructive, origin), Rule::Ask);
        }
        assert_eq!(policy.rule(Effect::Send, Origin::Chat), Rule::Automatic);
        assert_eq!(policy.rule(Effect::Send, Origin::Schedule), Rule::Automatic);
        assert_eq!(policy.rule(Effect::Send, Origin::Heartbeat), Rule::Ask);
    }

    #[test]
    fn foreign_text_is_asked_about_unless_a_standing_grant_covers_it() {
        let policy = policy("send = \"automatic\"\n[foreign]\nhosts = \"automatic\"\ninstructions = \"deny\"");
        assert_eq!(policy.foreign(Matter::Send), Rule::Ask, "a general entry is not such a grant");
        assert_eq!(policy.foreign(Matter::Host), Rule::Automatic);
        assert_eq!(policy.foreign(Matter::Instructions), Rule::Deny);
        assert!(Rule::Automatic < Rule::Ask && Rule::Ask < Rule::Deny);
        for wrong in ["[foreign]\nsends = \"ask\"", "[foreign]\nsend = \"always\""] {
            assert!(toml::from_str::<Policy>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_origin_s_entry_wins_over_the_general_one_and_that_over_the_built_in() {
        let policy = policy(
            "seconds = 60\nsend = \"deny\"\nwrite = \"ask\"\n[origins.schedule]\nwrite = \"automatic\"\n\
             [origins.mcp-client]\nread = \"deny\"",
        );
        assert_eq!(policy.rule(Effect::Send, Origin::Heartbeat), Rule::Deny);
        assert_eq!(policy.rule(Effect::Write, Origin::Chat), Rule::Ask);
        assert_eq!(policy.rule(Effect::Write, Origin::Schedule), Rule::Automatic);
        assert_eq!(policy.rule(Effect::Read, Origin::McpClient), Rule::Deny);
    }
}
