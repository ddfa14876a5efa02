//! `/health`: whether the program does its work, for whatever watches it. It names channels and no people, and repeats
//! no error, for one may quote a server.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Extension, Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use steward_agent::Health;
use steward_serve::Caller;
use steward_store::Store;

use crate::channels::Channels;

/// A channel that has received nothing for this long is ill; before, the network may just have hiccupped.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// For the database to answer.
const DATABASE_TIME: Duration = Duration::from_secs(5);

/// What is looked at.
#[derive(Clone)]
pub(crate) struct Vitals {
    pub(crate) store: Store,
    pub(crate) channels: Channels,
}

pub(super) fn router(vitals: Vitals) -> Router {
    Router::new().route("/", get(health)).with_state(vitals)
}

async fn health(State(vitals): State<Vitals>, Extension(caller): Extension<Caller>) -> (StatusCode, Json<Value>) {
    let database = vitals.database().await;
    let channels = vitals.channels.iter().map(|channel| (channel.name(), channel.health())).collect();
    let report = Report { now: Timestamp::now(), database, channels };
    let status = if report.is_well() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report.told(caller)))
}

impl Vitals {
    /// It can be read and written.
    async fn database(&self) -> bool {
        let looked = async { tokio::try_join!(self.store.queues(), self.store.flush()) };
        match tokio::time::timeout(DATABASE_TIME, looked).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database does not work");
                false
            }
            Err(_) => {
                tracing::warn!("the database does not answer");
                false
            }
        }
    }
}

/// How everything does at one moment.
struct Report {
    now: Timestamp,
    database: bool,
    channels: Vec<(&'static str, Health)>,
}

impl Report {
    fn is_well(&self) -> bool {
        self.database && self.channels.iter().all(|(_, health)| self.word(health) != FAILING)
    }

    fn word(&self, health: &Health) -> &'static str {
        match health.failing_since {
            None => OK,
            // A clock that was set back makes nobody wait longer.
            Some(since) if self.now.duration_since(since).abs() < PATIENCE => "retrying",
            Some(_) => FAILING,
        }
    }

    /// Strangers learn whether it is well and nothing else.
    fn told(&self, caller: Caller) -> Value {
        let status = if self.is_well() { OK } else { FAILING };
        if caller == Caller::Stranger {
            return json!({ "status": status });
        }
        let channels: Map<_, _> = self.channels.iter().map(|(name, _)| (*name).to_owned()).zip(self.each()).collect();
        json!({
            "status": status,
            "version": env!("CARGO_PKG_VERSION"),
            "database": if self.database { OK } else { FAILING },
            "channels": channels,
        })
    }

    fn each(&self) -> impl Iterator<Item = Value> {
        self.channels.iter().map(|(_, health)| {
            json!({
                "status": self.word(health),
                "last_received": health.last_ok,
                "failing_since": health.failing_since,
                "reconnected": health.renewed,
            })
        })
    }
}

const OK: &str = "ok";
const FAILING: &str = "failing";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn report(failing_since: Option<i64>, database: bool) -> Report {
        let telegram = Health {
            last_ok: Some(at(0)),
            last_error: Some("Olga's proxy refused".to_owned()),
            failing_since: failing_since.map(at),
            renewed: 2,
        };
        Report { now: at(100), database, channels: vec![("telegram", telegram), ("terminal", Health::default())] }
    }

    #[test]
    fn what_is_ill_for_a_minute_is_told() {
        let status = |failing_since, database| report(failing_since, database).told(Caller::Trusted);
        assert_eq!(status(None, true)["status"], "ok");
        let hiccup = status(Some(41), true);
        assert_eq!((&hiccup["status"], &hiccup["channels"]["telegram"]["status"]), (&json!("ok"), &json!("retrying")));
        let ill = status(Some(40), true);
        assert_eq!((&ill["status"], &ill["channels"]["telegram"]["status"]), (&json!("failing"), &json!("failing")));
        assert_eq!(ill["channels"]["terminal"]["status"], "ok");
        let broken = status(None, false);
        assert_eq!((&broken["status"], &broken["database"]), (&json!("failing"), &json!("failing")));
    }

    #[test]
    fn an_error_is_not_repeated_and_strangers_learn_one_word() {
        let ill = report(Some(0), true);
        assert!(!ill.told(Caller::Trusted).to_string().contains("Olga"));
        assert_eq!(ill.told(Caller::Trusted)["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(ill.told(Caller::Stranger), json!({ "status": "failing" }));
    }
}
