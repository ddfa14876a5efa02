//! What people may do now. Whoever acts for somebody looks here before each step: rights that were taken away, by the
//! configuration or a command, in this process or another, end what is under way. Nothing here gives rights.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use steward_agent::{Address, Language, Principal, Role};
use steward_sandbox::Access;
use steward_store::StoreError;
use tokio::sync::watch;

use crate::app::Host;
use crate::texts;

/// Commands are given in another process, of which nothing tells.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Why nothing more is done for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revoked {
    Banned,
    /// They have another role now, which has another conversation.
    Changed,
    /// The chat is somebody else's, or they are not known any more: nobody is told.
    Gone,
}

/// Tells runs that somebody's rights may have changed.
#[derive(Debug, Default)]
pub(crate) struct Rights(watch::Sender<i64>);

impl Rights {
    pub(crate) fn watch(&self) -> watch::Receiver<i64> {
        self.0.subscribe()
    }
}

/// Notices changes whoever made them.
pub(crate) async fn run(host: Arc<Host>) {
    while !host.stop.is_cancelled() {
        match host.store.standing_changes().await {
            Ok(now) => {
                host.rights.0.send_if_modified(|seen| std::mem::replace(seen, now) != now);
            }
            Err(error) => tracing::warn!(%error, "whether rights have changed cannot be read; trying again"),
        }
        tokio::select! {
            () = host.store.standing_changed().notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = host.stop.cancelled() => {}
        }
    }
}

/// The role a person has: one that the configuration does not describe any more is none.
pub(crate) fn role(roles: &BTreeMap<String, BTreeMap<String, Access>>, stored: Role) -> Role {
    match stored {
        Role::Named(name) if !roles.contains_key(&name) => Role::External,
        role => role,
    }
}

/// Whether a principal may no longer be acted for at that address, and why.
pub(crate) async fn revoked(
    host: &Host,
    principal: &Principal,
    address: &Address,
) -> Result<Option<Revoked>, StoreError> {
    let Some(now) = host.store.standing(principal.person, address).await? else { return Ok(Some(Revoked::Gone)) };
    let role = role(&host.config.roles, now.role);
    Ok(match () {
        () if now.elsewhere => Some(Revoked::Gone),
        () if now.banned && role != Role::Owner => Some(Revoked::Banned),
        () if role != principal.role => Some(Revoked::Changed),
        () => None,
    })
}

/// What the person is told, if anything; of a ban once.
pub(crate) async fn word(
    host: &Host,
    why: Revoked,
    principal: &Principal,
    language: Language,
) -> Result<Option<String>, StoreError> {
    Ok(match why {
        Revoked::Gone => None,
        Revoked::Changed => Some(texts::rights_changed(language)),
        Revoked::Banned => host.store.tell_ban(principal.person).await?.then(|| texts::banned(language)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_gone_from_the_configuration_is_external() {
        let roles = BTreeMap::from([("family".to_owned(), BTreeMap::new())]);
        let named = |name: &str| Role::Named(name.to_owned());
        assert_eq!(role(&roles, named("family")), named("family"));
        assert_eq!(role(&roles, named("colleague")), Role::External);
        assert_eq!(role(&roles, Role::Owner), Role::Owner);
    }
}
