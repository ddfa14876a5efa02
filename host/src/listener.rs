//! The HTTP listener as this program uses it: what is mounted on it, and what people are told of it. What every request
//! must pass is in `steward_serve`.

mod exposition;
mod health;
mod metrics;

use axum::http::StatusCode;
use serde_json::Value;
use steward_serve::{Access, Listener, Mount, Settings, probe};

pub(crate) use health::Vitals;
pub(crate) use metrics::Figures;

const HEALTH: &str = "/health";
const METRICS: &str = "/metrics";

/// What is mounted, each with who may use it.
fn mounts(vitals: Vitals, figures: Figures) -> Vec<Mount> {
    vec![
        // What starts and watches a container has no key; strangers are told a word and no more.
        Mount { name: "health", path: HEALTH, router: health::router(vitals), access: Access::Everyone },
        Mount { name: "metrics", path: METRICS, router: metrics::router(figures), access: Access::KeyHolders },
    ]
}

/// A listener that is ready to run, and a line that says where it is. A port that is taken keeps nobody from talking to
/// the assistant: it is said, and the listener tries again.
pub(crate) async fn open(settings: &Settings, vitals: Vitals, figures: Figures) -> anyhow::Result<(Listener, String)> {
    let mounts = mounts(vitals, figures);
    let paths: Vec<_> = mounts.iter().map(|mount| mount.path).collect();
    let mut listener = Listener::new(settings.clone(), mounts)?;
    let line = match listener.open().await {
        Ok(address) => format!("http://{address} has {}", paths.join(", ")),
        Err(error) => {
            tracing::error!("{error}. It is tried again every {} seconds.", steward_serve::RETRY.as_secs());
            format!("off for now: {error}")
        }
    };
    Ok((listener, line))
}

/// Where it is and who may use it.
pub(crate) fn place(settings: &Settings) -> String {
    let whom = match settings.asks_for_key() {
        true => "for callers with the key",
        false => "for every program on this machine",
    };
    format!("http://{} {whom}", settings.address())
}

/// What `doctor` finds where a listener is configured.
pub(crate) enum Found {
    /// It answers, and this is what it says of its health.
    Answers(String),
    /// Something else has the port, or nothing.
    Not(String),
}

/// Asks the listener of the running host.
pub(crate) async fn look(settings: &Settings) -> Found {
    match probe(settings, HEALTH).await {
        Ok((status, body)) => {
            let status_of =
                |body: &[u8]| Some(serde_json::from_slice::<Value>(body).ok()?["status"].as_str()?.to_owned());
            match status_of(&body).filter(|_| matches!(status, StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE)) {
                Some(word) => Found::Answers(word),
                None => Found::Not(format!("what listens on {} is not Steward", settings.address())),
            }
        }
        Err(error) => Found::Not(error.to_string()),
    }
}
