//! What tool calls cost, in words: times and sizes for tables, and the paragraph of /usage.

use std::time::Duration;

use jiff::Timestamp;
use steward_agent::{Language, prompt};
use steward_store::{Allowances, CallTotal, Resource, Spent, Store, StoreError};

/// Tools that are named one by one; the rest is added up.
const NAMED: usize = 8;

/// `480 µs`, `12.5 ms`, `3.2 s`, `4 min`.
pub(crate) fn time(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0 => String::new(),
        1..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        1_000_000..120_000_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min", time.as_secs() / 60),
    }
}

/// A size for a table, where nothing is shown for none.
pub(crate) fn bytes(number: u64) -> String {
    if number == 0 { String::new() } else { steward_agent::bytes(number) }
}

/// One line for each of the tools that worked the longest; empty if none was called.
pub(crate) fn of_tools(language: Language, totals: &[CallTotal]) -> String {
    let (named, rest) = totals.split_at(totals.len().min(NAMED));
    let mut lines: Vec<_> = named.iter().map(|total| line(language, &total.name, total)).collect();
    if let Some(sum) = rest.iter().cloned().reduce(add) {
        let name = match language {
            Language::En => format!("{} others", rest.len()),
            Language::Ru => format!("остальные ({})", rest.len()),
        };
        lines.push(line(language, &name, &sum));
    }
    lines.join("\n")
}

/// What people who are no owners used up today, a line for all strangers together and one for each who used most.
pub(crate) async fn of_people(language: Language, store: &Store, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let Some(allowances) = store.allowances() else { return Ok(Vec::new()) };
    let spent = store.spent_today(now, NAMED).await?;
    Ok(spent.iter().map(|spent| format!("• {}", person(language, spent, allowances))).collect())
}

fn person(language: Language, spent: &Spent, allowances: &Allowances) -> String {
    let (name, budget) = match &spent.person {
        Some(id) => (format!("`{}` (id {id})", plain(&prompt::one_line(&spent.name))), &allowances.each),
        None => match language {
            Language::En => ("all strangers together".to_owned(), &allowances.together),
            Language::Ru => ("все посторонние вместе".to_owned(), &allowances.together),
        },
    };
    let used = Resource::ALL.into_iter().filter_map(|resource| {
        let used = *spent.amounts.get(&resource).filter(|used| **used > 0)?;
        let used = amount(resource, used);
        let limit = budget.0.get(&resource).map(|limit| amount(resource, *limit));
        let name = resource_name(language, resource);
        Some(match limit {
            Some(limit) => format!("{name} {used} / {limit}"),
            None => format!("{name} {used}"),
        })
    });
    format!("{name}: {}", used.collect::<Vec<_>>().join(", "))
}

fn resource_name(language: Language, resource: Resource) -> &'static str {
    match (language, resource) {
        (Language::En, Resource::Bytes) => "stored",
        (Language::En, Resource::Letters) => "to owners",
        (Language::En, Resource::Answers) => "task answers",
        (Language::En, other) => other.as_str(),
        (Language::Ru, Resource::Messages) => "сообщений",
        (Language::Ru, Resource::Files) => "файлов",
        (Language::Ru, Resource::Bytes) => "на диске",
        (Language::Ru, Resource::Tokens) => "токенов",
        (Language::Ru, Resource::Money) => "денег",
        (Language::Ru, Resource::Letters) => "владельцам",
        (Language::Ru, Resource::Answers) => "ответов по задачам",
    }
}

fn amount(resource: Resource, amount: u64) -> String {
    match resource {
        Resource::Bytes => match bytes(amount) {
            none if none.is_empty() => "0 B".to_owned(),
            some => some,
        },
        Resource::Money => format!("{:.2}", amount as f64 / 1e6),
        _ => amount.to_string(),
    }
}

/// A name may be any text, so it is shown as code.
fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '`' && !c.is_control()).collect()
}

