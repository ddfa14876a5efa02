//! xtask/allowed.toml: what is still there although it should not be. It may only shrink: more than it says fails the
//! check, and so does less, so that the number is lowered by whoever made it less.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::finding::{Counted, Finding};

/// Where it is, relative to the repository.
pub(crate) const FILE: &str = "xtask/allowed.toml";

/// Section → key → how many.
type Sections = BTreeMap<String, BTreeMap<String, usize>>;

/// The list as it is in the file.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    /// The comment at the beginning, kept when the file is written.
    comment: String,
    sections: Sections,
}

impl Allowed {
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let comment = text.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        let sections = toml::from_str(text).with_context(|| format!("{FILE} is not a table of numbers"))?;
        Ok(Self { comment, sections })
    }

    /// What is more than allowed, and what is allowed although it is not there.
    pub(crate) fn compare(&self, counted: &[Counted]) -> Vec<Finding> {
        let mut findings: Vec<Finding> = counted.iter().filter_map(|one| self.exceeded(one)).collect();
        for (section, keys) in &self.sections {
            for (key, allowed) in keys {
                let found = counted.iter().find(|one| one.section == section && one.key == *key);
                let found = found.map_or(0, |one| one.count);
                if found < *allowed {
                    findings.push(Finding::new(
                        FILE,
                        1,
                        format!(
                            "[{section}] allows {allowed} for {key:?}, and there is less by now ({found}). Run \
                             `cargo xtask tighten`."
                        ),
                    ));
                }
            }
        }
        findings
    }

    fn exceeded(&self, one: &Counted) -> Option<Finding> {
        let allowed = self.sections.get(one.section).and_then(|keys| keys.get(&one.key)).copied();
        match allowed {
            Some(allowed) if one.count > allowed => {
                let text = format!("{} {FILE} still allows {allowed}.", one.finding.text);
                Some(Finding { text, ..one.finding.clone() })
            }
            Some(_) => None,
            None => Some(one.finding.clone()),
        }
    }

    /// Lowers each number to what there is, and drops what is gone.
    pub(crate) fn tighten(&mut self, counted: &[Counted]) {
        for (section, keys) in &mut self.sections {
            keys.retain(|key, allowed| {
                let found = counted.iter().find(|one| one.section == section && one.key == *key);
                *allowed = found.map_or(0, |one| one.count).min(*allowed);
                *allowed > 0
            });
        }
        self.sections.retain(|_, keys| !keys.is_empty());
    }

    pub(crate) fn write(&self, root: &Path) -> anyhow::Result<()> {
        fs::write(root.join(FILE), self.text()?).with_context(|| format!("cannot write {FILE}"))
    }

    fn text(&self) -> anyhow::Result<String> {
        Ok(format!("{}\n{}", self.comment, toml::to_string(&self.sections)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# Why.\n\n[lines]\n\"a.rs\" = 420\n\"b.rs\" = 410\n";

    fn counted(key: &str, count: usize) -> Counted {
        let finding = Finding::new(key, 1, format!("{count} lines: split it."));
        Counted { section: "lines", key: key.to_owned(), count, finding }
    }

    fn told(counts: &[Counted]) -> Vec<String> {
        Allowed::parse(LIST).unwrap().compare(counts).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_allowed_may_be_there_and_nothing_more() {
        assert_eq!(told(&[counted("a.rs", 420), counted("b.rs", 410)]), [""; 0]);
        let more = told(&[counted("a.rs", 421), counted("b.rs", 410), counted("c.rs", 401)]);
        assert_eq!(
            more,
            ["a.rs:1: 421 lines: split it. xtask/allowed.toml still allows 420.", "c.rs:1: 401 lines: split it."]
        );
    }

    #[test]
    fn what_became_less_must_be_lowered() {
        let less = told(&[counted("a.rs", 415)]);
        assert!(less[0].contains("allows 420 for \"a.rs\"") && less[0].contains("(415)"), "{less:?}");
        assert!(less[1].contains("allows 410 for \"b.rs\"") && less[1].contains("cargo xtask tighten"), "{less:?}");
    }

    #[test]
    fn tightening_lowers_and_drops_but_never_raises_or_adds() {
        let mut list = Allowed::parse(LIST).unwrap();
        list.tighten(&[counted("a.rs", 415), counted("c.rs", 500)]);
        assert_eq!(list.text().unwrap(), "# Why.\n\n[lines]\n\"a.rs\" = 415\n");
        list.tighten(&[counted("a.rs", 450)]);
        assert_eq!(list.text().unwrap(), "# Why.\n\n[lines]\n\"a.rs\" = 415\n");
    }
}
