//! SentencePiece's table of characters and sequences that are replaced by others before a text is cut: full-width
//! letters, ligatures, strange spaces. It is a double-array trie of the keys in the layout of darts-clone
//! (<https://github.com/s-yata/darts-clone>), and behind it the replacements, each ended by a NUL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) struct Charsmap {
    units: Vec<u32>,
    replacements: String,
}

impl Charsmap {
    /// From the Base64 in a tokenizer.json; `None` where it is not such a table.
    pub(super) fn read(base64: &str) -> Option<Self> {
        let bytes = STANDARD.decode(base64).ok()?;
        let (size, rest) = bytes.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size) as usize;
        let (trie, replacements) = rest.split_at_checked(size)?;
        let (units, odd) = trie.as_chunks::<4>();
        let units = units.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        let replacements = String::from_utf8(replacements.to_vec()).ok()?;
        odd.is_empty().then_some(Self { units, replacements })
    }

    /// At each place the longest key is replaced, as SentencePiece does it, with which these models were trained. The
    /// library tokenizers differs in one thing: of a replaced letter it drops the accents that are combined with it.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let taken = match self.longest(rest.as_bytes()) {
                Some((length, replacement)) if rest.is_char_boundary(length) => {
                    result.push_str(replacement);
                    length
                }
                _ => {
                    result.push(letter);
                    letter.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
        result
    }

    /// The longest key that the text begins with, and what stands for it.
    fn longest(&self, text: &[u8]) -> Option<(usize, &str)> {
        let mut at = base(*self.units.first()?);
        let mut found = None;
        for (read, byte) in text.iter().enumerate() {
            at ^= usize::from(*byte);
            let unit = *self.units.get(at)?;
            // Zero would be the leaf of a key that ended before.
            if *byte == 0 || unit & LABEL != u32::from(*byte) {
                break;
            }
            at ^= base(unit);
            if unit & ENDS != 0 {
                found = Some((read + 1, self.units.get(at)? & VALUE));
            }
        }
        let (length, start) = found?;
        let replacement = self.replacements.get(start as usize..)?;
        Some((length, replacement.split('\0').next().unwrap_or_default()))
    }
}

/// The byte a unit was reached by; the highest bit is set in leaves alone, which are reached by none.
const LABEL: u32 = 1 << 31 | 0xff;
/// A key ends at this unit.
const ENDS: u32 = 1 << 8;
/// What a leaf holds.
const VALUE: u32 = !(1 << 31);

/// How far from a unit, by XOR, its children stand.
fn base(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `a` to `x`, `ab` to nothing; made by hand after darts-clone's description.
    fn table() -> Charsmap {
        let mut units = vec![0u32; 256];
        // The root's base is 1, `a` (97) stands at 1 ^ 97 = 96, its base is 2, `b` at 2 ^ 98 = 96 ^ 2 ^ 98…
        let a = 1 ^ 97;
        units[0] = 1 << 10;
        units[a] = 97 | ENDS | ((a as u32 ^ 4) << 10);
        units[4] = 1 << 31;
        let b = 4 ^ 98;
        units[b] = 98 | ENDS | ((b as u32 ^ 8) << 10);
        units[8] = 1 << 31 | 2;
        Charsmap { units, replacements: "x\0\0".to_owned() }
    }

    #[test]
    fn the_longest_key_is_replaced() {
        assert_eq!(table().apply("a"), "x");
        assert_eq!(table().apply("cabaac"), "cxxc");
        assert_eq!(table().apply("я\0b"), "я\0b");
        assert_eq!(table().apply(""), "");
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let encoded = |bytes: &[u8]| STANDARD.encode(bytes);
        assert!(Charsmap::read(&encoded(&[4, 0, 0, 0, 1, 2, 3, 4, b'a', 0])).is_some());
        for broken in
            [encoded(&[4, 0, 0]), encoded(&[5, 0, 0, 0, 1, 2, 3, 4, 5]), encoded(&[8, 0, 0, 0, 1]), "!".into()]
        {
            assert!(Charsmap::read(&broken).is_none(), "{broken}");
        }
        // Of a trie that leads out of itself nothing is replaced.
        let wild = Charsmap { units: vec![0xffff_fdff; 4], replacements: String::new() };
        assert_eq!(wild.apply("ab"), "ab");
    }
}
