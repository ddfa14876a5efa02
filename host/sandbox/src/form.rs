//! The three forms in which a guest is called: through `steward:plugin/tool`, through a typed function of its own, or
//! as a program. What it is linked with and held to is the same for all of them and is decided elsewhere.

use std::sync::Arc;

use serde_json::Value;
use wasmtime::Store;
use wasmtime::component::{InstancePre, Val};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::bindings::tool::Output;
use crate::bindings::{Failure, PluginPre};
use crate::call::{Answer, Outcome, arguments};
use crate::command::{self, Pipes};
use crate::component::Kind;
use crate::state::CallState;
use crate::stdio::Captured;
use crate::typed::Function;

/// A linked component, ready for instances.
pub(crate) enum Linked {
    Plugin(PluginPre<CallState>),
    Typed(InstancePre<CallState>),
    Command(CommandPre<CallState>),
}

impl Linked {
    /// # Errors
    /// The component does not export what its kind does.
    pub(crate) fn new(kind: Kind, pre: InstancePre<CallState>) -> wasmtime::Result<Self> {
        Ok(match kind {
            Kind::Plugin => Self::Plugin(PluginPre::new(pre)?),
            Kind::Command => Self::Command(CommandPre::new(pre)?),
            Kind::Library | Kind::Module => Self::Typed(pre),
        })
    }
}

/// How one tool is called.
#[derive(Clone)]
pub(crate) enum Entry {
    Plugin,
    Typed(Arc<Function>),
    Command,
}

/// A call's arguments.
pub(crate) struct Arguments {
    /// A JSON object.
    pub(crate) text: String,
    /// The same as values of a typed function's parameters.
    values: Vec<Val>,
}

/// Where what a guest prints goes.
pub(crate) struct Streams {
    /// For the log.
    pub(crate) printed: Captured,
    /// Of a program.
    pipes: Option<Pipes>,
}

impl Streams {
    /// Standard output and standard error.
    pub(crate) fn outputs(&self) -> (Captured, Captured) {
        let stdout = self.pipes.as_ref().map_or(&self.printed, Pipes::stdout);
        (stdout.clone(), self.printed.clone())
    }
}

impl Entry {
    /// The arguments, checked as far as the host knows their types.
    ///
    /// # Errors
    /// The answer that says what does not fit.
    pub(crate) fn arguments(&self, tool: &str, input: &Value) -> Result<Arguments, Answer> {
        let text = arguments(tool, input)?;
        let Self::Typed(function) = self else { return Ok(Arguments { text, values: Vec::new() }) };
        let invalid = |problem: String| {
            let text =
                format!("The arguments of {tool} do not fit: {problem}. Send one JSON object that fits the schema.");
            Answer::of(Outcome::Invalid, text)
        };
        let object: Value = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        let values = function.arguments(&object).map_err(invalid)?;
        Ok(Arguments { text, values })
    }

    /// The streams of one call, attached to its surroundings.
    pub(crate) fn streams(&self, wasi: &mut WasiCtxBuilder, tool: &str, arguments: &Arguments, most: usize) -> Streams {
        if let Self::Command = self {
            let printed = Captured::last();
            let pipes = Pipes::new(most, printed.clone());
            pipes.attach(wasi, tool, &arguments.text);
            return Streams { printed, pipes: Some(pipes) };
        }
        let printed = Captured::default();
        wasi.stdout(printed.clone()).stderr(printed.clone());
        Streams { printed, pipes: None }
    }

    /// Makes the call in a fresh instance.
    ///
    /// # Errors
    /// The guest broke down.
    pub(crate) async fn call(
        &self,
        store: &mut Store<CallState>,
        linked: &Linked,
        tool: &str,
        arguments: &Arguments,
        streams: &Streams,
    ) -> wasmtime::Result<Result<Output, Failure>> {
        match (self, linked, &streams.pipes) {
            (Self::Plugin, Linked::Plugin(pre), _) => {
                let plugin = pre.instantiate_async(&mut *store).await?;
                plugin.steward_plugin_tool().call_call(&mut *store, tool, &arguments.text).await
            }
            // Boxed, so that the first form's future stays small.
            (Self::Typed(function), Linked::Typed(pre), _) => {
                Box::pin(function.call(store, pre, &arguments.values)).await
            }
            (Self::Command, Linked::Command(pre), Some(pipes)) => Box::pin(command::run(store, pre, pipes)).await,
            _ => Err(wasmtime::Error::msg("the guest is of another kind than its tool")),
        }
    }
}
