//! Which models answer at the moment. While nothing better was found than the rehearsal model, a model that is started
//! later on this machine is noticed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use steward_agent::{ModelError, ModelReply, ModelRequest, StreamEvent};
use steward_model::{
    Gateway, GatewayConfig, LOCAL_SERVERS, ModelConfig, ModelDescription, REHEARSAL, Secret, discover,
};
use steward_sandbox::Vault;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::{ModelEntry, ModelPlan};
use crate::redaction;

const PROBE_TIME: Duration = Duration::from_millis(300);
const PROBE_AGAIN: Duration = Duration::from_secs(60);

pub(crate) struct Models {
    plan: ModelPlan,
    proxy: Option<Url>,
    current: Mutex<Current>,
    /// What no prompt may hold.
    vault: Option<Arc<Vault>>,
    /// Questions that no model answered, by why.
    failures: Mutex<BTreeMap<&'static str, u64>>,
}

/// Why there was no answer, as figures name it.
const REASONS: [&str; 8] =
    ["unreachable", "broke_off", "key_refused", "overloaded", "too_long", "rejected", "no_tools", "invalid"];

struct Current {
    gateway: Gateway,
    /// When a local server was last looked for; `None` where the choice is final.
    probed: Option<Instant>,
}

impl Models {
    pub(crate) async fn new(plan: ModelPlan, proxy: Option<Url>) -> Result<Self, ModelError> {
        let (gateway, settled) = choose(&plan, proxy.as_ref()).await?;
        let current = Current { gateway, probed: (!settled).then(Instant::now) };
        let failures = Mutex::new(REASONS.into_iter().map(|reason| (reason, 0)).collect());
        Ok(Self { plan, proxy, current: Mutex::new(current), vault: None, failures })
    }

    /// Keeps these secrets out of every prompt.
    pub(crate) fn guarding(self, vault: Arc<Vault>) -> Self {
        Self { vault: Some(vault), ..self }
    }

    pub(crate) async fn complete(
        &self,
        request: &ModelRequest,
        events: &mpsc::Sender<StreamEvent>,
        cancel: &CancellationToken,
    ) -> Result<ModelReply, ModelError> {
        self.look_again().await;
        let known = self.vault.as_ref().map(|vault| vault.known()).unwrap_or_default();
        let answer = self.gateway().complete(&redaction::request(&known, request), events, cancel).await;
        if let Some(reason) = answer.as_ref().err().and_then(reason) {
            *self.failed().entry(reason).or_default() += 1;
        }
        answer
    }

    /// The same where nobody watches the answer grow.
    pub(crate) async fn complete_unseen(
        &self,
        request: &ModelRequest,
        cancel: &CancellationToken,
    ) -> Result<ModelReply, ModelError> {
        let (events, mut unseen) = mpsc::channel::<StreamEvent>(16);
        let drain = async { while unseen.recv().await.is_some() {} };
        let asked = async {
            let events = events;
            self.complete(request, &events, cancel).await
        };
        tokio::join!(asked, drain).0
    }

    /// How many questions no model answered since the start, by why.
    pub(crate) fn failures(&self) -> Vec<(&'static str, u64)> {
        self.failed().iter().map(|(reason, count)| (*reason, *count)).collect()
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn gateway(&self) -> Gateway {
        self.lock().gateway.clone()
    }

    /// The models in the order they are asked.
    pub(crate) fn describe(&self) -> Vec<ModelDescription> {
        self.gateway().describe()
    }

    /// Nothing but the rehearsal model answers.
    pub(crate) fn rehearsing(&self) -> bool {
        self.describe().iter().all(|model| model.rehearsal)
    }

    /// The window of the model that is asked first, in tokens.
    pub(crate) fn window(&self) -> u32 {
        self.gateway().context()
    }

    async fn look_again(&self) {
        let due = match &mut self.lock().probed {
            Some(at) if at.elapsed() >= PROBE_AGAIN => {
                *at = Instant::now();
                true
            }
            _ => false,
        };
        if due && let Ok((gateway, true)) = choose(&self.plan, self.proxy.as_ref()).await {
            tracing::info!(model = ?gateway.describe(), "a model was found on this machine");
            *self.lock() = Current { gateway, probed: None };
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Current> {
        // Nothing under this lock can leave it half-changed.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The word for it among [`REASONS`]; a run that was stopped is no failure.
fn reason(error: &ModelError) -> Option<&'static str> {
    Some(match error {
        ModelError::Unreachable { .. } => "unreachable",
        ModelError::BrokeOff { .. } => "broke_off",
        ModelError::Refused { .. } => "key_refused",
        ModelError::Overloaded { .. } => "overloaded",
        ModelError::TooLong { .. } => "too_long",
        ModelError::Rejected { .. } => "rejected",
        ModelError::NoTools { .. } => "no_tools",
        ModelError::Invalid { .. } => "invalid",
        ModelError::Cancelled => return None,
    })
}

/// The gateway of a plan, and whether looking again could give no better one.
async fn choose(plan: &ModelPlan, proxy: Option<&Url>) -> Result<(Gateway, bool), ModelError> {
    let (models, settled) = match plan {
        ModelPlan::Configured(entries) => (entries.iter().map(configured).collect::<Result<_, _>>()?, true),
        ModelPlan::LocalFirst { model, otherwise } => match discover(LOCAL_SERVERS, PROBE_TIME).await {
            Some(found) => (vec![ModelConfig { model: model.clone().or(found.model), ..found }], true),
            None if otherwise.is_empty() => (vec![ModelConfig::new(&REHEARSAL)], false),
            None => (otherwise.iter().map(configured).collect::<Result<_, _>>()?, true),
        },
    };
    let config = GatewayConfig { models, http_proxy: proxy.map(|url| url.to_string()), ..GatewayConfig::default() };
    // Reads the system's certificates.
    match tokio::task::spawn_blocking(move || Gateway::new(config)).await {
        Ok(gateway) => Ok((gateway?, settled)),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(ModelError::Cancelled),
    }
}

fn configured(entry: &ModelEntry) -> Result<ModelConfig, ModelError> {
    let address = |text: &String| {
        let invalid = |error| ModelError::Invalid { address: text.clone(), reason: format!("{error}") };
        Url::parse(text).map_err(invalid)
    };
    Ok(ModelConfig {
        provider: entry.provider,
        base_url: entry.base_url.as_ref().map(address).transpose()?,
        key: entry.key.clone().map(Secret::new),
        model: entry.model.clone(),
        context: entry.context,
    })
}
