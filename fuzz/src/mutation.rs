//! Makes broken input of good input: repeatable, from one number.

/// Pieces that parsers stumble over: ends of numbers, hidden and turning characters, halves of pairs, deep nesting.
const PIECES: [&[u8]; 30] = [
    b"\0",
    b"\r",
    b"\r\n\r\n",
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    "\u{feff}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{200b}".as_bytes(),
    "\u{2028}".as_bytes(),
    "e\u{301}".as_bytes(),
    "İ".as_bytes(),
    "ß".as_bytes(),
    "👩\u{200d}👩\u{200d}👧".as_bytes(),
    "日本".as_bytes(),
    b"-1",
    b"0",
    b"65536",
    b"2147483648",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"1e999",
    b"0.1",
    b"null",
    b"\\u0000\\ud800",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":{\"a\":",
    b"<a><b><c><d><table><tr><td>",
    b"&#0;&#x110000;&unknown;",
    b"***___```~~~",
];

/// A source of mutations. The same number gives the same ones.
pub struct Mutation(u64);

impl Mutation {
    /// A source with this number.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The next number, by SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `most`; 0 if that is 0.
    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.number() % (most.max(1) as u64)).unwrap_or_default()
    }

    /// One of the seeds, changed in one to eight places and at most `most` bytes long.
    pub fn input(&mut self, seeds: &[&[u8]], most: usize) -> Vec<u8> {
        let mut input = self.seed(seeds).to_vec();
        for _ in 0..=self.below(8) {
            self.change(&mut input, seeds);
            input.truncate(most);
        }
        input
    }

    fn seed<'a>(&mut self, seeds: &[&'a [u8]]) -> &'a [u8] {
        seeds.get(self.below(seeds.len())).copied().unwrap_or_default()
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[&[u8]]) {
        let at = self.below(input.len() + 1);
        match self.below(8) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << (self.number() % 8);
                }
            }
            1 => input.insert(at, self.number().to_le_bytes()[0]),
            2 => drop(input.drain(at..self.end(at, input.len()))),
            3 => {
                let copy = input[at..self.end(at, input.len())].to_vec();
                let times = 1 + self.below(6);
                drop(input.splice(at..at, copy.repeat(times)));
            }
            4 => {
                let other = self.seed(seeds);
                let from = self.below(other.len() + 1);
                let to = self.end(from, other.len());
                drop(input.splice(at..at, other[from..to].iter().copied()));
            }
            5 => {
                let from = self.below(input.len() + 1);
                let moved: Vec<u8> = input.drain(from..self.end(from, input.len())).collect();
                let at = at.min(input.len());
                drop(input.splice(at..at, moved));
            }
            6 => {
                let piece = PIECES[self.below(PIECES.len())];
                let end = if self.below(2) == 0 { at } else { self.end(at, input.len()) };
                drop(input.splice(at..end, piece.iter().copied()));
            }
            _ => self.change_digits(input, at),
        }
    }

    /// The end of a piece that begins at `at`: short ones are likelier.
    fn end(&mut self, at: usize, length: usize) -> usize {
        let most = [2, 8, 64, length][self.below(4)];
        at + self.below((length - at).min(most) + 1)
    }

    /// Another number in the place of the next one.
    fn change_digits(&mut self, input: &mut Vec<u8>, at: usize) {
        let Some(start) = input[at..].iter().position(u8::is_ascii_digit).map(|far| at + far) else { return };
        let length = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = self.number() >> self.below(64);
        drop(input.splice(start..start + length, number.to_string().into_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_makes_the_same_inputs_within_their_size() {
        let seeds: [&[u8]; 2] = [b"in 5 minutes", b""];
        let inputs = |number| {
            let mut mutation = Mutation::new(number);
            (0..500).map(|_| mutation.input(&seeds, 100)).collect::<Vec<_>>()
        };
        assert_eq!(inputs(7), inputs(7));
        assert_ne!(inputs(7), inputs(8));
        assert!(inputs(7).iter().all(|input| input.len() <= 100));
        assert!(Mutation::new(1).input(&[], 10).len() <= 10);
    }
}
