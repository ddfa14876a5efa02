//! What commands print. Whoever reads it may leave before its end, as `head` does; the command then ends without a word.

use std::io::{ErrorKind, Write as _};

use anyhow::Context as _;
use steward_agent::for_terminal;

/// Nobody reads standard output any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
struct Closed;

/// Whether all that went wrong is that nobody reads any more.
pub(super) fn is_closed(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<Closed>())
}

/// Whatever the text quotes, nothing in it steers the terminal. Not `println!`, which panics when nobody reads on.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    ask(&format!("{text}\n"))
}

/// The same without the end of the line.
pub(super) fn ask(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    match out.write_all(for_terminal(text).as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Closed.into()),
        written => written.context("standard output"),
    }
}

/// Says something that is not part of the result, on standard error. That nobody reads it stops nothing.
pub(crate) fn say_aside(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", for_terminal(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_left_is_known_by_any_name() {
        let closed: anyhow::Result<()> = Err(Closed.into());
        assert!(is_closed(&closed.context("the table").unwrap_err()));
        assert!(!is_closed(&std::io::Error::from(ErrorKind::BrokenPipe).into()), "it may be of another pipe");
    }
}
