//! What most tests of the program begin with: Telegram, a scripted model, the host, and its owner in a chat.

use std::time::Duration;

use steward_tests::host::HostBuilder;
use steward_tests::model::{Asked, Reply};
use steward_tests::patience::wait_for;
use steward_tests::telegram::Person;
use steward_tests::{Host, ScriptedModel, Telegram};

/// The owner's Telegram id.
pub(crate) const OWNER: i64 = 1001;

pub(crate) struct Stage {
    pub(crate) tg: Telegram,
    pub(crate) model: ScriptedModel,
    pub(crate) host: Host,
    pub(crate) owner: Person,
}

impl Stage {
    /// Starts everything; `decide` is the model.
    pub(crate) async fn set(decide: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        Self::with(decide, |host| host).await
    }

    /// The same with other settings of the host.
    pub(crate) async fn with(
        decide: impl FnMut(&Asked) -> Reply + Send + 'static,
        adjust: impl FnOnce(HostBuilder) -> HostBuilder,
    ) -> Self {
        let (tg, model) = (Telegram::start().await, ScriptedModel::start(decide).await);
        let owner = tg.person(OWNER, "Olga").username("olga").language("en");
        let host = adjust(Host::builder().owner(OWNER).telegram(&tg).model(&model)).start().await;
        Self { tg, model, host, owner }
    }

    /// Somebody who is not an owner.
    pub(crate) fn outsider(&self) -> Person {
        self.tg.person(2002, "Anna").username("anna").language("en")
    }

    /// The text of MEMORY.md.
    pub(crate) fn memory(&self) -> String {
        std::fs::read_to_string(self.host.workspace().join("MEMORY.md")).unwrap_or_default()
    }

    /// Tool and outcome of every call in the audit, in order, once there are that many.
    pub(crate) async fn audit(&self, calls: usize) -> Vec<(String, String)> {
        self.until(&format!("SELECT count(*) >= {calls} FROM audit")).await;
        let database = self.host.database();
        let mut rows = database.prepare("SELECT tool, outcome FROM audit ORDER BY rowid").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// Waits until every run has ended and every message is marked as sent.
    pub(crate) async fn settled(&self) {
        self.until(
            "SELECT NOT EXISTS (SELECT 1 FROM run WHERE state = 'open')
            AND NOT EXISTS (SELECT 1 FROM outbox WHERE state = 'pending')
            AND NOT EXISTS (SELECT 1 FROM inbox WHERE state != 'done')",
        )
        .await;
    }

    /// Waits until a query on the program's database gives true. It is another process's, so there is no event to wait
    /// for.
    pub(crate) async fn until(&self, query: &str) {
        let looking = async {
            while !self.host.database().query_row(query, [], |row| row.get(0)).unwrap_or(false) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        wait_for(looking, || format!("In the database it never came true that {query}")).await;
    }
}
