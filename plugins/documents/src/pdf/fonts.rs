//! The fonts of a document: which letters the codes of a string mean, and how wide they are. Their outlines are of no
//! interest here.

use std::sync::Arc;

use hayro_font::hayro_cmap::BfString;
use hayro_font::{CMapResolverFn, Font, FontCache, FontGlyph, FontResolverFn, GlyphId, StandardFont, UNITS_PER_EM};
use hayro_syntax::object::{Dict, Name};
use hayro_syntax::page::Resources;

/// The fonts loaded so far.
pub(super) struct Fonts<'a> {
    cache: FontCache<'a>,
    programs: FontResolverFn,
    maps: CMapResolverFn,
}

impl Default for Fonts<'_> {
    fn default() -> Self {
        Self {
            cache: FontCache::new(),
            // One stands in for every font that is not in the file: only how it looks would be different, for widths and
            // letters are told by its name and the file.
            programs: Arc::new(|_| Some(StandardFont::Helvetica.get_font_data())),
            // The maps of the old encodings of East Asia are megabytes; today's files bring their own.
            maps: Arc::new(|_| None),
        }
    }
}

impl<'a> Fonts<'a> {
    pub(super) fn named(&self, name: &Name<'_>, resources: &Resources<'a>) -> Option<Font<'a>> {
        self.of(&resources.get_font(name)?)
    }

    pub(super) fn of(&self, dict: &Dict<'a>) -> Option<Font<'a>> {
        self.cache.font(dict, &self.programs, &self.maps)
    }
}

/// A code of a string as it is shown.
pub(super) struct Code {
    pub(super) text: Option<String>,
    /// How far the next one is, in the direction of writing, for a font of size 1.
    pub(super) advance: f64,
    /// It is a blank, which may be wider than the font says.
    pub(super) is_blank: bool,
    /// Drawn by a procedure, with sizes that mean nothing.
    pub(super) is_drawn: bool,
}

/// The codes of a string.
pub(super) fn codes<'f>(font: &'f Font<'_>, string: &'f [u8]) -> impl Iterator<Item = Code> + 'f {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= string.len() {
            return None;
        }
        let (code, length) = font.read_code(string, at);
        at += length.max(1);
        let advance = font.code_advance(code);
        let advance = if font.is_horizontal() { advance.x } else { advance.y };
        let (text, is_drawn) = match font.glyph(GlyphId::NOTDEF, code) {
            FontGlyph::Outline(glyph) => (glyph.as_unicode(), false),
            FontGlyph::Type3(glyph) => (glyph.as_unicode(), true),
        };
        let text = text.map(|text| match text {
            BfString::Char(c) => c.to_string(),
            BfString::String(text) => text,
        });
        let is_blank = code == 32 && length == 1;
        Some(Code { text, advance: advance / f64::from(UNITS_PER_EM), is_blank, is_drawn })
    })
}
