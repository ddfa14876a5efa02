//! Ids of calls as each server takes them. The history holds ids that other servers made; for each request they are
//! fitted in the same way, so that a call and its result still match and the same history gives the same bytes.

use std::collections::HashSet;

/// Longer ids are refused by OpenAI.
const LONGEST: usize = 40;
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What a server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// It made the id itself.
    Own,
    /// Letters, digits, `_` and `-`.
    Plain,
    /// Exactly nine letters or digits: Mistral.
    Nine,
}

/// The ids of one request, each of which occurs once.
#[derive(Default)]
pub(crate) struct Ids(HashSet<String>);

impl Ids {
    pub(crate) fn fit(&mut self, id: &str, rule: Rule) -> String {
        let mut number = 1;
        loop {
            let fitting = match rule {
                Rule::Nine => nine(id, number),
                Rule::Own | Rule::Plain => {
                    let base = if rule == Rule::Own && !id.is_empty() { id.to_owned() } else { plain(id) };
                    if number == 1 { base } else { format!("{base}-{number}") }
                }
            };
            if self.0.insert(fitting.clone()) {
                return fitting;
            }
            number += 1;
        }
    }
}

fn plain(id: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let plain: String = if id.is_empty() { "call".to_owned() } else { id.chars().map(allowed).collect() };
    if plain.len() <= LONGEST { plain } else { format!("{}-{:08x}", &plain[..LONGEST - 9], hash(id) as u32) }
}

fn nine(id: &str, number: u32) -> String {
    if number == 1 && id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return id.to_owned();
    }
    let mut hash = hash(&format!("{number} {id}"));
    let letter = |_| {
        let letter = LETTERS[(hash % 62) as usize];
        hash /= 62;
        char::from(letter)
    };
    (0..9).map(letter).collect()
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rule: Rule, ids: &[&str]) -> Vec<String> {
        let mut fitted = Ids::default();
        ids.iter().map(|id| fitted.fit(id, rule)).collect()
    }

    #[test]
    fn nine_letters_or_digits_are_made_of_any_id() {
        let ids = ["call_0123456789abcdef", "functions.list:0", "", "abcdefgh1", "call_0123456789abcdef", "a", "ж"];
        let (once, again) = (fit(Rule::Nine, &ids), fit(Rule::Nine, &ids));
        assert_eq!(once, again, "the same each time");
        assert!(once.iter().all(|id| id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric())), "{once:?}");
        assert_eq!(once[3], "abcdefgh1", "one that fits stays");
        assert_eq!(once.iter().collect::<HashSet<_>>().len(), ids.len());
    }

    #[test]
    fn other_servers_ids_are_made_plain_and_own_ones_kept() {
        let long = format!("call_{}", "x".repeat(200));
        let plain = fit(Rule::Plain, &["functions.list:0", "functions.list:0", "", &long]);
        assert_eq!(plain[..3], ["functions_list_0", "functions_list_0-2", "call"]);
        assert!(plain[3].len() == LONGEST && plain[3].starts_with("call_xxx"));
        assert_eq!(fit(Rule::Own, &["functions.list:0", &long, "a", "a"]), ["functions.list:0", &long, "a", "a-2"]);
    }
}
