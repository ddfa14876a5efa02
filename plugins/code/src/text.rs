//! Text that has a longest length: what a model reads must not flood it.

/// Text that takes no more than so many characters and counts what was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounded {
    text: String,
    room: usize,
    left_out: usize,
}

impl Bounded {
    pub fn new(characters: usize) -> Self {
        Self { text: String::new(), room: characters, left_out: 0 }
    }

    pub fn of(text: &str, characters: usize) -> Self {
        let mut bounded = Self::new(characters);
        bounded.push(text);
        bounded
    }

    pub fn push(&mut self, text: &str) {
        let length = text.chars().count();
        let taken = length.min(self.room);
        self.text.extend(text.chars().take(taken));
        self.room -= taken;
        self.left_out += length - taken;
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.left_out == 0
    }

    pub fn is_whole(&self) -> bool {
        self.left_out == 0
    }

    /// The text, with a note where something is missing. `remedy` says how it could be less.
    pub fn shown(&self, remedy: &str) -> String {
        let text = self.text.trim_end_matches('\n');
        match self.left_out {
            0 => text.to_owned(),
            left_out => format!("{text}\n[{left_out} more characters are left out: {remedy}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted_and_not_kept() {
        let mut text = Bounded::new(5);
        assert!(text.is_empty());
        text.push("при");
        assert!(text.is_whole());
        text.push("вет мир");
        text.push("!");
        assert_eq!(text.shown("print less"), "приве\n[6 more characters are left out: print less]");
    }
}
