//! Markdown: sections by headings, paragraphs, entries of lists, fenced code by lines.

use std::rc::Rc;

use super::unit::{Boundary, Unit, sentences};

/// What the lines read so far have led to.
struct Reader<'a> {
    text: &'a str,
    units: Vec<Unit>,
    /// The headings above, each with its depth.
    path: Vec<(usize, String)>,
    heading: Rc<str>,
    /// The paragraph being read: its first byte.
    paragraph: Option<usize>,
    /// What the next unit begins.
    boundary: Boundary,
    fence: Option<&'a str>,
}

pub(super) fn units(text: &str) -> Vec<Unit> {
    let mut reader = Reader {
        text,
        units: Vec::new(),
        path: Vec::new(),
        heading: Rc::from(""),
        paragraph: None,
        boundary: Boundary::Paragraph,
        fence: None,
    };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        reader.line(line, at);
        at += line.len();
    }
    reader.end_paragraph(text.len());
    reader.units
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str, at: usize) {
        let trimmed = line.trim();
        if let Some(fence) = self.fence {
            self.whole_line(line, at);
            if trimmed.starts_with(fence) {
                self.fence = None;
                self.boundary = Boundary::Paragraph;
            }
            return;
        }
        if let Some(fence) = ["```", "~~~"].into_iter().find(|fence| trimmed.starts_with(fence)) {
            self.end_paragraph(at);
            self.fence = Some(fence);
            self.whole_line(line, at);
        } else if let Some((depth, title)) = heading(trimmed) {
            self.end_paragraph(at);
            self.begin_section(depth, title, line, at);
        } else if trimmed.is_empty() {
            self.end_paragraph(at);
            self.boundary = self.boundary_after_blank();
        } else if is_entry(trimmed) || trimmed.starts_with('|') {
            self.end_paragraph(at);
            self.paragraph = Some(at);
        } else if self.paragraph.is_none() {
            self.paragraph = Some(at);
        }
    }

    fn begin_section(&mut self, depth: usize, title: &str, line: &str, at: usize) {
        self.path.retain(|(above, _)| *above < depth);
        self.path.push((depth, title.to_owned()));
        let titles: Vec<_> = self.path.iter().map(|(_, title)| title.as_str()).collect();
        self.heading = titles.join(" > ").into();
        self.units.push(Unit {
            from: at,
            to: at + line.len(),
            boundary: Boundary::Section,
            heading: Rc::clone(&self.heading),
            is_heading: true,
        });
        self.boundary = Boundary::Within;
    }

    fn boundary_after_blank(&self) -> Boundary {
        // A heading stays with what follows it.
        match self.units.last() {
            Some(last) if last.is_heading => Boundary::Within,
            _ => Boundary::Paragraph,
        }
    }

    fn whole_line(&mut self, line: &str, at: usize) {
        let heading = Rc::clone(&self.heading);
        self.units.push(Unit { from: at, to: at + line.len(), boundary: self.boundary, heading, is_heading: false });
        self.boundary = Boundary::Within;
    }

    fn end_paragraph(&mut self, to: usize) {
        let Some(from) = self.paragraph.take() else { return };
        self.units.extend(sentences(&self.text[from..to], from, self.boundary, &self.heading));
        self.boundary = Boundary::Within;
    }
}

/// The depth and the title of a heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let depth = line.bytes().take_while(|&byte| byte == b'#').count();
    let title = line.get(depth..)?;
    ((1..=6).contains(&depth) && title.starts_with(' ')).then(|| (depth, title.trim().trim_end_matches('#').trim_end()))
}

/// Whether the line begins an entry of a list.
fn is_entry(line: &str) -> bool {
    if ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark)) {
        return true;
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    (1..=4).contains(&digits) && [". ", ") "].iter().any(|mark| line[digits..].starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_a_fence_has_no_headings() {
        let text = "# Setup\n```sh\n# comment\nmake\n```\nDone.\n";
        let units = units(text);
        assert!(units.iter().all(|unit| &*unit.heading == "Setup"));
        assert_eq!(units.iter().filter(|unit| unit.is_heading).count(), 1);
        assert_eq!(units.last().map(|unit| unit.of(text).trim()), Some("Done."));
    }

    #[test]
    fn entries_of_a_list_are_units_and_keep_what_belongs_to_them() {
        let text = "- one\n  more of it\n- two\n10. ten\n#hashtag is not a heading\n";
        let read: Vec<_> = units(text).iter().map(|unit| unit.of(text).trim().to_owned()).collect();
        assert_eq!(read, ["- one\n  more of it", "- two", "10. ten\n#hashtag is not a heading"]);
    }
}