fn add(mut sum: CallTotal, other: CallTotal) -> CallTotal {
    sum.calls += other.calls;
    sum.failed += other.failed;
    sum.cost.wall += other.cost.wall;
    sum.cost.cpu += other.cost.cpu;
    sum
}

fn line(language: Language, name: &str, total: &CallTotal) -> String {
    let CallTotal { calls, failed, cost, .. } = total;
    let spent = match (time(cost.wall), time(cost.cpu)) {
        (wall, cpu) if cpu.is_empty() => wall,
        (wall, cpu) => format!("{wall} (CPU {cpu})"),
    };
    let name = plain(name);
    match (language, failed) {
        (Language::En, 0) => format!("• `{name}`: {calls} calls, {spent}"),
        (Language::En, _) => format!("• `{name}`: {calls} calls, {failed} failed, {spent}"),
        (Language::Ru, 0) => format!("• `{name}`: вызовов {calls}, {spent}"),
        (Language::Ru, _) => format!("• `{name}`: вызовов {calls}, неудачных {failed}, {spent}"),
    }
}

#[cfg(test)]
mod tests {
    use steward_store::CallCost;

    use super::*;

    #[test]
    fn times_and_sizes_are_short() {
        let told = [0, 480, 12_500, 3_200_000, 260_000_000].map(|micros| time(Duration::from_micros(micros)));
        assert_eq!(told, ["", "480 µs", "12.5 ms", "3.2 s", "4 min"]);
        assert_eq!([0, 512, 3_200, 64 << 20, 5 << 30].map(bytes), ["", "512 B", "3.1 KB", "64 MB", "5 GB"]);
    }

    #[test]
    fn what_a_person_used_is_told_with_what_they_may_use_and_their_name_is_only_a_name() {
        let budget = |amounts: &[(Resource, u64)]| steward_store::Budget(amounts.iter().copied().collect());
        let zone = jiff::tz::TimeZone::UTC;
        let each = budget(&[(Resource::Messages, 200), (Resource::Bytes, 100 << 20), (Resource::Money, 500_000)]);
        let allowances = Allowances { each, together: budget(&[(Resource::Messages, 2_000)]), zone };
        let amounts = [(Resource::Messages, 3), (Resource::Bytes, 5 << 20), (Resource::Money, 120_000)];
        let amounts: std::collections::BTreeMap<_, _> = amounts.into_iter().collect();
        let spent =
            Spent { person: Some(steward_agent::PersonId(7)), name: "`Anna`\n**x**".into(), amounts: amounts.clone() };
        assert_eq!(
            person(Language::En, &spent, &allowances),
            "`Anna x` (id 7): messages 3 / 200, stored 5 MB / 100 MB, money 0.12 / 0.50"
        );
        let together = Spent { person: None, name: String::new(), amounts };
        assert!(person(Language::Ru, &together, &allowances).starts_with("все посторонние вместе: сообщений 3 / 2000"));
    }

    #[test]
    fn the_tools_that_worked_longest_are_named_and_the_rest_added_up() {
        let total = |number: u64| CallTotal {
            name: format!("tool{number}"),
            calls: 2,
            failed: number % 2,
            cost: CallCost { wall: Duration::from_millis(20 - number), ..CallCost::default() },
        };
        let totals: Vec<_> = (0..11).map(total).collect();
        let text = of_tools(Language::En, &totals);
        assert_eq!(text.lines().count(), NAMED + 1, "{text}");
        assert!(text.starts_with("• `tool0`: 2 calls, 20.0 ms\n• `tool1`: 2 calls, 1 failed, 19.0 ms"), "{text}");
        assert!(text.ends_with("• `3 others`: 6 calls, 1 failed, 33.0 ms"), "{text}");
        assert!(of_tools(Language::Ru, &totals[..2]).contains("вызовов 2, неудачных 1"));
        assert_eq!(of_tools(Language::En, &[]), "");
    }
}
