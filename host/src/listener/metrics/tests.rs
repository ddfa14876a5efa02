//! The figures as Prometheus reads them.

use std::collections::BTreeMap;
use std::time::Duration;

use steward_agent::Usage;
use steward_store::{Durations, ModelCount, ToolCount};

use super::*;

use crate::config::{ModelEntry, ModelPlan};
use steward_model::PROVIDERS;

fn told(write: impl FnOnce(&mut Exposition)) -> Vec<String> {
    let mut text = Exposition::default();
    write(&mut text);
    text.into_text().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn one<V>(name: &str, value: V) -> BTreeMap<String, V> {
    BTreeMap::from([(name.to_owned(), value)])
}

#[test]
fn every_channel_has_its_figures_from_the_start() {
    let channels = [("telegram", Health { renewed: 2, ..Health::default() }), ("terminal", Health::default())];
    let counts = Counts { received: one("telegram", 3), ..Counts::default() };
    let lines = told(|text| of_messages(text, &channels, &counts));
    assert_eq!(lines[0], "steward_messages_received_total{channel=\"telegram\"} 3");
    assert_eq!(lines[1], "steward_messages_received_total{channel=\"terminal\"} 0");
    assert_eq!(lines.len(), 6);
    let lines = told(|text| of_channels(text, &channels));
    assert_eq!(lines[0], "steward_channel_up{channel=\"telegram\"} 1");
    assert_eq!(lines[2], "steward_channel_reconnects_total{channel=\"telegram\"} 2");
}

#[test]
fn tokens_and_cost_are_by_model_and_cost_only_where_prices_are_known() {
    let usage = Usage { input: 1_000, output: 100, cached: 600 };
    let counts = Counts { models: one("small", ModelCount { answers: 2, usage }), ..Counts::default() };
    let lines = told(|text| of_models(text, &counts, &[("overloaded", 1)], &Prices::default()));
    assert_eq!(
        lines,
        [
            "steward_model_answers_total{model=\"small\"} 2",
            "steward_model_failures_total{reason=\"overloaded\"} 1",
            "steward_model_tokens_total{model=\"small\",kind=\"input\"} 400",
            "steward_model_tokens_total{model=\"small\",kind=\"cached\"} 600",
            "steward_model_tokens_total{model=\"small\",kind=\"output\"} 100",
        ]
    );
    let entry = ModelEntry {
        provider: PROVIDERS[0],
        base_url: None,
        key: None,
        model: Some("small".to_owned()),
        context: None,
        price_in: Some(1.0),
        price_out: Some(2.0),
    };
    let prices = ModelPlan::Configured(vec![entry]).prices();
    let lines = told(|text| of_models(text, &counts, &[], &prices));
    assert_eq!(lines.last().unwrap(), "steward_model_cost_total{model=\"small\"} 0.0012");
}

#[test]
fn calls_are_by_tool_and_outcome_with_their_durations() {
    let durations = Durations { within: [0, 1, 1, 2, 2, 2, 2, 2], count: 3, sum: Duration::from_millis(90_250) };
    let count = ToolCount { outcomes: one("ok", 3), durations };
    let counts =
        Counts { tools: BTreeMap::from([(("files".to_owned(), "read".to_owned()), count)]), ..Counts::default() };
    let lines = told(|text| of_tools(text, &counts));
    assert_eq!(lines[0], "steward_tool_calls_total{plugin=\"files\",tool=\"read\",outcome=\"ok\"} 3");
    let bucket = |bound: &str, count| {
        format!("steward_tool_call_duration_seconds_bucket{{plugin=\"files\",tool=\"read\",le=\"{bound}\"}} {count}")
    };
    assert_eq!(lines[1], bucket("0.005", 0));
    assert_eq!(lines[2], bucket("0.025", 1));
    assert_eq!(lines[9], bucket("+Inf", 3));
    assert_eq!(lines[10], "steward_tool_call_duration_seconds_sum{plugin=\"files\",tool=\"read\"} 90.25");
}

#[test]
fn every_outcome_of_a_run_is_there_before_the_first_run() {
    let lines = told(|text| of_runs(text, &Counts::default()));
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.ends_with(" 0")), "{lines:?}");
}
