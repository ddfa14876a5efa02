//! What the operators of a page set: where it draws, and in which font (ISO 32000-1, 8.4 and 9.3).

use hayro_font::Font;
use hayro_font::kurbo::{Affine, Vec2};

/// The state that `q` keeps and `Q` brings back.
#[derive(Clone)]
pub(super) struct State<'a> {
    pub(super) transform: Affine,
    pub(super) font: Option<Font<'a>>,
    pub(super) size: f64,
    pub(super) letter_space: f64,
    pub(super) word_space: f64,
    /// 1 is as wide as the font.
    pub(super) stretch: f64,
    pub(super) leading: f64,
    pub(super) rise: f64,
}

impl State<'_> {
    pub(super) fn new(transform: Affine) -> Self {
        Self {
            transform,
            font: None,
            size: 0.0,
            letter_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }

    /// From a place in a letter of size 1 to the page.
    pub(super) fn placed(&self, cursor: &Cursor) -> Affine {
        let font = Affine::new([self.size * self.stretch, 0.0, 0.0, self.size, 0.0, self.rise]);
        self.transform * cursor.here * font
    }

    /// How far a letter moves the cursor.
    pub(super) fn step(&self, advance: f64, is_blank: bool) -> Vec2 {
        let spaced = advance * self.size + self.letter_space + if is_blank { self.word_space } else { 0.0 };
        self.along(spaced)
    }

    /// The same for a number in an array of strings, in thousandths.
    pub(super) fn adjustment(&self, thousandths: f64) -> Vec2 {
        self.along(-thousandths / 1000.0 * self.size)
    }

    fn along(&self, distance: f64) -> Vec2 {
        match &self.font {
            Some(font) if !font.is_horizontal() => Vec2::new(0.0, distance),
            _ => Vec2::new(distance * self.stretch, 0.0),
        }
    }
}

/// Where text is shown, and where its line began.
#[derive(Clone, Copy, Default)]
pub(super) struct Cursor {
    pub(super) here: Affine,
    line: Affine,
}

impl Cursor {
    pub(super) fn set(&mut self, matrix: Affine) {
        (self.here, self.line) = (matrix, matrix);
    }

    pub(super) fn next_line(&mut self, x: f64, y: f64) {
        self.set(self.line * Affine::translate((x, y)));
    }

    pub(super) fn advance(&mut self, by: Vec2) {
        self.here *= Affine::translate(by);
    }
}
