//! `/metrics`: figures for Prometheus. Counts are of this process since its start, queues of this moment. Labels are
//! names of channels, models, plugins and tools, and words of this program: nothing that a person wrote or is called.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use steward_agent::Health;
use steward_store::{Counts, DURATION_BOUNDS_MS, Queues, Store};

use super::exposition::{CONTENT_TYPE, Exposition};
use crate::channels::Channels;
use crate::config::Prices;
use crate::footprint;
use crate::models::Models;

/// Where the figures come from.
#[derive(Clone)]
pub(crate) struct Figures {
    store: Store,
    channels: Channels,
    models: Arc<Models>,
    prices: Arc<Prices>,
    /// By the wall clock and by one that nobody sets.
    started: (Timestamp, Instant),
}

impl Figures {
    pub(crate) fn new(store: Store, channels: Channels, models: Arc<Models>, prices: Arc<Prices>) -> Self {
        Self { store, channels, models, prices, started: (Timestamp::now(), Instant::now()) }
    }
}

pub(super) fn router(figures: Figures) -> Router {
    Router::new().route("/", get(metrics)).with_state(figures)
}

async fn metrics(State(figures): State<Figures>) -> Response {
    match figures.store.queues().await {
        Ok(queues) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], figures.text(&queues)).into_response(),
        Err(error) => {
            tracing::warn!(%error, "there are no figures");
            (StatusCode::SERVICE_UNAVAILABLE, "The database cannot be read; the log says why.\n").into_response()
        }
    }
}

impl Figures {
    fn text(&self, queues: &Queues) -> String {
        let channels: Vec<_> = self.channels.iter().map(|channel| (channel.name(), channel.health())).collect();
        let counts = self.store.counts();
        let mut text = Exposition::default();
        self.process(&mut text);
        of_channels(&mut text, &channels);
        of_messages(&mut text, &channels, &counts);
        of_queues(&mut text, &channels, queues);
        of_runs(&mut text, &counts);
        of_models(&mut text, &counts, &self.models.failures(), &self.prices);
        of_tools(&mut text, &counts);
        text.into_text()
    }

    fn process(&self, text: &mut Exposition) {
        let (started, since) = self.started;
        text.gauge("steward_build_info", "The version that runs; always 1.")
            .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
        text.gauge("steward_uptime_seconds", "How long the process has been running.")
            .sample(&[], since.elapsed().as_secs());
        text.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.")
            .sample(&[], started.as_second());
        if let Some(bytes) = footprint::resident() {
            text.gauge("process_resident_memory_bytes", "Resident memory of the process.").sample(&[], bytes);
        }
    }
}

type ChannelHealth = [(&'static str, Health)];

fn of_channels(text: &mut Exposition, channels: &ChannelHealth) {
    let mut up = text.gauge("steward_channel_up", "Whether the channel receives: 1 or 0.");
    for (name, health) in channels {
        up.sample(&[("channel", name)], u8::from(health.failing_since.is_none()));
    }
    let mut last =
        text.gauge("steward_channel_last_received_seconds", "When the channel last received, in seconds since 1970.");
    for (name, at) in channels.iter().filter_map(|(name, health)| Some((name, health.last_ok?))) {
        last.sample(&[("channel", name)], at.as_second());
    }
    let mut renewed =
        text.counter("steward_channel_reconnects_total", "Connections that died in silence and were replaced.");
    for (name, health) in channels {
        renewed.sample(&[("channel", name)], health.renewed);
    }
}

fn of_messages(text: &mut Exposition, channels: &ChannelHealth, counts: &Counts) {
    for (name, help, by_channel) in [
        ("steward_messages_received_total", "Messages accepted.", &counts.received),
        ("steward_messages_sent_total", "Messages delivered.", &counts.sent),
        ("steward_messages_undeliverable_total", "Messages given up for good.", &counts.undeliverable),
    ] {
        let mut family = text.counter(name, help);
        for (channel, _) in channels {
            family.sample(&[("channel", channel)], by_channel.get(*channel).copied().unwrap_or(0));
        }
    }
}

fn of_queues(text: &mut Exposition, channels: &ChannelHealth, queues: &Queues) {
    text.gauge("steward_inbox_waiting", "Messages and wakes that no run has taken yet.").sample(&[], queues.inbox);
    let mut outbox = text.gauge("steward_outbox_waiting", "Messages that are not delivered yet.");
    for (channel, _) in channels {
        outbox.sample(&[("channel", channel)], queues.outbox.get(*channel).copied().unwrap_or(0));
    }
    text.gauge("steward_runs_open", "Runs under way.").sample(&[], queues.runs);
    text.gauge("steward_approvals_waiting", "Questions that wait for an owner.").sample(&[], queues.questions);
    text.gauge("steward_scheduled_tasks", "Reminders and repeated work that are scheduled.").sample(&[], queues.jobs);
}

fn of_runs(text: &mut Exposition, counts: &Counts) {
    let mut runs = text.counter("steward_runs_total", "Runs that ended, by outcome.");
    for outcome in steward_store::RunOutcome::ALL.map(steward_store::RunOutcome::as_str) {
        runs.sample(&[("outcome", outcome)], counts.runs.get(outcome).copied().unwrap_or(0));
    }
}

fn of_models(text: &mut Exposition, counts: &Counts, failures: &[(&'static str, u64)], prices: &Prices) {
    let mut answers = text.counter("steward_model_answers_total", "Answers of models.");
    for (model, count) in &counts.models {
        answers.sample(&[("model", model)], count.answers);
    }
    let mut failed = text.counter("steward_model_failures_total", "Questions that no model answered, by reason.");
    for (reason, count) in failures {
        failed.sample(&[("reason", reason)], count);
    }
    let mut tokens = text
        .counter("steward_model_tokens_total", "Tokens read (input), read from a cache (cached) and written (output).");
    for (model, count) in &counts.models {
        let usage = count.usage;
        let read = usage.input.saturating_sub(usage.cached);
        for (kind, amount) in [("input", read), ("cached", usage.cached), ("output", usage.output)] {
            tokens.sample(&[("model", model), ("kind", kind)], amount);
        }
    }
    if prices.is_known() {
        let mut cost = text.counter("steward_model_cost_total", "What answers cost, in the currency of the prices.");
        for (model, count) in &counts.models {
            let millionths = prices.cost(Some(model), count.usage.input, count.usage.output);
            cost.sample(&[("model", model)], millionths as f64 / 1e6);
        }
    }
}

fn of_tools(text: &mut Exposition, counts: &Counts) {
    let mut calls = text.counter("steward_tool_calls_total", "Tool calls, by outcome.");
    for ((plugin, tool), count) in &counts.tools {
        for (outcome, number) in &count.outcomes {
            calls.sample(&[("plugin", plugin), ("tool", tool), ("outcome", outcome)], number);
        }
    }
    let mut times = text.histogram("steward_tool_call_duration_seconds", "How long tool calls took.");
    for ((plugin, tool), count) in &counts.tools {
        let took = &count.durations;
        let bounds = DURATION_BOUNDS_MS.map(|bound| bound as f64 / 1e3);
        let labels = [("plugin", plugin.as_str()), ("tool", tool.as_str())];
        times.distribution(&labels, bounds.into_iter().zip(took.within), (took.count, took.sum.as_secs_f64()));
    }
}

#[cfg(test)]
mod tests;
