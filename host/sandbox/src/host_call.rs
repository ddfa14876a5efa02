//! One call of the host by a guest. Every view of a capability is made from it, so that each host call has a key of its
//! own: made again after a crash, a call of a tool makes the same host calls and gets the same keys, and the store
//! recognises what is there already.

use std::fmt;

use steward_agent::Principal;
use steward_store::RunId;
use tokio_util::sync::CancellationToken;

use crate::backing::Backing;
use crate::deadline::Deadline;
use crate::foreign::Lowering;
use crate::grant::Grant;
use crate::part::Parts;
use crate::state::CallState;

/// One host call. A capability takes from it what it needs and nothing more.
pub(crate) struct HostCall<'a> {
    pub(crate) backing: &'a Backing,
    pub(crate) principal: &'a Principal,
    /// The plugin's name.
    pub(crate) plugin: &'a str,
    /// What the plugin was granted; what of it the call holds is linked.
    pub(crate) grant: &'a Grant,
    pub(crate) lowering: &'a Lowering,
    /// What capabilities keep for the call.
    pub(crate) parts: &'a mut Parts,
    pub(crate) run: Option<RunId>,
    /// Tells that the call was stopped.
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) deadline: &'a Deadline,
    /// The call of the tool may have been made before.
    pub(crate) replayed: bool,
    pub(crate) key: EffectKey<'a>,
}

/// The key of the effect that a host call has.
#[derive(Clone, Copy)]
pub(crate) struct EffectKey<'a> {
    call: &'a str,
    number: u32,
}

impl<'a> EffectKey<'a> {
    /// The key of the call that the host call belongs to.
    pub(crate) fn of_call(self) -> &'a str {
        self.call
    }
}

impl fmt::Display for EffectKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.call, self.number)
    }
}

impl<'a> HostCall<'a> {
    /// The next host call of a call.
    pub(crate) fn of(state: &'a mut CallState) -> Self {
        state.host_calls += 1;
        Self {
            backing: &state.backing,
            principal: &state.principal,
            plugin: &state.plugin,
            grant: &state.grant,
            lowering: &state.lowering,
            parts: &mut state.parts,
            run: state.run,
            cancel: &state.cancel,
            deadline: &state.deadline,
            replayed: state.replayed,
            key: EffectKey { call: &state.key, number: state.host_calls },
        }
    }
}
