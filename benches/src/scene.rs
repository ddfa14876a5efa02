//! Steward between a stand-in for Telegram and a model that answers at once.

use std::time::Duration;

use steward_tests::{ScriptedModel, Telegram};

use crate::crowd::ANSWER;
use crate::process::used;
use crate::steward::{Home, Steward};

/// Nothing has changed for so long: nothing more will come.
const QUIET: Duration = Duration::from_secs(1);

pub(crate) struct Scene {
    pub(crate) telegram: Telegram,
    pub(crate) model: ScriptedModel,
    pub(crate) home: Home,
    pub(crate) steward: Steward,
}

/// What was done between two moments.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Calls of the Bot API without `getUpdates`.
    pub(crate) calls: usize,
    /// Processor time of Steward.
    pub(crate) used: Duration,
}

impl Scene {
    /// Everything started, plugins compiled before, Telegram polled.
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let telegram = Telegram::start().await;
        let model = ScriptedModel::saying(ANSWER).await;
        let home = Home::new()?.telegram(&telegram).model(&model);
        home.prepare().await?;
        let steward = home.start().await?;
        telegram.polled().await;
        let scene = Self { telegram, model, home, steward };
        scene.quiet().await;
        Ok(scene)
    }

    /// What was done since the beginning.
    pub(crate) fn effort(&self) -> anyhow::Result<Effort> {
        Ok(Effort { calls: self.telegram.all_calls().len(), used: used(self.steward.process())? })
    }

    /// Waits until Steward has said all it had to say.
    pub(crate) async fn quiet(&self) {
        let mut calls = self.telegram.all_calls().len();
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.telegram.all_calls().len();
            if now == calls {
                return;
            }
            calls = now;
        }
    }

    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.steward.stop().await
    }
}

impl Effort {
    /// What was done since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self { calls: self.calls - before.calls, used: self.used.saturating_sub(before.used) }
    }
}
