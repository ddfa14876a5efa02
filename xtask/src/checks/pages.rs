//! The two pages that everybody reads stay short: what does not fit belongs on a page below docs.

use crate::finding::{Finding, Report};
use crate::sources::Sources;

/// Page and the most words it has.
const MOST_WORDS: [(&str, usize); 2] = [("README.md", 1_800), ("ARCHITECTURE.md", 3_000)];

/// # Errors
/// Never: it is a check like the others.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<Report> {
    let findings = MOST_WORDS.iter().filter_map(|(path, most)| {
        let words = sources.get(path)?.text.split_whitespace().count();
        let text = format!("{words} words, and at most {most} are read: move a part to a page below docs.");
        (words > *most).then(|| Finding::new(*path, 1, text))
    });
    Ok(Report { findings: findings.collect(), ..Report::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made;

    #[test]
    fn a_page_that_grew_too_long_is_told() {
        let (long, short) = ("word ".repeat(1_801), "word ".repeat(3_000));
        let sources = made(&[("README.md", &long), ("ARCHITECTURE.md", &short)]);
        let told: Vec<_> = check(&sources).unwrap().findings.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["README.md:1: 1801 words, and at most 1800 are read: move a part to a page below docs."]);
    }
}
