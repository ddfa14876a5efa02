//! Words that readers stumble over do not occur: in no text, page, comment or name of a file.

use std::process::ExitCode;

use proc_macro2::{Ident, TokenStream, TokenTree};

use crate::finding::{Counted, Finding, Report};
use crate::sources::{Source, Sources};

const SECTION: &str = "words_readers_stumble_over";

/// Where the words themselves are.
const OWN: &str = "xtask/src/checks/words.rs";

/// Words to avoid, and what to write instead.
struct Phrase {
    words: &'static [&'static str],
    /// It is well where one of these stands before it.
    unless_after: &'static [&'static str],
    /// It is well where one of these follows.
    unless_before: &'static [&'static str],
    instead: &'static str,
}

const fn phrase(words: &'static [&'static str], instead: &'static str) -> Phrase {
    Phrase { words, unless_after: &[], unless_before: &[], instead }
}

const PHRASES: &[Phrase] = &[
    Phrase {
        words: &["is", "no"],
        unless_after: &["there"],
        unless_before: &["longer", "more", "less", "matter"],
        instead: "“is not a …”",
    },
    Phrase {
        words: &["are", "no"],
        unless_after: &["there"],
        unless_before: &["longer", "more", "less"],
        instead: "“are not …”",
    },
    phrase(&["of", "its", "own"], "“its own …”, “separate”"),
    phrase(&["of", "their", "own"], "“their own …”, “separate”"),
    phrase(&["anew"], "“again”, “new”, or the verb: rebuild, recompile, restart"),
    phrase(&["beside"], "“next to”, “in addition to”, “other than”"),
    phrase(&["told", "as"], "“shown as”, “reported as”"),
    phrase(&["goes", "on", "with"], "“continues”, “resumes”"),
    phrase(&["go", "on", "with"], "“continue”, “resume”"),
    phrase(&["gone", "on", "with"], "“continued”, “resumed”"),
    phrase(&["went", "on", "with"], "“continued”, “resumed”"),
    phrase(&["going", "on", "with"], "“continuing”, “resuming”"),
    phrase(&["for", "the", "time", "being"], "“temporarily”, “for now”"),
    phrase(&["is", "let", "go"], "“is dropped”, “is released”"),
    phrase(&["are", "let", "go"], "“are dropped”, “are released”"),
    phrase(&["lies"], "“is”"),
    phrase(&["lie"], "“are”"),
];

/// Names that say nothing about what a file is for.
const NAMES: [&str; 6] = ["utils", "util", "common", "helpers", "helper", "manager"];

/// # Errors
/// Never: it is a check like the others.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for file in sources.iter().filter(|file| file.path != OWN) {
        report.findings.extend(name(file));
        for found in phrases(file) {
            let top = file.path.split('/').next().unwrap_or_default().to_owned();
            match report.counted.iter_mut().find(|one| one.key == top) {
                Some(counted) => counted.count += 1,
                None => report.counted.push(Counted { section: SECTION, key: top, count: 1, finding: found }),
            }
        }
    }
    for counted in &mut report.counted {
        counted.finding.text = format!(
            "{} There are {} in {}; `cargo xtask words` lists them.",
            counted.finding.text, counted.count, counted.key
        );
    }
    Ok(report)
}

/// Prints every occurrence, for whoever puts them right.
pub(crate) fn print(sources: &Sources) -> ExitCode {
    for file in sources.iter().filter(|file| file.path != OWN) {
        phrases(file).iter().for_each(|finding| println!("{finding}"));
    }
    ExitCode::SUCCESS
}

fn name(file: &Source) -> Option<Finding> {
    let stem = file.path.rsplit('/').next()?.split('.').next()?;
    let text = format!("`{stem}` does not say what is in the file: name it for its one job.");
    NAMES.contains(&stem).then(|| Finding::new(&file.path, 1, text))
}

/// A word, where it is, and whether it belongs to the same sentence part as the word before it.
struct Word<'a> {
    text: &'a str,
    line: usize,
    follows: bool,
}

fn phrases(file: &Source) -> Vec<Finding> {
    let text = prose(file);
    let words = words(&text);
    let mut findings = Vec::new();
    for at in 0..words.len() {
        for phrase in PHRASES.iter().filter(|phrase| phrase.is_at(&words, at)) {
            let text = format!("“{}”: write {}.", phrase.words.join(" "), phrase.instead);
            findings.push(Finding::new(&file.path, words[at].line, text));
        }
    }
    findings
}

