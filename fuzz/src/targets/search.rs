//! What memory is searched for, and how texts are cut into passages.

use steward_index::{FilePlace, FileState, FileText, Index, PassageSize, Query, TextKind, cut};

use super::Check;

const NOW: i64 = 1_800_000_000;
const TEXTS: [&str; 3] = [
    "# The boiler\n\nSergei repaired the boiler on Monday; invoice 2026-114.",
    "## Котёл\n\nКотлы Сергея: позвонить в среду, 14:30. Straße, café, 日本語の本。",
    "fn main() {\n    let __init__ = 2*3*4;\n}\n\nC:\\new\\_tmp AND OR NOT \"quoted\" a:b c^2 d~1",
];

/// Every question is answered.
pub(super) fn prepare_queries() -> anyhow::Result<Check> {
    let folder = tempfile::tempdir()?;
    let index = Index::open(folder.path())?;
    for (number, text) in TEXTS.iter().enumerate() {
        let place = FilePlace { root: String::new(), path: format!("{number}.md") };
        let text = FileText { text: (*text).to_owned(), kind: TextKind::Markdown, written: NOW };
        let state = FileState { size: text.text.len() as u64, ..FileState::default() };
        index.change(|batch| batch.put(&place, &state, Some(&text), PassageSize::default(), NOW))?;
    }
    index.follow()?;
    Ok(Box::new(move |input| {
        let question = String::from_utf8_lossy(input);
        let found = index.search(&Query::new(&question, 10));
        assert!(found.is_ok_and(|hits| hits.len() <= 10), "not answered, in {}", folder.path().display());
    }))
}

/// Passages are pieces of their text.
pub(super) fn prepare_passages() -> anyhow::Result<Check> {
    Ok(Box::new(|input| {
        let text = String::from_utf8_lossy(input);
        let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
        for kind in [TextKind::Markdown, TextKind::Transcript, TextKind::Code, TextKind::Plain] {
            for chunk in cut(&text, kind, PassageSize::default()) {
                let (first, last) = (chunk.first_line, chunk.last_line);
                assert!(first >= 1 && first <= last && last <= lines.max(1), "lines {first} to {last} of {lines}");
            }
        }
    }))
}
