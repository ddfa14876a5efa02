//! `violation`: a person who is no owner went too far in a conversation of theirs. Who that is is told by the call and
//! never by an argument; a rule makes of it a warning or a ban, and the owners hear of both.

use steward_agent::Outgoing;
use steward_store::{Person, Verdict, Violation};
use wasmtime::component::{HasSelf, Linker};

use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::grant::Access;
use crate::notice;
use crate::plugin::Effect;
use crate::scope::ScopeKind;
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
    wit::violation::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl wit::violation::Host for CallState {
    async fn report(&mut self, reason: String) -> Result<wit::violation::Verdict, Failure> {
        let key = self.next_key();
        let reason = required("reason", &reason, REASON_CHARS)?;
        self.refuse_secret(&reason)?;
        let store = &self.backing.store;
        let caller = store.person(self.principal.person).await?;
        let caller = caller.ok_or_else(|| Failure::Failed("the caller is not known to the store".to_owned()))?;
        let owners = store.owners().await?;
        let letters = |banned: bool| -> Vec<Outgoing> {
            let letter = |owner: &Person| {
                let text = notice::violation(owner.language.unwrap_or_default(), &caller, banned, &reason);
                Some(Outgoing { to: owner.address.clone()?, text, draft: None, unasked: true })
            };
            owners.iter().filter_map(letter).collect()
        };
        let violation =
            Violation { person: caller.id, run: self.run, key, warned: letters(false), banned: letters(true) };
        let verdict = store.count_violation(violation, self.timestamp()).await?;
        Ok(match verdict {
            Verdict::Warned => wit::violation::Verdict::Warned,
            Verdict::Banned => wit::violation::Verdict::Banned,
        })
    }
}

#[cfg(test)]
mod tests {
    use steward_store::RunId;

    use super::*;
    use crate::bindings::wit::violation::{Host as _, Verdict};
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn a_warning_then_a_ban_and_the_owner_hears_of_both() {
        let fixture = Fixture::new().await;
        for (run, verdict) in [(1, Verdict::Warned), (1, Verdict::Warned), (2, Verdict::Banned)] {
            let mut anna = fixture.anna();
            (anna.run, anna.key) = (Some(RunId(run)), format!("{run}"));
            assert_eq!(anna.report("asks for *passwords*".to_owned()).await.unwrap(), verdict, "{run}");
        }
        let told: Vec<_> = fixture.outbox().await.into_iter().map(|letter| letter.text).collect();
        assert_eq!(told.len(), 2);
        assert!(told[0].contains("Anna") && told[0].contains("id 2") && told[0].contains("> asks for \\*passwords\\*"));
        assert!(told[1].contains("steward people unban 2"), "{}", told[1]);
        let mut owner = fixture.owner();
        assert!(matches!(owner.report("x".to_owned()).await, Err(Failure::Invalid(_))));
    }
}
