//! Goes through the operators that draw a page and shows the letters to `lines`. All else they draw is passed over.

use hayro_font::kurbo::Affine;
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Instruction;
use hayro_syntax::object::dict::keys::{ACTUAL_TEXT, MATRIX, RESOURCES, SUBTYPE};
use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream, String as PdfString};
use hayro_syntax::page::Resources;

use super::fonts::{self, Fonts};
use super::letters;
use super::lines::{Letter, Lines};
use super::state::{Cursor, State};

/// How deep drawings may stand in one another.
const DEEPEST: usize = 16;

/// States that may be kept at the same time; a page has a few dozen at most.
const MOST_KEPT: usize = 512;

/// The most operators of one page, with those of all drawings in it: some hundred times a full page.
const MOST_OPERATORS: usize = 2_000_000;

/// The most text of one page, in bytes; a book has less.
const MOST_TEXT: usize = 2 << 20;

/// Reads one page.
pub(super) struct Interpreter<'p, 'a> {
    fonts: &'p Fonts<'a>,
    state: State<'a>,
    kept: Vec<State<'a>>,
    cursor: Cursor,
    lines: Lines,
    operators: usize,
    depth: usize,
    /// For each marked content that is open, whether its letters stand for a text that was already told.
    marked: Vec<bool>,
    /// Letters that were shown, and those of them that could be told.
    pub(super) shown: usize,
    pub(super) known: usize,
}

impl<'p, 'a> Interpreter<'p, 'a> {
    pub(super) fn new(fonts: &'p Fonts<'a>) -> Self {
        Self {
            fonts,
            state: State::new(Affine::IDENTITY),
            kept: Vec::new(),
            cursor: Cursor::default(),
            lines: Lines::default(),
            operators: 0,
            depth: 0,
            marked: Vec::new(),
            shown: 0,
            known: 0,
        }
    }

    /// The text of what was drawn.
    pub(super) fn text(self) -> String {
        self.lines.text()
    }

    pub(super) fn run(&mut self, content: &[u8], resources: &Resources<'a>) {
        let mut instructions = TypedIter::new(content);
        while let Some(instruction) = instructions.next() {
            self.operators += 1;
            if self.operators > MOST_OPERATORS || self.lines.len() > MOST_TEXT {
                return;
            }
            self.perform(&instruction, resources);
        }
    }

    fn perform(&mut self, instruction: &Instruction<'_, '_>, resources: &Resources<'a>) {
        match instruction {
            Instruction::SaveState(_) if self.kept.len() < MOST_KEPT => self.kept.push(self.state.clone()),
            Instruction::RestoreState(_) => self.state = self.kept.pop().unwrap_or_else(|| self.state.clone()),
            Instruction::Transform(t) => self.state.transform *= matrix([t.0, t.1, t.2, t.3, t.4, t.5]),
            Instruction::XObject(name) => self.draw(resources.get_x_object(name.0), resources),
            Instruction::BeginMarkedContent(_) => self.begin_marked(None),
            Instruction::BeginMarkedContentWithProperties(marked) => {
                self.begin_marked(actual_text(marked.1, resources));
            }
            Instruction::EndMarkedContent(_) => {
                self.marked.pop();
            }
            _ => self.perform_text(instruction, resources),
        }
    }

    fn perform_text(&mut self, instruction: &Instruction<'_, '_>, resources: &Resources<'a>) {
        let state = &mut self.state;
        match instruction {
            Instruction::BeginText(_) => self.cursor = Cursor::default(),
            Instruction::SetTextMatrix(t) => self.cursor.set(matrix([t.0, t.1, t.2, t.3, t.4, t.5])),
            Instruction::TextFont(font) => {
                state.font = self.fonts.named(font.0, resources);
                state.size = font.1.as_f64();
            }
            Instruction::CharacterSpacing(space) => state.letter_space = space.0.as_f64(),
            Instruction::WordSpacing(space) => state.word_space = space.0.as_f64(),
            Instruction::HorizontalScaling(percent) => state.stretch = percent.0.as_f64() / 100.0,
            Instruction::TextLeading(leading) => state.leading = leading.0.as_f64(),
            Instruction::TextRise(rise) => state.rise = rise.0.as_f64(),
            Instruction::NextLine(by) => self.cursor.next_line(by.0.as_f64(), by.1.as_f64()),
            Instruction::NextLineAndSetLeading(by) => {
                state.leading = -by.1.as_f64();
                self.cursor.next_line(by.0.as_f64(), by.1.as_f64());
            }
            Instruction::NextLineUsingLeading(_) => self.next_line(),
            Instruction::ShowText(text) => self.show(text.0.as_bytes()),
            Instruction::ShowTexts(texts) => self.show_all(texts.0),
            Instruction::NextLineAndShowText(text) => {
                self.next_line();
                self.show(text.0.as_bytes());
            }
            Instruction::ShowTextWithParameters(text) => {
                (state.word_space, state.letter_space) = (text.0.as_f64(), text.1.as_f64());
                self.next_line();
                self.show(text.2.as_bytes());
            }
            _ => {}
        }
    }

