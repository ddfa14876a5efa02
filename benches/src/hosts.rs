//! The same small tool in hosts that do less, or do the same again each time: one that has linked it before and checks,
//! limits and records nothing; one that links it at each call; one that compiles it at each call.

use std::hint::black_box;
use std::time::{Duration, Instant};

use steward_sandbox::{Outcome, Recorded};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::call::input;
use crate::figures::{Samples, print, ratio, time};
use crate::guest;
use crate::sandbox::Sandbox;

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    imports: { default: async },
    exports: { default: async },
});

const TOOL: &str = "split_bill";
const CALLS: usize = 5_000;
/// Compiling takes so long that there are fewer.
const COMPILED: usize = 15;
/// Calls before the first one that counts.
const WARM_UP: usize = 500;

pub(crate) async fn take() -> anyhow::Result<()> {
    let steward = call(Recorded::Nothing).await?;
    let recording = call(Recorded::Everything).await?;
    let host = Host::new()?;
    let linked = host.linked().await?;
    let linking = host.linking().await?;
    let compiling = host.compiling().await?;
    let row = |what: &str, samples: &Samples| {
        let ratio = ratio(samples.median().as_secs_f64(), steward.median().as_secs_f64());
        [what.to_owned(), time(samples.median()), time(samples.quantile(0.99)), ratio]
    };
    let rows = vec![
        row("Steward: grants, limits, audit row", &steward),
        row("the same, and each call recorded to be made again", &recording),
        row("a host that linked before, without any of that", &linked),
        row("a host that links at each call", &linking),
        row("a host that compiles at each call", &compiling),
    ];
    print(["one call in a fresh instance", "p50", "p99", "against Steward"], rows);
    Ok(())
}

/// Through the whole sandbox.
async fn call(which: Recorded) -> anyhow::Result<Samples> {
    let sandbox = Sandbox::recording(vec![guest::small()], which).await?;
    let call = sandbox.call(TOOL, input());
    let samples = timed(CALLS, WARM_UP, async || {
        let answer = sandbox.catalogue.call(call.clone()).await;
        anyhow::ensure!(answer.outcome == Outcome::Ok, "the tool fails: {}", answer.text);
        Ok(answer)
    });
    let samples = samples.await?;
    sandbox.close().await;
    Ok(samples)
}

async fn timed<T>(
    calls: usize,
    warm_up: usize,
    mut call: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<Samples> {
    let mut times = Vec::<Duration>::with_capacity(calls);
    for number in 0..warm_up + calls {
        let started = Instant::now();
        black_box(call().await?);
        if number >= warm_up {
            times.push(started.elapsed());
        }
    }
    Samples::new(times)
}

/// As small as a host of components can be.
struct Host {
    engine: Engine,
    wasm: Vec<u8>,
    component: Component,
    input: String,
}

impl Host {
    fn new() -> anyhow::Result<Self> {
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::pooling());
        let engine = Engine::new(&config)?;
        let wasm = guest::small().wasm.to_vec();
        let component = Component::new(&engine, &wasm)?;
        Ok(Self { engine, wasm, component, input: input().to_string() })
    }

    async fn linked(&self) -> anyhow::Result<Samples> {
        let pre = PluginPre::new(linker(&self.component)?.instantiate_pre(&self.component)?)?;
        timed(CALLS, WARM_UP, async || self.call(&pre).await).await
    }

    async fn linking(&self) -> anyhow::Result<Samples> {
        let call = async || {
            let pre = PluginPre::new(linker(&self.component)?.instantiate_pre(&self.component)?)?;
            self.call(&pre).await
        };
        timed(CALLS, WARM_UP, call).await
    }

    async fn compiling(&self) -> anyhow::Result<Samples> {
        let call = async || {
            let component = Component::new(&self.engine, &self.wasm)?;
            let pre = PluginPre::new(linker(&component)?.instantiate_pre(&component)?)?;
            self.call(&pre).await
        };
        timed(COMPILED, 1, call).await
    }

    async fn call(&self, pre: &PluginPre<Surroundings>) -> anyhow::Result<String> {
        let mut store = Store::new(&self.engine, Surroundings::default());
        let plugin = pre.instantiate_async(&mut store).await?;
        let output = plugin.steward_plugin_tool().call_call(&mut store, TOOL, &self.input).await?;
        Ok(output.map_err(|failure| anyhow::anyhow!("the tool fails: {failure:?}"))?.text)
    }
}

/// WASI, which is all that this guest imports.
fn linker(component: &Component) -> anyhow::Result<Linker<Surroundings>> {
    let mut linker = Linker::new(component.engine());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Ok(linker)
}

#[derive(Default)]
struct Surroundings {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Surroundings {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
