//! Which functions an instance gets. What was granted is linked; every other import is a stub that refuses. So
//! nothing a guest or a model says reaches what was not granted.
//!
//! One linker is made for each component and set of capabilities, and never for a single call.

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::p2::bindings::{cli, random};
use wasmtime_wasi::random::WasiRandom;

use crate::bindings::PluginPre;
use crate::capability::{self, CAPABILITIES};
use crate::component::{Import, unversioned};
use crate::grant::CapabilitySet;
use crate::state::CallState;
use crate::stub::{self, Refuse};

/// Links a component, of whatever kind, with exactly the capabilities of `set`.
pub(crate) fn with_capabilities(component: &Component, set: CapabilitySet) -> wasmtime::Result<InstancePre<CallState>> {
    let mut linker = Linker::new(component.engine());
    link_wasi(&mut linker)?;
    capability::link_always(&mut linker)?;
    for (capability, _) in set.iter() {
        (capability.link)(&mut linker)?;
    }
    for capability in CAPABILITIES.iter().filter(|one| !set.holds(one)) {
        if let Some(link_words) = capability.link_words {
            link_words(&mut linker)?;
        }
    }
    stub::link(&mut linker, component, |interface| match Import::of(interface) {
        Import::Always => true,
        Import::Words(one) => one.link_words.is_some() || set.holds(one),
        Import::Capability(one) => set.holds(one),
        Import::Unknown => false,
    })?;
    linker.instantiate_pre(component)
}

/// Links a component with nothing but its WASI surroundings, for being asked what it offers.
pub(crate) fn with_nothing<T>(component: &Component) -> wasmtime::Result<PluginPre<T>>
where
    T: WasiView + Refuse + 'static,
{
    let mut linker = Linker::new(component.engine());
    link_wasi(&mut linker)?;
    stub::link(&mut linker, component, |interface| {
        matches!(Import::of(interface), Import::Always) && unversioned(interface).starts_with("wasi:")
    })?;
    PluginPre::new(linker.instantiate_pre(component)?)
}

/// Clocks, random numbers, streams and captured standard output, with an empty environment.
fn link_wasi<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
    random::insecure::add_to_linker::<T, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<T, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    cli::exit::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::environment::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(linker, T::cli)
}
