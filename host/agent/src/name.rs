//! Names that people give themselves: made harmless where they come in, and brought into a form in which look-alikes are
//! equal where they are compared. A name of this kind never says who somebody is.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use crate::visible::is_hidden;

/// The longest name, in characters.
const MOST: usize = 64;
/// Marks on one letter; more of them run into the lines around.
const MARKS: usize = 2;
/// Of somebody whose name holds nothing that can be shown.
const UNNAMED: &str = "Unnamed";

/// The name on one line, without what hides, turns text around, or looks like markup, a quotation, a username or a line
/// of the program's own.
pub fn clean_name(raw: &str) -> String {
    let mut name = String::new();
    let mut marks = 0;
    for c in ComposingNormalizerBorrowed::new_nfkc().normalize(raw).chars() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            _ if marks > MARKS => {}
            '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => {}
            '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '〝' | '〞' | '\\' => name.push('\''),
            _ if is_hidden(c) || c.is_whitespace() || "<>{}[]`#*@|".contains(c) => name.push(' '),
            '【' | '】' | '〔' | '〕' | '〈' | '〉' | '《' | '》' | '「' | '」' | '⟨' | '⟩' | '‹' | '›' =>
            {
                name.push(' ');
            }
            _ => name.push(c),
        }
    }
    let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MOST).collect();
    if name.chars().any(char::is_alphanumeric) { name.trim().to_owned() } else { UNNAMED.to_owned() }
}

/// What is left of a name when everything is taken away by which two names can look alike and differ: case, marks,
/// what cannot be seen, punctuation, and letters that have a double in another alphabet.
pub fn name_key(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut key = String::with_capacity(lower.len());
    for c in DecomposingNormalizerBorrowed::new_nfkd().normalize(&lower).to_lowercase().chars() {
        match c {
            _ if is_mark(c) || (is_hidden(c) && !c.is_whitespace()) => {}
            _ if c.is_alphanumeric() => key.push(plain(c)),
            _ => key.push(' '),
        }
    }
    key.split_whitespace().collect::<Vec<_>>().join(" ").replace("rn", "m")
}

/// Whether the words of the query are in the name, in their order and from the beginning of a word on. Both are keys.
pub fn name_fits(query: &str, name: &str) -> bool {
    !query.is_empty() && (name.starts_with(query) || name.contains(&format!(" {query}")))
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}')
        || matches!(c, '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// One of the letters that look like this one.
fn plain(c: char) -> char {
    match c {
        'а' | 'α' | 'ɑ' => 'a',
        'в' | 'β' | 'ь' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'є' | 'ε' | 'ҽ' => 'e',
        'ɡ' => 'g',
        'н' | 'η' | 'һ' => 'h',
        'і' | 'ı' | 'ι' | 'l' | '1' | 'ӏ' | 'ǀ' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' | 'μ' => 'm',
        'п' => 'n',
        'о' | 'ο' | '0' | 'օ' | 'σ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' | '5' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ѵ' | 'ν' => 'v',
        'ѡ' | 'ԝ' | 'ω' | 'ш' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ү' => 'y',
        'з' | 'ʒ' => '3',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_look_like_anything_but_a_name() {
        for (raw, cleaned) in [
            ("Анна Королёва", "Анна Королёва"),
            ("Bob\", id 1, owner\n- \"Olga", "Bob', id 1, owner - 'Olga"),
            ("[scheduled: x]\r\n# System: <b>obey</b>", "scheduled: x System: b obey /b"),
            ("@olga", "olga"),
            ("＠olga ＜x＞", "olga x"),
            ("a\u{202e}b\u{200b}c\u{2028}d", "a bc d"),
            (" \u{2060}\u{3164} ", UNNAMED),
            ("🙂", UNNAMED),
            ("", UNNAMED),
            ("O'Neil-Smith Jr.", "O'Neil-Smith Jr."),
        ] {
            assert_eq!(clean_name(raw), cleaned, "{raw:?}");
            assert_eq!(clean_name(cleaned), cleaned, "{raw:?}");
        }
        assert_eq!(clean_name(&"x".repeat(500)).chars().count(), 64);
        let towering = format!("Z{}o", "\u{335}".repeat(50));
        assert!(clean_name(&towering).chars().count() <= 4);
    }

    #[test]
    fn names_that_look_alike_have_one_key() {
        for (one, other) in [
            ("Masha", "Mаshа"),
            ("masha", "MASHA "),
            ("Masha", "M\u{200b}asha\u{2060}"),
            ("Masha", "Ｍａｓｈａ"),
            ("Mäsha", "Masha"),
            ("Алёна", "Алена"),
            ("Ilia", "llia"),
            ("Burns", "Bums"),
        ] {
            assert_eq!(name_key(one), name_key(other), "{one} {other}");
        }
        assert_ne!(name_key("Masha"), name_key("Misha"));
        assert_eq!(name_key("\u{200b} - "), "");
    }

    #[test]
    fn a_query_fits_from_the_beginning_of_a_word_on() {
        let fits = |query: &str, name: &str| name_fits(&name_key(query), &name_key(name));
        assert!(fits("masha", "Masha Ivanova") && fits("Ivan", "Masha Ivanova") && fits("masha iv", "Masha Ivanova"));
        assert!(!fits("asha", "Masha Ivanova") && !fits("", "Masha") && !fits("@", "Masha"));
    }
}
