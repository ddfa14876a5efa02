//! Patterns of file names: `*` and `?` within a name, `**` across folders, `[a-z]`, `{one,other}`. Case is ignored.

use regex::{Regex, RegexBuilder};
use steward_sdk::Failure;

/// A pattern ready to be tried on paths.
#[derive(Debug)]
pub struct Glob {
    regex: Regex,
    /// Without a slash it is tried on the name alone.
    whole_path: bool,
}

impl Glob {
    /// Reads a pattern. `argument` names it in the failure.
    pub fn new(pattern: &str, argument: &str) -> Result<Self, Failure> {
        let pattern = pattern.trim().trim_start_matches("./");
        if pattern.is_empty() {
            return Err(Failure::invalid(format!("`{argument}` is empty: give a pattern such as `*.md`")));
        }
        let regex = RegexBuilder::new(&translate(pattern)).case_insensitive(true).build();
        let regex = regex.map_err(|_| {
            Failure::invalid(format!("`{argument}` is not a pattern: `{pattern}` has brackets that do not match"))
        })?;
        Ok(Self { regex, whole_path: pattern.contains('/') })
    }

    /// Whether a file with this path, relative to where the walk began, fits.
    pub fn matches(&self, path: &str) -> bool {
        let tried = if self.whole_path { path } else { path.rsplit('/').next().unwrap_or(path) };
        self.regex.is_match(tried)
    }
}

fn translate(pattern: &str) -> String {
    let mut regex = String::from("^(?s)");
    let mut rest = pattern;
    let mut open = 0;
    while let Some(next) = rest.chars().next() {
        let (piece, taken) = match next {
            '*' if rest.starts_with("**/") => ("(?:.*/)?".to_owned(), 3),
            '*' if rest.starts_with("**") => (".*".to_owned(), 2),
            '*' => ("[^/]*".to_owned(), 1),
            '?' => ("[^/]".to_owned(), 1),
            '[' => class(rest),
            '{' => {
                open += 1;
                ("(?:".to_owned(), 1)
            }
            '}' if open > 0 => {
                open -= 1;
                (")".to_owned(), 1)
            }
            ',' if open > 0 => ("|".to_owned(), 1),
            other => (regex::escape(other.encode_utf8(&mut [0; 4])), other.len_utf8()),
        };
        regex.push_str(&piece);
        rest = &rest[taken..];
    }
    regex.push('$');
    regex
}

/// A class in brackets and its length; a bracket that is never closed stands for itself.
fn class(rest: &str) -> (String, usize) {
    let Some(end) = rest[1..].find(']').map(|at| at + 1).filter(|&end| end > 1) else {
        return ("\\[".to_owned(), 1);
    };
    let inner = &rest[1..end];
    let (negated, inner) = match inner.strip_prefix(['!', '^']) {
        Some(inner) => ("^", inner),
        None => ("", inner),
    };
    let inner = inner.replace('\\', "\\\\").replace('[', "\\[").replace('&', "\\&").replace('~', "\\~");
    (format!("[{negated}{inner}]"), end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, fits: &[&str], others: &[&str]) {
        let glob = Glob::new(pattern, "pattern").unwrap();
        for path in fits {
            assert!(glob.matches(path), "{pattern} should fit {path}");
        }
        for path in others {
            assert!(!glob.matches(path), "{pattern} should not fit {path}");
        }
    }

    #[test]
    fn patterns_fit_as_people_expect() {
        check("*.md", &["a.md", "notes/b.MD", "план.md"], &["a.md.txt", "md"]);
        check("notes/*.md", &["notes/a.md"], &["notes/old/a.md", "a.md"]);
        check("notes/**/*.md", &["notes/a.md", "notes/x/y/a.md"], &["other/a.md"]);
        check("**/plan*", &["plan.md", "a/b/plan-2"], &["a/xplan"]);
        check("a?c", &["abc", "aяc"], &["ac", "abbc"]);
        check("[a-c]*.{md,txt}", &["b1.md", "c.txt"], &["d.md", "b.pdf"]);
        check("[!a]*", &["b"], &["a1"]);
        check("a+b(1).txt", &["a+b(1).txt"], &["aab1.txt"]);
        check("[x", &["[x"], &["x"]);
        check("notes/**", &["notes/a", "notes/b/c"], &["note/a"]);
    }

    #[test]
    fn a_pattern_that_is_none_is_refused_by_name() {
        assert!(matches!(Glob::new(" ", "glob"), Err(Failure::Invalid(text)) if text.contains("`glob`")));
        assert!(matches!(Glob::new("{a,b", "pattern"), Err(Failure::Invalid(text)) if text.contains("brackets")));
    }
}
