//! Prometheus' text format, version 0.0.4: families with their help and type, samples with their labels.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::fmt::{Display, Write as _};

/// For the header `Content-Type`.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text as it grows.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

/// One family, whose samples follow each other.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

type Labels<'a> = &'a [(&'static str, &'a str)];

impl Exposition {
    pub(super) fn counter(&mut self, name: &'static str, help: &'static str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    pub(super) fn gauge(&mut self, name: &'static str, help: &'static str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    pub(super) fn histogram(&mut self, name: &'static str, help: &'static str) -> Family<'_> {
        self.family(name, "histogram", help)
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        write(&mut self.0, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Family { text: &mut self.0, name }
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    pub(super) fn sample(&mut self, labels: Labels<'_>, value: impl Display) -> &mut Self {
        self.line("", labels, None, &value)
    }

    /// The samples of one histogram: how many were within each bound, and all of them.
    pub(super) fn distribution(
        &mut self,
        labels: Labels<'_>,
        within: impl IntoIterator<Item = (f64, u64)>,
        (count, sum): (u64, f64),
    ) {
        for (bound, within) in within {
            self.line("_bucket", labels, Some(&bound.to_string()), &within);
        }
        self.line("_bucket", labels, Some("+Inf"), &count);
        self.line("_sum", labels, None, &sum);
        self.line("_count", labels, None, &count);
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, bound: Option<&str>, value: &dyn Display) -> &mut Self {
        let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        let all: Vec<_> = all.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let all = if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) };
        write(self.text, format_args!("{}{suffix}{all} {value}\n", self.name));
        self
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

fn write(text: &mut String, line: std::fmt::Arguments<'_>) {
    // A string takes everything.
    let _ = text.write_fmt(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_have_help_type_and_samples_with_escaped_labels() {
        let mut text = Exposition::default();
        text.counter("calls_total", "Calls.\nBy \\ tool.")
            .sample(&[], 3)
            .sample(&[("tool", "read"), ("outcome", "a\"b\\c\nd")], 1.5);
        text.gauge("empty", "Nothing yet.");
        let mut times = text.histogram("seconds", "Times.");
        times.distribution(&[("tool", "read")], [(0.005, 1), (1.0, 2)], (3, 90.25));
        assert_eq!(
            text.into_text(),
            "# HELP calls_total Calls.\\nBy \\\\ tool.\n# TYPE calls_total counter\ncalls_total 3\n\
             calls_total{tool=\"read\",outcome=\"a\\\"b\\\\c\\nd\"} 1.5\n\
             # HELP empty Nothing yet.\n# TYPE empty gauge\n\
             # HELP seconds Times.\n# TYPE seconds histogram\n\
             seconds_bucket{tool=\"read\",le=\"0.005\"} 1\nseconds_bucket{tool=\"read\",le=\"1\"} 2\n\
             seconds_bucket{tool=\"read\",le=\"+Inf\"} 3\nseconds_sum{tool=\"read\"} 90.25\n\
             seconds_count{tool=\"read\"} 3\n"
        );
    }
}
