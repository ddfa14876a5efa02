//! What tool calls cost, in words: times and sizes for tables, and the paragraph of /usage.

use std::time::Duration;

use steward_agent::Language;
use steward_store::CallTotal;

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

/// `512 B`, `3.1 KB`, `64 MB`.
pub(crate) fn bytes(number: u64) -> String {
    let (unit, name) = match number {
        0 => return String::new(),
        1..1024 => (1, "B"),
        1024..1_048_576 => (1 << 10, "KB"),
        1_048_576..1_073_741_824 => (1 << 20, "MB"),
        _ => (1 << 30, "GB"),
    };
    let decimals = usize::from(!number.is_multiple_of(unit));
    format!("{:.decimals$} {name}", number as f64 / unit as f64)
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
    // A name nobody has given a tool may be any text, so it is shown as code.
    let name: String = name.chars().filter(|c| *c != '`' && !c.is_control()).collect();
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
