//! `steward audit`: the tool calls that were made, what each could reach and what it cost. It reads and changes nothing.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use steward_agent::{for_terminal, visible_json};
use steward_store::{AuditBy, AuditEntry, AuditFilter, AuditRow, CallCost, CallTotal, Store};

use super::replay::{self, Replay};
use super::say;
use crate::config::Config;
use crate::cost;
use crate::texts;

/// Which calls are meant, as the command line says it.
#[derive(Args)]
pub(super) struct Which {
    /// Only calls of this tool
    #[arg(long, global = true)]
    tool: Option<String>,
    /// Only calls of this plugin's tools
    #[arg(long, global = true)]
    plugin: Option<String>,
    /// Only calls made for this person: an id, a username or a name
    #[arg(long, global = true)]
    person: Option<String>,
    /// Only calls since then: 24h, 7d, or a date such as 2026-11-20
    #[arg(long, global = true, value_name = "TIME")]
    since: Option<String>,
    /// How many calls to show, the newest first
    #[arg(long, global = true, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// One JSON object a line, with times in microseconds and sizes in bytes
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// What the calls cost together, by tool, plugin and person
    Summary,
    /// Make a recorded call again from its recording, and say whether it comes to the same
    Replay(Replay),
}

pub(super) async fn audit(config: &Config, which: Which, command: Option<AuditCommand>) -> anyhow::Result<ExitCode> {
    let summary = match command {
        Some(AuditCommand::Replay(replay)) => return replay::replay(config, replay, which.json).await,
        Some(AuditCommand::Summary) => true,
        None => false,
    };
    let store = Store::open(&config.database())?;
    let printed = print(config, &store, which, summary).await;
    store.close().await;
    printed.map(|()| ExitCode::SUCCESS)
}

async fn print(config: &Config, store: &Store, which: Which, summary: bool) -> anyhow::Result<()> {
    let filter = filter(config, store, &which).await?;
    match summary {
        false => {
            let calls = store.calls(filter, which.limit).await?;
            if which.json {
                calls.iter().try_for_each(|entry| say(&visible_json(&call_json(entry).to_string())))?;
            } else if calls.is_empty() {
                say("No tool calls match.")?;
            } else {
                say(&table_of_calls(&calls, config).to_string())?;
                if calls.iter().any(|entry| entry.recorded) {
                    say("⏺ can be made again: steward audit replay CALL")?;
                }
            }
        }
        true => {
            for (by, name) in [(AuditBy::Tool, "tool"), (AuditBy::Plugin, "plugin"), (AuditBy::Person, "person")] {
                let totals = store.call_totals(by, filter.clone()).await?;
                if which.json {
                    totals.iter().try_for_each(|one| say(&visible_json(&total_json(name, one).to_string())))?;
                } else {
                    say(&table_of_totals(name, &totals).to_string())?;
                }
            }
        }
    }
    Ok(())
}

async fn filter(config: &Config, store: &Store, which: &Which) -> anyhow::Result<AuditFilter> {
    let person = match &which.person {
        Some(query) => Some(store.resolve_person(query).await.with_context(|| format!("--person {query}"))?.id),
        None => None,
    };
    let since = which.since.as_deref().map(|text| moment(text, Timestamp::now(), &config.time_zone)).transpose()?;
    Ok(AuditFilter { tool: which.tool.clone(), plugin: which.plugin.clone(), person, since })
}

/// `24h`, `7d` or `2 weeks` before now, or the beginning of a day.
fn moment(text: &str, now: Timestamp, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    if let Ok(day) = text.parse::<Date>() {
        return Ok(day.to_zoned(zone.clone())?.timestamp());
    }
    let wrong = || format!("--since {text}: write how long ago, as 24h or 7d, or a date, as 2026-11-20");
    let span: Span = text.parse().with_context(wrong)?;
    if span.is_negative() {
        bail!(wrong());
    }
    Ok(now.to_zoned(zone.clone()).checked_sub(span).with_context(wrong)?.timestamp())
}

fn table_of_calls(calls: &[AuditEntry], config: &Config) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header([
        "call",
        "when",
        "for",
        "tool",
        "outcome",
        "time",
        "CPU",
        "memory",
        "in",
        "out",
        "http out/in",
        "could reach",
    ]);
    for entry in calls {
        let AuditRow { cost, .. } = &entry.call;
        let call = &entry.call;
        let plugin = if call.plugin.is_empty() { String::new() } else { format!(" ({})", call.plugin) };
        table.add_row([
            if entry.recorded { format!("{} ⏺", entry.id) } else { entry.id.to_string() },
            texts::wall_clock(call.at, &config.time_zone),
            format!("{}, {}, {}", printable(&person(entry)), call.role, call.origin.as_str()),
            format!("{}{plugin}", printable(&call.tool)),
            call.outcome.clone(),
            cost::time(cost.wall),
            cost::time(cost.cpu),
            cost::bytes(cost.peak_memory),
            cost::bytes(cost.bytes_in),
            cost::bytes(cost.bytes_out),
            http(cost),
            call.capabilities.clone(),
        ]);
    }
    table
}

