//! A sandbox of the tests' own, with a real store, a workspace and a secret next to it that no tool may reach.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;
use steward_agent::{Language, Origin, PersonId, Principal, Role, SessionId};
use steward_sandbox::{
    Answer, Call, Catalogue, Compiler, HttpPolicy, Limits, PluginSource, RecordPolicy, Roles, SandboxConfig,
};
use steward_store::Store;
use steward_tests::guests::{HOSTILE, HOSTILE_MANIFEST, INTRUDER, INTRUDER_MANIFEST};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// What is next to the workspace.
pub(crate) const SECRET: &str = "the safe opens with 1234";

pub(crate) struct Cage {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

impl Cage {
    /// With the plugin that breaks limits.
    pub(crate) async fn hostile(manifest: &str) -> Self {
        Self::open(vec![source("hostile", HOSTILE, manifest)], HttpPolicy::default()).await
    }

    /// With the plugin that reaches out.
    pub(crate) async fn intruder(http: HttpPolicy) -> Self {
        Self::open(vec![source("intruder", INTRUDER, INTRUDER_MANIFEST)], http).await
    }

    pub(crate) async fn open(sources: Vec<PluginSource>, http: HttpPolicy) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("workspace")).unwrap();
        std::fs::write(folder.path().join("workspace/MEMORY.md"), "- the flat is 42\n").unwrap();
        std::fs::write(folder.path().join("secret.txt"), SECRET).unwrap();
        Self::within(folder, sources, http).await
    }

    /// In a folder that was used before.
    pub(crate) async fn within(folder: TempDir, sources: Vec<PluginSource>, http: HttpPolicy) -> Self {
        Self::recording(folder, sources, http, RecordPolicy::default()).await
    }

    pub(crate) async fn recording(
        folder: TempDir,
        sources: Vec<PluginSource>,
        http: HttpPolicy,
        record: RecordPolicy,
    ) -> Self {
        let path = folder.path().join("steward.sqlite");
        let store = tokio::task::spawn_blocking(move || Store::open(&path)).await.unwrap().unwrap();
        let config = SandboxConfig { http, record, ..config(folder.path(), store.clone()) };
        let catalogue = Arc::new(Catalogue::load(config, sources).await.unwrap());
        Self { catalogue, store, folder }
    }

    /// Ends it; the folder stays.
    pub(crate) async fn stop(self) -> TempDir {
        self.catalogue.close().await;
        self.store.close().await;
        self.folder
    }

    pub(crate) async fn call(&self, role: Role, name: &str, input: Value) -> Answer {
        self.catalogue.call(call(role, name, input)).await
    }

    pub(crate) async fn own(&self, name: &str, input: Value) -> Answer {
        self.call(Role::Owner, name, input).await
    }
}

pub(crate) fn config(folder: &Path, store: Store) -> SandboxConfig {
    SandboxConfig {
        compiled: folder.join("compiled"),
        compiler: Compiler::InProcess,
        workspace: folder.join("workspace"),
        people: folder.join("people"),
        store,
        time_zone: TimeZone::UTC,
        roles: Roles::default(),
        events: None,
        http: HttpPolicy::default(),
        record: RecordPolicy::default(),
        limits: Limits::default(),
    }
}

pub(crate) fn source(name: &str, wasm: impl Into<Cow<'static, [u8]>>, manifest: &str) -> PluginSource {
    PluginSource { name: name.to_owned(), wasm: wasm.into(), manifest: manifest.to_owned() }
}

pub(crate) fn sources_hostile() -> Vec<PluginSource> {
    vec![source("hostile", HOSTILE, HOSTILE_MANIFEST)]
}

pub(crate) fn call(role: Role, name: &str, input: Value) -> Call {
    let session = SessionId("test".to_owned());
    Call {
        principal: Principal { person: PersonId(1), name: "Olga".to_owned(), role, session, origin: Origin::Chat },
        language: Language::En,
        run: None,
        name: name.to_owned(),
        input,
        key: format!("test/{name}"),
        replayed: false,
        time_limit: Duration::from_secs(30),
        cancel: CancellationToken::new(),
        progress: None,
        owner: None,
        tools: Default::default(),
        sight: Default::default(),
    }
}
