//! `/usage`: what the models and the tools took, and how the channels are doing.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use steward_agent::{Language, Role};
use steward_store::{AuditBy, AuditFilter, Person, StoreError, UsageTotal};

use crate::app::Host;
use crate::cost;
use crate::texts;

/// What was used today and in the last thirty days; owners also see how the channels are doing.
pub(super) async fn text(
    host: &Host,
    language: Language,
    person: &Person,
    now: Timestamp,
) -> Result<String, StoreError> {
    let zone = &host.config.time_zone;
    let whose = (person.role != Role::Owner).then_some(person.id);
    let (midnight, month_ago) = (start_of_day(now, zone), now - SignedDuration::from_hours(24 * 30));
    let today = host.store.usage_since(midnight, whose).await?;
    let month = host.store.usage_since(month_ago, whose).await?;
    let mut text = match language {
        Language::En => {
            format!("**Today**\n{}\n\n**Last 30 days**\n{}", table(language, &today), table(language, &month))
        }
        Language::Ru => {
            format!("**Сегодня**\n{}\n\n**За 30 дней**\n{}", table(language, &today), table(language, &month))
        }
    };
    if person.role == Role::Owner {
        text.push_str(&tools(host, language, midnight, month_ago).await?);
        text.push_str(&others(host, language, now).await?);
        text.push_str(&models(host, language));
        text.push_str(&health(host, language, now));
    }
    Ok(text)
}

/// What the tools of everybody took.
async fn tools(
    host: &Host,
    language: Language,
    midnight: Timestamp,
    month_ago: Timestamp,
) -> Result<String, StoreError> {
    let titles = match language {
        Language::En => ["Tools today", "Tools in the last 30 days"],
        Language::Ru => ["Инструменты сегодня", "Инструменты за 30 дней"],
    };
    let mut text = String::new();
    for (title, since) in titles.into_iter().zip([midnight, month_ago]) {
        let filter = AuditFilter { since: Some(since), ..AuditFilter::default() };
        let lines = cost::of_tools(language, &host.store.call_totals(AuditBy::Tool, filter).await?);
        if !lines.is_empty() {
            text.push_str(&format!("\n\n**{title}**\n{lines}"));
        }
    }
    Ok(text)
}

/// What people who are no owners used up today, and of how much.
async fn others(host: &Host, language: Language, now: Timestamp) -> Result<String, StoreError> {
    let lines = cost::of_people(language, &host.store, now).await?;
    let title = match language {
        Language::En => "Others today",
        Language::Ru => "Другие сегодня",
    };
    Ok(if lines.is_empty() { String::new() } else { format!("\n\n**{title}**\n{}", lines.join("\n")) })
}

fn start_of_day(now: Timestamp, zone: &TimeZone) -> Timestamp {
    now.to_zoned(zone.clone()).start_of_day().map_or(now, |day| day.timestamp())
}

fn table(language: Language, totals: &[UsageTotal]) -> String {
    if totals.is_empty() {
        return match language {
            Language::En => "nothing".to_owned(),
            Language::Ru => "ничего".to_owned(),
        };
    }
    let line = |total: &UsageTotal| {
        let (calls, usage) = (total.calls, total.usage);
        match language {
            Language::En => format!(
                "• {}: {calls} calls, {} tokens in ({} cached), {} out",
                total.model, usage.input, usage.cached, usage.output
            ),
            Language::Ru => format!(
                "• {}: вызовов {calls}, токенов на входе {} (из кэша {}), на выходе {}",
                total.model, usage.input, usage.cached, usage.output
            ),
        }
    };
    totals.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn models(host: &Host, language: Language) -> String {
    let labels: Vec<_> = host.models.describe().into_iter().map(|model| model.label).collect();
    match language {
        Language::En => format!("\n\n**Model:** {}", labels.join(" → ")),
        Language::Ru => format!("\n\n**Модель:** {}", labels.join(" → ")),
    }
}

fn health(host: &Host, language: Language, now: Timestamp) -> String {
    let mut text = String::new();
    for channel in host.channels.iter() {
        let health = channel.health();
        let line = match (language, &health.failing_since) {
            (Language::En, Some(since)) => format!(
                "⚠️ not receiving since {}: {}",
                texts::wall_clock(*since, &host.config.time_zone),
                health.last_error.as_deref().unwrap_or("unknown")
            ),
            (Language::Ru, Some(since)) => format!(
                "⚠️ не принимает с {}: {}",
                texts::wall_clock(*since, &host.config.time_zone),
                health.last_error.as_deref().unwrap_or("неизвестно")
            ),
            (Language::En, None) => format!("receiving{}", seconds_ago(language, health.last_ok, now)),
            (Language::Ru, None) => format!("принимает{}", seconds_ago(language, health.last_ok, now)),
        };
        let renewed = match (language, health.renewed) {
            (_, 0) => String::new(),
            (Language::En, times) => format!(", connection renewed {times} times"),
            (Language::Ru, times) => format!(", соединение обновлялось: {times}"),
        };
        text.push_str(&format!("\n**{}:** {line}{renewed}", channel.name()));
    }
    text
}

fn seconds_ago(language: Language, last: Option<Timestamp>, now: Timestamp) -> String {
    match (language, last.map(|last| (now.as_second() - last.as_second()).max(0))) {
        (_, None) => String::new(),
        (Language::En, Some(seconds)) => format!(", last word {seconds} s ago"),
        (Language::Ru, Some(seconds)) => format!(", последний ответ {seconds} с назад"),
    }
}
