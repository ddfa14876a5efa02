//! From letters with places to lines of words. A PDF says where each letter stands and not which belong together: a gap
//! is a blank, a step down the next line, a larger one the next paragraph. The order is that in which it was written, which
//! keeps columns apart.

use hayro_font::kurbo::{Affine, Point, Vec2};

/// A gap of so much of the size is a blank.
const BLANK: f64 = 0.15;

/// A gap of so much of the size parts columns.
const COLUMN: f64 = 1.0;

/// Letters that stand so much of the size above or below one another are in one line.
const SAME_LINE: f64 = 0.45;

/// A step back of so much of the size begins a new line.
const BACK: f64 = 0.6;

/// A step down of so many times the usual one begins a paragraph.
const PARAGRAPH: f64 = 1.35;

/// The usual step down where there are too few lines to tell, in sizes.
const USUAL: f64 = 1.25;

/// A letter, or several that stand at one place.
pub(super) struct Letter<'t> {
    text: &'t str,
    start: Point,
    end: Point,
    /// The direction of writing.
    along: Vec2,
    size: f64,
}

impl<'t> Letter<'t> {
    /// `at` and `end` lead from a letter of size 1 to the page: there, and where the next one stands.
    pub(super) fn new(text: &'t str, at: Affine, end: Affine, is_drawn: bool) -> Self {
        let [a, b, c, d, ..] = at.as_coeffs();
        let (start, end) = (at * Point::ZERO, end * Point::ZERO);
        let size = if is_drawn { start.distance(end) * 2.0 } else { Vec2::new(c, d).hypot() };
        let length = Vec2::new(a, b).hypot();
        let along = if length > 0.0 { Vec2::new(a, b) / length } else { Vec2::new(1.0, 0.0) };
        Self { text, start, end, along, size }
    }

    fn is_placed(&self) -> bool {
        self.start.is_finite() && self.end.is_finite() && self.size.is_finite()
    }
}

#[derive(Debug)]
struct Line {
    text: String,
    /// Where its last letter ends.
    end: Point,
    along: Vec2,
    /// How far up the page, seen in the direction of writing.
    height: f64,
    size: f64,
}

/// The lines of a page.
#[derive(Default)]
pub(super) struct Lines {
    lines: Vec<Line>,
    length: usize,
}

impl Lines {
    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn add(&mut self, letter: &Letter<'_>) {
        if !letter.is_placed() {
            return;
        }
        self.length += letter.text.len();
        match self.lines.last_mut() {
            Some(line) if line.goes_on_with(letter) => line.add(letter),
            _ if letter.text.trim().is_empty() => {}
            _ => {
                self.length += 1;
                self.lines.push(Line::new(letter));
            }
        }
    }

    /// Lines with an empty one between paragraphs.
    pub(super) fn text(self) -> String {
        let usual = self.usual_step();
        let mut text = String::with_capacity(self.length + self.lines.len());
        let mut before: Option<&Line> = None;
        for line in &self.lines {
            let words = line.words();
            if words.is_empty() {
                continue;
            }
            let is_new = before.is_some_and(|before| before.ends_paragraph(line, usual));
            match before {
                None => {}
                Some(_) if is_new => text.push_str("\n\n"),
                Some(_) if goes_on(&text, &words) => {
                    text.pop();
                }
                Some(_) => text.push('\n'),
            }
            text.push_str(&words);
            before = Some(line);
        }
        text
    }

    /// How far lines are apart, in sizes of their letters: the middle of all steps down.
    fn usual_step(&self) -> f64 {
        let steps = self.lines.windows(2).filter_map(|pair| pair[0].step(&pair[1]));
        let mut steps: Vec<_> = steps.filter(|step| (0.5..4.0).contains(step)).collect();
        steps.sort_by(f64::total_cmp);
        if steps.len() < 3 { USUAL } else { steps[steps.len() / 2] }
    }
}

impl Line {
    fn new(letter: &Letter<'_>) -> Self {
        let Letter { text, start, end, along, size } = *letter;
        Self { text: text.to_owned(), end, along, height: along.cross(start.to_vec2()), size }
    }

    fn goes_on_with(&self, letter: &Letter<'_>) -> bool {
        let size = self.size.max(letter.size);
        let gap = (letter.start - self.end).dot(self.along);
        let off = self.along.cross(letter.start.to_vec2()) - self.height;
        self.along.dot(letter.along) > 0.95 && off.abs() <= SAME_LINE * size && gap >= -BACK * size
    }

    fn add(&mut self, letter: &Letter<'_>) {
        let size = self.size.max(letter.size);
        let gap = (letter.start - self.end).dot(self.along);
        if !self.text.ends_with(char::is_whitespace) && !letter.text.starts_with(char::is_whitespace) {
            if gap > COLUMN * size {
                self.text.push('\t');
            } else if gap > BLANK * size {
                self.text.push(' ');
            }
        }
        // What stands for many letters that cannot be told says so once.
        if !(letter.text == "\u{fffd}" && self.text.ends_with('\u{fffd}')) {
            self.text.push_str(letter.text);
        }
        (self.end, self.size) = (letter.end, size);
    }

