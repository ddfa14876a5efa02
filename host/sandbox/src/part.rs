//! What a capability keeps for the time of one call: the folders it opened, how often the model was asked. Each part is
//! known to its capability alone.

use std::any::Any;
use std::sync::Arc;

use crate::backing::Backing;
use crate::capability::tools::ToolPort;
use crate::foreign::Lowering;
use crate::grant::{CapabilitySet, GrantedIn};
use crate::plugin::Plugin;
use crate::spent::Spent;

/// What a capability keeps for one call.
pub(crate) trait Part: Any + Send {
    /// Why the host refused something by this capability during the call, where the guest got only a code.
    fn refusal(&self, plugin: &str, granted_in: &GrantedIn) -> Option<String> {
        let _ = (plugin, granted_in);
        None
    }

    /// Whether files of the workspace were changed by it.
    fn changed_files(&self) -> bool {
        false
    }
}

/// A call that begins, as a capability is told of it.
pub(crate) struct Beginning<'a> {
    pub(crate) backing: &'a Arc<Backing>,
    pub(crate) plugin: &'a Plugin,
    pub(crate) tool: &'a str,
    /// What the call holds.
    pub(crate) set: CapabilitySet,
    /// Where what it takes is counted.
    pub(crate) spent: &'a Arc<Spent>,
    pub(crate) lowering: &'a Lowering,
    pub(crate) tools: &'a ToolPort,
}

/// The parts of one call, one of each type at most.
#[derive(Default)]
pub(crate) struct Parts(Vec<Box<dyn Part>>);

impl Parts {
    pub(crate) fn put(&mut self, part: Box<dyn Part>) {
        self.0.push(part);
    }

    /// The part of this type; where nothing began it, one that allows nothing.
    pub(crate) fn of<T: Part + Default>(&mut self) -> &mut T {
        self.of_or(T::default)
    }

    /// The part of this type, made now where nothing began it.
    pub(crate) fn of_or<T: Part>(&mut self, make: impl FnOnce() -> T) -> &mut T {
        fn is<T: Part>(part: &dyn Part) -> bool {
            let part: &dyn Any = part;
            part.is::<T>()
        }
        if !self.0.iter().any(|part| is::<T>(&**part)) {
            self.0.push(Box::new(make()));
        }
        let found = self.0.iter_mut().find_map(|part| {
            let part: &mut dyn Any = &mut **part;
            part.downcast_mut()
        });
        #[expect(clippy::expect_used, reason = "it was there, or was put there three lines above")]
        found.expect("a part of this type")
    }

    /// Why the host refused something during the call, by the capability that comes last in the list.
    pub(crate) fn refusal(&self, plugin: &str, granted_in: &GrantedIn) -> Option<String> {
        self.0.iter().rev().find_map(|part| part.refusal(plugin, granted_in))
    }

    pub(crate) fn changed_files(&self) -> bool {
        self.0.iter().any(|part| part.changed_files())
    }
}
