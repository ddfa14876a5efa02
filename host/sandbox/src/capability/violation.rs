//! `violation`: a person who is no owner went too far in a conversation of theirs. Who that is is told by the call and
//! never by an argument; a rule makes of it a warning or a ban, and the owners hear of both.

use std::sync::Arc;

use jiff::Timestamp;
use steward_agent::{Outgoing, PersonId};
use steward_store::{Person, RunId, Verdict, Violation, Violations};
use wasmtime::component::{HasData, Linker};

use crate::acquaintances::Acquaintances;
use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::grant::Access;
use crate::host_call::{EffectKey, HostCall};
use crate::notice;
use crate::plugin::Effect;
use crate::scope::ScopeKind;
use crate::secret::Known;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "violation",
    summary: (
        "Warn an outside person who goes too far, and ban them if they do it again.",
        "Предупредить внешнего собеседника, который нарушает правила, а при повторении заблокировать его.",
    ),
    interfaces: &["steward:plugin/violation"],
    external: Access::Write,
    for_roles: false,
    scope: ScopeKind { strongest: |_, _| Effect::Send, ..ScopeKind::NONE },
    stays_within: true,
    link,
    ..Capability::PLAIN
};

/// The longest reason, in characters.
const REASON_CHARS: usize = 500;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::violation::add_to_linker::<_, HasReporting>(linker, view)
}

/// What it needs of a call: who went too far and in which run, who hears of it, and the secrets that stay here.
struct Reporting<'a> {
    violations: Violations<'a>,
    people: Acquaintances<'a>,
    known: Arc<Known>,
    person: PersonId,
    run: Option<RunId>,
    key: EffectKey<'a>,
    now: Timestamp,
}

struct HasReporting;

impl HasData for HasReporting {
    type Data<'a> = Reporting<'a>;
}

fn view(state: &mut CallState) -> Reporting<'_> {
    let HostCall { backing, principal, run, key, .. } = HostCall::of(state);
    Reporting {
        violations: backing.store.violations(),
        people: backing.acquaintances(),
        known: backing.connected.known(),
        person: principal.person,
        run,
        key,
        now: backing.now(),
    }
}

impl wit::violation::Host for Reporting<'_> {
    async fn report(&mut self, reason: String) -> Result<wit::violation::Verdict, Failure> {
        let reason = required("reason", &reason, REASON_CHARS)?;
        self.known.refuse_message(&reason)?;
        let caller = self.people.person(self.person).await?;
        let caller = caller.ok_or_else(|| Failure::Failed("the caller is not known to the store".to_owned()))?;
        let owners = self.people.owners().await?;
        let letters = |banned: bool| -> Vec<Outgoing> {
            let letter = |owner: &Person| {
                let text = notice::violation(owner.language.unwrap_or_default(), &caller, banned, &reason);
                Some(Outgoing { to: owner.address.clone()?, text, draft: None, unasked: true })
            };
            owners.iter().filter_map(letter).collect()
        };
        let violation = Violation {
            person: caller.id,
            run: self.run,
            key: self.key.to_string(),
            warned: letters(false),
            banned: letters(true),
        };
        let verdict = self.violations.count(violation, self.now).await?;
        Ok(match verdict {
            Verdict::Warned => wit::violation::Verdict::Warned,
            Verdict::Banned => wit::violation::Verdict::Banned,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::wit::violation::{Host as _, Verdict};
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn a_warning_then_a_ban_and_the_owner_hears_of_both() {
        let fixture = Fixture::new().await;
        for (run, verdict) in [(1, Verdict::Warned), (1, Verdict::Warned), (2, Verdict::Banned)] {
            let mut anna = fixture.anna();
            (anna.run, anna.key) = (Some(RunId(run)), format!("{run}"));
            assert_eq!(view(&mut anna).report("asks for *passwords*".to_owned()).await.unwrap(), verdict, "{run}");
        }
        let told: Vec<_> = fixture.outbox().await.into_iter().map(|letter| letter.text).collect();
        assert_eq!(told.len(), 2);
        assert!(told[0].contains("Anna") && told[0].contains("id 2") && told[0].contains("> asks for \\*passwords\\*"));
        assert!(told[1].contains("steward people unban 2"), "{}", told[1]);
        let mut owner = fixture.owner();
        assert!(matches!(view(&mut owner).report("x".to_owned()).await, Err(Failure::Invalid(_))));
    }
}