    /// How far down the next line is, in sizes.
    fn step(&self, next: &Self) -> Option<f64> {
        let size = self.size.max(next.size);
        let is_same_way = self.along.dot(next.along) > 0.95 && size > 0.0;
        is_same_way.then(|| (self.height - next.height) / size)
    }

    fn ends_paragraph(&self, next: &Self, usual: f64) -> bool {
        let other_size = self.size.max(next.size) > 1.2 * self.size.min(next.size);
        match self.step(next) {
            // On one height there are the cells of a row.
            Some(step) if step.abs() < 0.1 => false,
            Some(step) => other_size || step < 0.0 || step > PARAGRAPH * usual,
            None => true,
        }
    }

    /// The line without blanks around it, a bullet at its beginning as the mark of a list. Bullets without their items
    /// are nothing: some programs write them all at the end of a page.
    fn words(&self) -> String {
        let text = self.text.trim();
        match text.strip_prefix(['•', '▪', '◦', '‣', '●', '■']) {
            Some(item) if item.trim().is_empty() => String::new(),
            Some(item) => format!("- {}", item.trim_start()),
            None => text.to_owned(),
        }
    }
}

/// A word that was divided at the end of a line goes on in the next one.
fn goes_on(text: &str, next: &str) -> bool {
    let mut back = text.chars().rev();
    let is_divided = match back.next() {
        Some('\u{ad}') => true,
        Some('-' | '\u{2010}') => back.next().is_some_and(char::is_lowercase),
        _ => false,
    };
    is_divided && next.starts_with(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters half as wide as high, at a place of the page.
    fn write(lines: &mut Lines, x: f64, y: f64, size: f64, text: &str) {
        for (number, c) in text.chars().enumerate() {
            let place = |number: usize| Affine::translate((x + number as f64 * size / 2.0, y)) * Affine::scale(size);
            lines.add(&Letter::new(c.encode_utf8(&mut [0; 4]), place(number), place(number + 1), false));
        }
    }

    fn check(words: &[(f64, f64, f64, &str)]) -> String {
        let mut lines = Lines::default();
        for &(x, y, size, text) in words {
            write(&mut lines, x, y, size, text);
        }
        lines.text()
    }

    #[test]
    fn gaps_are_blanks_and_steps_are_lines() {
        assert_eq!(check(&[(0.0, 100.0, 10.0, "two"), (18.0, 100.0, 10.0, "words")]), "two words");
        assert_eq!(check(&[(0.0, 100.0, 10.0, "one"), (15.2, 100.0, 10.0, "word")]), "oneword");
        assert_eq!(check(&[(0.0, 100.0, 10.0, "a"), (80.0, 100.0, 10.0, "b")]), "a\tb");
        assert_eq!(check(&[(0.0, 100.0, 10.0, "a"), (0.0, 88.0, 10.0, "b"), (0.0, 60.0, 10.0, "c")]), "a\nb\n\nc");
        assert_eq!(check(&[(0.0, 100.0, 20.0, "Head"), (0.0, 80.0, 10.0, "body")]), "Head\n\nbody");
        assert_eq!(check(&[(0.0, 100.0, 10.0, "m"), (5.0, 103.0, 6.0, "2")]), "m2");
    }

    #[test]
    fn wide_spacing_is_no_paragraph_each_line() {
        let lines: Vec<_> = (0..9).map(|n| (0.0, 500.0 - 20.0 * f64::from(n), 10.0, "line")).collect();
        assert_eq!(check(&lines), ["line"; 9].join("\n"));
    }

    #[test]
    fn columns_come_one_after_the_other() {
        let words =
            [(0.0, 100.0, 10.0, "a"), (0.0, 88.0, 10.0, "b"), (200.0, 100.0, 10.0, "c"), (200.0, 88.0, 10.0, "d")];
        assert_eq!(check(&words), "a\nb\n\nc\nd");
    }

    #[test]
    fn divided_words_are_joined_and_bullets_are_items() {
        assert_eq!(check(&[(0.0, 100.0, 10.0, "инфор-"), (0.0, 88.0, 10.0, "мация")]), "информация");
        assert_eq!(check(&[(0.0, 100.0, 10.0, "1990-"), (0.0, 88.0, 10.0, "x")]), "1990-\nx");
        assert_eq!(check(&[(0.0, 100.0, 10.0, "• one"), (0.0, 88.0, 10.0, "•")]), "- one");
    }

    #[test]
    fn places_that_are_none_are_passed_over() {
        let mut lines = Lines::default();
        let (nowhere, here) = (Affine::translate((f64::NAN, 0.0)), Affine::IDENTITY);
        lines.add(&Letter::new("a", nowhere, here, false));
        lines.add(&Letter::new("b", Affine::scale(0.0), here, false));
        assert_eq!(lines.text(), "b");
    }
}