    fn next_line(&mut self) {
        self.cursor.next_line(0.0, -self.state.leading);
    }

    fn show_all(&mut self, texts: &Array<'_>) {
        for one in texts.iter::<Object<'_>>() {
            match one {
                Object::Number(number) => self.cursor.advance(self.state.adjustment(number.as_f64())),
                Object::String(text) => self.show(text.as_bytes()),
                _ => {}
            }
        }
    }

    fn show(&mut self, string: &[u8]) {
        let Some(font) = self.state.font.clone() else {
            self.shown += string.len();
            return;
        };
        let is_told = self.marked.contains(&true);
        for code in fonts::codes(&font, string) {
            let at = self.state.placed(&self.cursor);
            let step = self.state.step(code.advance, code.is_blank);
            self.cursor.advance(step);
            self.shown += 1;
            let text = code.text.as_deref().and_then(letters::readable);
            self.known += usize::from(text.is_some());
            let text = if is_told { Some("".into()) } else { text };
            let end = self.state.placed(&self.cursor);
            self.lines.add(&Letter::new(text.as_deref().unwrap_or("\u{fffd}"), at, end, code.is_drawn));
        }
    }

    /// Letters may stand for a text that they do not look like, such as a hyphen for a word that goes on.
    fn begin_marked(&mut self, text: Option<String>) {
        let is_inner = self.marked.contains(&true);
        if let Some(text) = &text
            && !is_inner
        {
            let at = self.state.placed(&self.cursor);
            self.lines.add(&Letter::new(text, at, at, false));
        }
        if self.marked.len() < MOST_KEPT {
            self.marked.push(text.is_some());
        }
    }

    /// Draws what has a content of its own. Pictures have none.
    fn draw(&mut self, drawing: Option<Stream<'a>>, resources: &Resources<'a>) {
        let Some(drawing) = drawing.filter(|_| self.depth < DEEPEST) else { return };
        if drawing.dict().get::<Name<'_>>(SUBTYPE).is_none_or(|kind| &*kind != b"Form") {
            return;
        }
        let Ok(content) = drawing.decoded_data() else { return };
        let own = drawing.dict().get::<Dict<'a>>(RESOURCES).map(Resources::new);
        let (state, cursor, kept) = (self.state.clone(), self.cursor, std::mem::take(&mut self.kept));
        if let Some(numbers) = drawing.dict().get::<[f64; 6]>(MATRIX) {
            self.state.transform *= Affine::new(numbers);
        }
        self.depth += 1;
        self.run(&content, own.as_ref().unwrap_or(resources));
        self.depth -= 1;
        (self.state, self.cursor, self.kept) = (state, cursor, kept);
    }
}

fn matrix(numbers: [Number; 6]) -> Affine {
    Affine::new(numbers.map(|number| number.as_f64()))
}

/// The text that marked content says it stands for (ISO 32000-1, 14.9.4).
fn actual_text(properties: &Object<'_>, resources: &Resources<'_>) -> Option<String> {
    let text = |dict: &Dict<'_>| dict.get::<PdfString<'_>>(ACTUAL_TEXT).map(|text| letters::string(text.as_bytes()));
    match properties {
        Object::Dict(dict) => text(dict),
        Object::Name(name) => text(&resources.properties.get::<Dict<'_>>(name.clone())?),
        _ => None,
    }
}
