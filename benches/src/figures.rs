//! Measured times and how they are shown. It measures nothing.

use std::time::Duration;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

/// Times of the same thing done often, the shortest first. There is at least one.
#[derive(Debug)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    /// # Errors
    /// There are none.
    pub(crate) fn new(mut times: Vec<Duration>) -> anyhow::Result<Self> {
        anyhow::ensure!(!times.is_empty(), "nothing was measured");
        times.sort_unstable();
        Ok(Self(times))
    }

    /// The time that this share of the samples (0 to 1) does not exceed.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let last = self.0.len() - 1;
        let at = (share * last as f64).round() as usize;
        self.0.get(at.min(last)).copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    /// The least, the median and the most.
    pub(crate) fn spread(&self) -> String {
        let [least, median, most] = [0.0, 0.5, 1.0].map(|share| time(self.quantile(share)));
        format!("{least} / {median} / {most}")
    }
}

/// `1.23 µs`, `45.6 ms`: three digits that count.
pub(crate) fn time(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    let (value, unit) = match time.as_nanos() {
        0..1_000 => (nanos, "ns"),
        1_000..1_000_000 => (nanos / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    format!("{} {unit}", number(value))
}

/// A number with three digits that count.
pub(crate) fn number(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// How often the second goes into the first: `×12.3`.
pub(crate) fn ratio(of: f64, to: f64) -> String {
    if to > 0.0 { format!("×{}", number(of / to)) } else { "—".to_owned() }
}

/// How many a second.
pub(crate) fn rate(count: usize, within: Duration) -> f64 {
    count as f64 / within.as_secs_f64()
}

/// `12.3 MiB`.
pub(crate) fn mebibytes(kibibytes: u64) -> String {
    format!("{} MiB", number(kibibytes as f64 / 1024.0))
}

/// Prints a table that is Markdown too, all columns but the first aligned to the right.
pub(crate) fn print<const N: usize>(header: [&str; N], rows: Vec<[String; N]>) {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header).add_rows(rows);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    println!("{table}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_put_in_order() {
        let samples = Samples::new([30, 10, 20].map(Duration::from_millis).to_vec()).unwrap();
        assert_eq!(samples.spread(), "10.0 ms / 20.0 ms / 30.0 ms");
        assert_eq!(samples.quantile(0.99), Duration::from_millis(30));
        assert!(Samples::new(Vec::new()).is_err());
    }

    #[test]
    fn figures_have_the_digits_that_count() {
        assert_eq!(time(Duration::from_nanos(1_234)), "1.23 µs");
        assert_eq!(time(Duration::from_millis(123_400)), "123 s");
        assert_eq!(ratio(10.0, 4.0), "×2.50");
        assert_eq!(ratio(10.0, 0.0), "—");
        assert_eq!(mebibytes(19 * 1024), "19.0 MiB");
    }
}
