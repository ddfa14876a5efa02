//! How texts are read as words: Russian and English mixed, each word brought to its stem, letters without their accents
//! (é as e, ß as ss, ё as е), the parts of an identifier each for itself (`evictOldest`, `evict_oldest`), scripts without
//! spaces by single characters and pairs, and in addition identifiers and numbers as they stand (`gpt-5.1`,
//! `INV-2024-117`, `4,120`).

mod folding;
mod pieces;
mod russian;

use tantivy::tokenizer::{Language, RemoveLongFilter, Stemmer, StopWordFilter, TextAnalyzer, TokenizerManager};

use self::pieces::{Exact, Words};
use self::russian::Alternations;
use crate::lexical::Asked;

/// The analyzer of words.
pub(crate) const WORDS: &str = "words";
/// The analyzer of what stands for itself.
pub(crate) const EXACT: &str = "exact";
/// Raised when texts are read otherwise than before: the index of words is rebuilt then, vectors stay.
pub(crate) const RULES: u32 = 2;

/// Longer words are noise, such as encoded data.
const LONGEST: usize = 80;
/// More words of a question say nothing more.
const MOST_TERMS: usize = 64;
/// A word that stands for itself counts for more than a part of it.
const EXACT_BOOST: f32 = 2.0;

pub(crate) fn analyzers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(WORDS, words());
    manager.register(EXACT, TextAnalyzer::builder(Exact::default()).filter(RemoveLongFilter::limit(LONGEST)).build());
    manager
}

/// The words that are asked for, each once.
pub(crate) fn asked(analyzers: &TokenizerManager, text: &str) -> Vec<Asked> {
    let mut terms = Vec::new();
    for name in [WORDS, EXACT] {
        let Some(mut analyzer) = analyzers.get(name) else { continue };
        let mut found = Vec::new();
        analyzer.token_stream(text).process(&mut |token| found.push(token.text.clone()));
        found.sort_unstable();
        found.dedup();
        terms.extend(found.into_iter().take(MOST_TERMS).map(|word| Asked { analyzer: name, word }));
    }
    terms
}

/// How much a word counts by what it is.
pub(crate) fn boost(analyzer: &str) -> f32 {
    if analyzer == EXACT { EXACT_BOOST } else { 1.0 }
}

/// How much a word counts by how many texts have it.
pub(crate) fn rarity(texts: f32, with: f32) -> f32 {
    (((texts - with).max(0.0) + 0.5) / (with + 0.5) + 1.0).ln()
}

fn words() -> TextAnalyzer {
    let mut builder = TextAnalyzer::builder(Words::default()).filter(RemoveLongFilter::limit(LONGEST)).dynamic();
    for language in [Language::Russian, Language::English] {
        if let Some(filter) = StopWordFilter::new(language) {
            builder = builder.filter_dynamic(filter);
        }
    }
    // Each stems words of one alphabet and leaves the others as they are.
    let builder =
        builder.filter_dynamic(Stemmer::new(Language::Russian)).filter_dynamic(Stemmer::new(Language::English));
    builder.filter_dynamic(Alternations).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(analyzer: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut analyzer = analyzers().get(analyzer).unwrap();
        analyzer.token_stream(text).process(&mut |token| found.push(token.text.clone()));
        found
    }

    #[track_caller]
    fn same(one: &str, other: &str) {
        assert_eq!(read(WORDS, one), read(WORDS, other), "{one}, {other}");
    }

    #[test]
    fn words_of_both_languages_come_to_their_stems() {
        assert_eq!(read(WORDS, "running dogs"), ["run", "dog"]);
        same("квартиры", "Квартирой");
        same("зелёный ЁЖИК", "зеленый ежик");
        assert_eq!(read(WORDS, "Steward читает the books"), ["steward", "чита", "book"]);
    }

    #[test]
    fn a_russian_word_is_one_in_all_its_cases() {
        for forms in [
            "котёл котла котлу котлом котле котлы котлов котлам котлами котлах",
            "Сергей Сергея Сергею Сергеем Сергее",
            "Андрей Андрея Андрею Андреем Андрее",
            "Павел Павла Павлу Павлом Павле",
            "отец отца отцу отцом отце отцы отцов отцам",
            "палец пальца пальцу пальцем пальцы пальцев",
            "боец бойца бойцу бойцы бойцов",
            "кусок куска куску куском куски кусков",
            "ковёр ковра ковру ковром ковры ковров",
            "окно окна окну окном окон окнам",
            "сестра сестры сестре сестру сестрой сестёр сёстрам",
            "девушка девушки девушке девушку девушек девушкам",
            "музей музея музею музеем музеи музеев музеям",
        ] {
            let read = read(WORDS, forms);
            assert_eq!(read.len(), forms.split(' ').count());
            assert!(read.iter().all(|stem| *stem == read[0]), "{read:?}");
        }
    }

    #[test]
    fn accents_and_forms_of_writing_do_not_matter() {
        same("café Édith naïve", "cafe Edith naive");
        same("cafe\u{301}", "café");
        same("Straße GROẞ", "strasse gross");
        same("Łódź Øresund Þór cœur encyclopædia", "lodz oresund thor coeur encyclopaedia");
        same("ＧＰＵ ﬁle", "gpu file");
        same("и\u{306}од е\u{308}жик", "йод ежик");
        same("за\u{301}мок ко\u{ad}тёл", "замок котёл");
        same("İstanbul ΟΔΟΣ ὁδός", "istanbul οδος οδοσ");
        same("مُحَمَّد", "محمد");
        assert_ne!(read(WORDS, "йод"), read(WORDS, "иод"));
    }

    #[test]
    fn scripts_without_spaces_are_read_by_single_characters_and_pairs() {
        assert_eq!(read(WORDS, "锅炉坏了"), ["锅", "锅炉", "炉", "炉坏", "坏", "坏了", "了"]);
        assert_eq!(read(WORDS, "GPU服务"), ["gpu", "服", "服务", "务"]);
        assert_eq!(read(WORDS, "ボイラー")[..3], ["ボ", "ボイ", "イ"]);
        same("ﾎﾞｲﾗｰ", "ボイラー");
        assert!(read(WORDS, "보일러를").contains(&"보일".to_owned()));
        assert!(read(WORDS, "หม้อน้ำเสีย").len() > 2);
    }

    #[test]
    fn identifiers_are_found_by_their_parts_and_whole() {
        same("evict_oldest", "evictOldest");
        assert_eq!(read(EXACT, "call evictOldest() of TileCache."), ["evictoldest", "tilecache"]);
        assert_eq!(
            read(EXACT, "gpt-5.1, (INV-2024-117) and parse_weight: ok"),
            ["gpt-5.1", "inv-2024-117", "parse_weight"]
        );
    }

    #[test]
    fn numbers_are_one_however_they_are_grouped() {
        assert_eq!(read(EXACT, "4,120 euros"), ["4120"]);
        assert_eq!(read(EXACT, "the 4120, please"), ["4120"]);
        assert_eq!(read(EXACT, "plain words only - nothing…"), Vec::<String>::new());
    }
}
