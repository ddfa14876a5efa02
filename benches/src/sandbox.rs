//! A catalogue with plugins of the benches and an owner who calls their tools. It measures nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;
use steward_agent::{Address, Language, Origin, Principal, Role, Sender, SessionId};
use steward_sandbox::{
    Call, Catalogue, Compiler, HttpPolicy, Limits, PluginSource, RecordPolicy, Recorded, Roles, SandboxConfig, ToolPort,
};
use steward_store::{Person, Store};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// With a database and its own folders, which go with it.
pub(crate) struct Sandbox {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) store: Store,
    owner: Person,
    _folder: TempDir,
}

impl Sandbox {
    pub(crate) async fn open(sources: Vec<PluginSource>) -> anyhow::Result<Self> {
        Self::recording(sources, Recorded::Nothing).await
    }

    pub(crate) async fn recording(sources: Vec<PluginSource>, which: Recorded) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("steward-bench-")?;
        let store = Store::open(&folder.path().join("steward.sqlite"))?;
        let catalogue = Arc::new(load(folder.path(), &store, sources, which).await?);
        let address = Address { channel: "terminal".to_owned(), chat: "1".to_owned() };
        let sender = Sender { id: "1".to_owned(), name: "Olga".to_owned(), username: None, language: None };
        let owner = store.meet("terminal", &sender, Some(Role::Owner), &address, jiff::Timestamp::now()).await?;
        Ok(Self { catalogue, store, owner, _folder: folder })
    }

    /// A call by the owner.
    pub(crate) fn call(&self, tool: &str, input: Value) -> Call {
        Call {
            principal: Principal {
                person: self.owner.id,
                name: self.owner.name.clone(),
                role: Role::Owner,
                session: SessionId("owner/1/terminal".to_owned()),
                origin: Origin::Chat,
            },
            language: Language::En,
            run: None,
            name: tool.to_owned(),
            input,
            key: "1/1/0".to_owned(),
            replayed: false,
            time_limit: Duration::from_secs(30),
            cancel: CancellationToken::new(),
            progress: None,
            owner: None,
            tools: ToolPort::default(),
            sight: Default::default(),
        }
    }

    /// Once every call is in the audit.
    pub(crate) async fn close(self) {
        self.catalogue.close().await;
        self.store.close().await;
    }
}

/// A catalogue whose compiled code is kept in the folder.
pub(crate) async fn load(
    folder: &Path,
    store: &Store,
    sources: Vec<PluginSource>,
    which: Recorded,
) -> anyhow::Result<Catalogue> {
    let config = SandboxConfig {
        compiled: folder.join("compiled"),
        compiler: Compiler::InProcess,
        workspace: folder.join("workspace"),
        people: folder.join("people"),
        store: store.clone(),
        time_zone: TimeZone::UTC,
        roles: Roles::default(),
        events: None,
        http: HttpPolicy::default(),
        record: RecordPolicy { which, ..RecordPolicy::default() },
        limits: Limits::default(),
    };
    let catalogue = Catalogue::load(config, sources).await?;
    anyhow::ensure!(catalogue.refused().is_empty(), "a guest is refused: {:?}", catalogue.refused());
    Ok(catalogue)
}