fn table_of_totals(by: &str, totals: &[CallTotal]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header([
        by,
        "calls",
        "failed",
        "time",
        "mean",
        "CPU",
        "most memory",
        "in",
        "out",
        "http out/in",
    ]);
    for total in totals {
        let CallTotal { calls, failed, cost, .. } = total;
        let mean = cost.wall.checked_div(u32::try_from(*calls).unwrap_or(u32::MAX)).unwrap_or(Duration::ZERO);
        table.add_row([
            printable(named(&total.name)),
            calls.to_string(),
            failed.to_string(),
            cost::time(cost.wall),
            cost::time(mean),
            cost::time(cost.cpu),
            cost::bytes(cost.peak_memory),
            cost::bytes(cost.bytes_in),
            cost::bytes(cost.bytes_out),
            http(cost),
        ]);
    }
    table
}

/// Without what steers a terminal: models and people from outside choose these texts.
fn printable(text: &str) -> String {
    for_terminal(text).replace(['\n', '\t'], " ")
}

fn named(name: &str) -> &str {
    if name.is_empty() { "(none: not admitted)" } else { name }
}

fn http(cost: &CallCost) -> String {
    match (cost.http_sent, cost.http_received) {
        (0, 0) => String::new(),
        (sent, received) => format!("{} / {}", cost::bytes(sent), cost::bytes(received)),
    }
}

fn person(entry: &AuditEntry) -> String {
    entry.person_name.clone().unwrap_or_else(|| format!("#{}", entry.call.person))
}

fn call_json(entry: &AuditEntry) -> Value {
    let call = &entry.call;
    let mut object = json!({
        "id": entry.id,
        "recorded": entry.recorded,
        "at": call.at.to_string(),
        "run": call.run.map(|run| run.0),
        "person": call.person.0,
        "person_name": entry.person_name,
        "role": call.role.as_str(),
        "origin": call.origin.as_str(),
        "session": call.session.0,
        "plugin": call.plugin,
        "tool": call.tool,
        "outcome": call.outcome,
        "capabilities": call.capabilities.split_whitespace().collect::<Vec<_>>(),
    });
    add_cost(&mut object, &call.cost);
    object
}

fn total_json(by: &str, total: &CallTotal) -> Value {
    let mut object = json!({ "by": by, "name": total.name, "calls": total.calls, "failed": total.failed });
    add_cost(&mut object, &total.cost);
    object
}

fn add_cost(object: &mut Value, cost: &CallCost) {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    for (name, number) in [
        ("wall_us", micros(cost.wall)),
        ("cpu_us", micros(cost.cpu)),
        ("peak_memory", cost.peak_memory),
        ("bytes_in", cost.bytes_in),
        ("bytes_out", cost.bytes_out),
        ("http_sent", cost.http_sent),
        ("http_received", cost.http_received),
    ] {
        object[name] = number.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_steer_the_terminal() {
        let cost = CallCost::default();
        let totals = [CallTotal { name: "read\u{1b}[2J\n".to_owned(), calls: 1, failed: 1, cost }];
        let table = table_of_totals("tool", &totals).to_string();
        assert!(table.contains("read[2J") && !table.contains('\u{1b}'), "{table}");
    }

    #[test]
    fn a_moment_is_a_time_ago_or_a_day() {
        let now: Timestamp = "2026-11-20T13:05:00Z".parse().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text| moment(text, now, &zone).map(|at| at.to_string());
        assert_eq!(at("24h").unwrap(), "2026-11-19T13:05:00Z");
        assert_eq!(at("7d").unwrap(), "2026-11-13T13:05:00Z");
        assert_eq!(at("90 minutes").unwrap(), "2026-11-20T11:35:00Z");
        assert_eq!(at("2026-11-20").unwrap(), "2026-11-19T23:00:00Z");
        for wrong in ["yesterday", "-3h", "24", "99999999999h", ""] {
            assert!(at(wrong).unwrap_err().to_string().contains("as 24h or 7d"), "{wrong}");
        }
    }
}
