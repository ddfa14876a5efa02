//! The form of a configuration file of git: sections, keys and values, with their quotes, comments and lines that go on.
//! What any of it means is the business of `settings`.

/// One line of a configuration: `[section "name"] key = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// Lower case.
    pub(super) section: String,
    pub(super) name: Option<String>,
    /// Lower case.
    pub(super) key: String,
    /// Nothing is the same as `true`.
    pub(super) value: Option<String>,
}

/// Reads a configuration file as git does.
///
/// # Errors
/// The line that is none.
pub(super) fn parse(text: &str) -> Result<Vec<Setting>, usize> {
    let mut reader = Reader { rest: text.trim_start_matches('\u{feff}').chars().peekable(), line: 1 };
    let (mut all, mut section) = (Vec::new(), None);
    while let Some(c) = reader.next() {
        match c {
            _ if c.is_whitespace() => {}
            '#' | ';' => reader.skip_line(),
            '[' => section = Some(reader.section()?),
            _ if c.is_ascii_alphabetic() => {
                let (section, name) = section.clone().ok_or(reader.line)?;
                let (key, value) = reader.setting(c)?;
                all.push(Setting { section, name, key, value });
            }
            _ => return Err(reader.line),
        }
    }
    Ok(all)
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
}

impl Reader<'_> {
    /// The next character, a line's end always as `\n`.
    fn next(&mut self) -> Option<char> {
        let mut c = self.rest.next()?;
        if c == '\r' && self.rest.peek() == Some(&'\n') {
            self.rest.next();
            c = '\n';
        }
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|c| c != '\n') {}
    }

    /// After `[`: the section, and the name in quotation marks if there is one.
    fn section(&mut self) -> Result<(String, Option<String>), usize> {
        let mut section = String::new();
        loop {
            match self.next().ok_or(self.line)? {
                ']' => {
                    let (section, name) = match section.split_once('.') {
                        // The old way of writing a name, which has no capitals.
                        Some((section, name)) => (section.to_owned(), Some(name.to_owned())),
                        None => (section, None),
                    };
                    return Ok((section, name));
                }
                c if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') => section.push(c.to_ascii_lowercase()),
                ' ' | '\t' => break,
                _ => return Err(self.line),
            }
        }
        while self.rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        let mut name = String::new();
        if self.next() != Some('"') {
            return Err(self.line);
        }
        loop {
            match self.next().ok_or(self.line)? {
                '"' => break,
                '\n' => return Err(self.line),
                '\\' => name.push(self.next().filter(|&c| c != '\n').ok_or(self.line)?),
                c => name.push(c),
            }
        }
        if self.next() == Some(']') { Ok((section, Some(name))) } else { Err(self.line) }
    }

    /// After the first letter of a key.
    fn setting(&mut self, first: char) -> Result<(String, Option<String>), usize> {
        let mut key = first.to_ascii_lowercase().to_string();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '-') {
            key.push(c.to_ascii_lowercase());
        }
        while self.rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        match self.next() {
            None | Some('\n') => Ok((key, None)),
            Some('#' | ';') => {
                self.skip_line();
                Ok((key, None))
            }
            Some('=') => Ok((key, Some(self.value()?))),
            Some(_) => Err(self.line),
        }
    }

    fn value(&mut self) -> Result<String, usize> {
        let (mut value, mut kept, mut quoted) = (String::new(), 0, false);
        loop {
            match self.next() {
                None | Some('\n') if quoted => return Err(self.line),
                None | Some('\n') => break,
                Some('"') => {
                    quoted = !quoted;
                    kept = value.len();
                }
                Some('\\') => {
                    match self.next().ok_or(self.line)? {
                        '\n' => continue,
                        't' => value.push('\t'),
                        'n' => value.push('\n'),
                        'b' => value.push('\u{8}'),
                        c @ ('"' | '\\') => value.push(c),
                        _ => return Err(self.line),
                    }
                    kept = value.len();
                }
                Some('#' | ';') if !quoted => {
                    self.skip_line();
                    break;
                }
                Some(c) if c.is_whitespace() && !quoted && value.is_empty() && kept == 0 => {}
                Some(c) => {
                    value.push(c);
                    if quoted || !c.is_whitespace() {
                        kept = value.len();
                    }
                }
            }
        }
        value.truncate(kept);
        Ok(value)
    }
}