/// The text without the names in code.
fn prose(file: &Source) -> String {
    let mut text = file.text.clone();
    if file.syntax.is_some() {
        let tokens: TokenStream = text.parse().unwrap_or_default();
        let mut names = Vec::new();
        gather(tokens, &mut names);
        for name in names {
            // Doc comments are attributes by now, whose name is where the comment is.
            if name.span().byte_range().len() == name.to_string().len() {
                text.replace_range(name.span().byte_range(), &";".repeat(name.span().byte_range().len()));
            }
        }
    }
    text
}

fn gather(tokens: TokenStream, names: &mut Vec<Ident>) {
    for tree in tokens {
        match tree {
            TokenTree::Ident(name) => names.push(name),
            TokenTree::Group(group) => gather(group.stream(), names),
            _ => {}
        }
    }
}

impl Phrase {
    fn is_at(&self, words: &[Word<'_>], at: usize) -> bool {
        let Some(part) = words.get(at..at + self.words.len()) else { return false };
        let fits = part.iter().zip(self.words).all(|(word, wanted)| word.text.eq_ignore_ascii_case(wanted));
        let is_one = |among: &[&str], word: Option<&Word<'_>>| {
            word.is_some_and(|word| among.iter().any(|one| word.text.eq_ignore_ascii_case(one)))
        };
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        let after = words.get(at + self.words.len()).filter(|word| word.follows);
        fits && part[1..].iter().all(|word| word.follows)
            && !is_one(self.unless_after, before)
            && !is_one(self.unless_before, after)
    }
}

/// The words of a text, across the ends of lines and the marks of comments there.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let (mut line, mut end) = (1, 0);
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '\'' || c == '’';
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if first == '\n' {
            line += 1;
        }
        if !is_part(first) {
            continue;
        }
        let mut stop = start + first.len_utf8();
        while let Some((at, next)) = rest.next_if(|(_, next)| is_part(*next)) {
            stop = at + next.len_utf8();
        }
        words.push(Word { text: &text[start..stop], line, follows: separates_nothing(&text[end..start]) });
        end = stop;
    }
    words
}

/// Space alone, or the end of a line with what a comment or a long string begins its next line with.
fn separates_nothing(between: &str) -> bool {
    let is_mark = |c: char| matches!(c, '/' | '!' | '#' | '\\' | '>');
    match between.contains('\n') {
        true => between.chars().all(|c| c.is_whitespace() || is_mark(c)) && between.matches('\n').count() == 1,
        false => !between.is_empty() && between.chars().all(char::is_whitespace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made;

    fn told(text: &str) -> Vec<String> {
        let sources = made(&[("a/page.md", text)]);
        sources.iter().flat_map(phrases).map(|one| one.to_string()).collect()
    }

    #[test]
    fn a_phrase_is_found_also_across_lines_of_a_comment() {
        let found = told("This is no mistake.\n\n/// It is made\n/// anew, in a folder of its\n/// own.\n");
        assert_eq!(
            found,
            [
                "a/page.md:1: “is no”: write “is not a …”.",
                "a/page.md:4: “anew”: write “again”, “new”, or the verb: rebuild, recompile, restart.",
                "a/page.md:4: “of its own”: write “its own …”, “separate”.",
            ]
        );
    }

    #[test]
    fn what_only_looks_like_one_is_not() {
        for text in
            ["There is no such file.", "It is no longer there.", "made_anew()", "what it is. No file", "its own"]
        {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn names_in_code_are_no_words_but_comments_and_texts_are() {
        let text = "/// Made anew.\nfn anew() { let beside = \"it lies\"; join(beside); } // beside it\n";
        let sources = made(&[("a/src/lib.rs", text)]);
        let told: Vec<_> = sources.iter().flat_map(phrases).map(|one| one.text).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("“anew”") && told[1].starts_with("“lies”") && told[2].starts_with("“beside”"));
    }

    #[test]
    fn occurrences_are_counted_by_folder_and_names_that_say_nothing_are_wrong() {
        let sources = made(&[("a/page.md", "anew"), ("a/b/other.md", "Anew, beside it"), ("c/utils.rs", "")]);
        let report = check(&sources).unwrap();
        assert_eq!(report.counted.iter().map(|one| (one.key.as_str(), one.count)).collect::<Vec<_>>(), [("a", 3)]);
        assert!(report.findings[0].to_string().starts_with("c/utils.rs:1: `utils` does not say"));
    }
}
