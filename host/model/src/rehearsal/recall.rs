//! Picks from the remembered text the lines that concern what was asked.

use steward_agent::Language;

use super::texts::say;
use super::words::{akin, words};

/// Lines shown at most.
const MOST_LINES: usize = 20;

/// What is remembered about the topics, in the person's language.
pub(super) fn answer(language: Language, topics: &[String], remembered: &str) -> String {
    let lines = matching(topics, remembered);
    if lines.is_empty() {
        return if topics.is_empty() {
            say(language, "I remember nothing yet.", "Я пока ничего не помню.")
        } else {
            let topics = topics.join(" ");
            say(language, format!("I know nothing about “{topics}”."), format!("Я ничего не знаю про «{topics}»."))
        };
    }
    let list: String = lines.iter().take(MOST_LINES).map(|line| format!("\n- {line}")).collect();
    format!("{}{list}", say(language, "This is what I remember:", "Вот что я помню:"))
}

/// The lines in which all topics occur, or, if there are none, any of them.
fn matching<'t>(topics: &[String], remembered: &'t str) -> Vec<&'t str> {
    let mut lines: Vec<(usize, &str)> = Vec::new();
    for line in remembered.lines().filter_map(entry) {
        let words = words(line);
        let hits = topics.iter().filter(|topic| words.iter().any(|word| akin(&word.plain, topic))).count();
        if (hits > 0 || topics.is_empty()) && lines.iter().all(|(_, known)| *known != line) {
            lines.push((hits, line));
        }
    }
    let best = lines.iter().map(|(hits, _)| *hits).max().unwrap_or(0);
    lines.into_iter().filter(|(hits, _)| *hits == best || best < topics.len()).map(|(_, line)| line).collect()
}

/// The text of a remembered entry; headings and remarks of the tool are none.
fn entry(line: &str) -> Option<&str> {
    let line = line.trim();
    let heading = line.starts_with('#') || line.starts_with("[…") || line == "(empty)";
    let bare = line.trim_start_matches(['-', '*', '•', ' ']);
    (!heading && !bare.is_empty() && bare != "Nothing is remembered yet.").then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: &str = "## MEMORY.md\n\n- my flat is 42\n- Моя квартира — 42, этаж 5\n- the cat of the flat is Tom\n\
                          \n## memory/2026-11-20.md\n\n- 12:00 met Anna\n- 12:00 met Anna";

    fn topics(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn lines_are_found_by_stem_and_the_closest_come_alone() {
        assert_eq!(matching(&topics("квартире"), MEMORY), ["Моя квартира — 42, этаж 5"]);
        assert_eq!(matching(&topics("flat"), MEMORY), ["my flat is 42", "the cat of the flat is Tom"]);
        assert_eq!(matching(&topics("flat cats"), MEMORY), ["the cat of the flat is Tom"]);
        assert_eq!(matching(&topics("anna dog"), MEMORY), ["12:00 met Anna"]);
        assert_eq!(matching(&topics(""), MEMORY).len(), 4);
    }

    #[test]
    fn not_knowing_is_said_plainly() {
        assert_eq!(answer(Language::Ru, &topics("дача"), MEMORY), "Я ничего не знаю про «дача».");
        assert_eq!(answer(Language::En, &[], "Nothing is remembered yet."), "I remember nothing yet.");
    }
}
