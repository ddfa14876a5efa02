//! One call of the host by a guest. Every view of a capability is made from it, so that each host call has a key of its
//! own: made again after a crash, a call of a tool makes the same host calls and gets the same keys, and the store
//! recognises what is there already.

use std::fmt;

use steward_agent::Principal;
use steward_store::RunId;

use crate::backing::Backing;
use crate::foreign::Lowering;
use crate::state::CallState;

/// One host call. A capability takes from it what it needs and nothing more.
pub(crate) struct HostCall<'a> {
    pub(crate) backing: &'a Backing,
    pub(crate) principal: &'a Principal,
    /// The plugin's name.
    pub(crate) plugin: &'a str,
    pub(crate) lowering: &'a Lowering,
    pub(crate) run: Option<RunId>,
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
            lowering: &state.lowering,
            run: state.run,
            replayed: state.replayed,
            key: EffectKey { call: &state.key, number: state.host_calls },
        }
    }
}
