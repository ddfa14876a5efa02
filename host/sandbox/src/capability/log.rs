//! `log`: lines of a plugin in the host's log. Always linked; a guest can neither flood the log nor write anything
//! but lines into it.

use wasmtime::component::{HasSelf, Linker};

use crate::bindings::wit::log::{self, Level};
use crate::state::CallState;

/// Lines a call may write.
const LINES: u32 = 100;
/// The longest line, in characters.
const LINE_CHARS: usize = 1000;

pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    log::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

/// How many lines a call has written.
#[derive(Debug, Default)]
pub(crate) struct LineCount {
    written: u32,
    pub(crate) dropped: u32,
}

impl log::Host for CallState {
    async fn write(&mut self, level: Level, message: String) {
        if self.lines.written == LINES {
            self.lines.dropped += 1;
            return;
        }
        self.lines.written += 1;
        let message = self.backing.connected.known().redact(&message).into_owned();
        let (plugin, line) = (&*self.plugin, printable(&message));
        match level {
            Level::Debug => tracing::debug!(target: "plugin", plugin, "{line}"),
            Level::Info => tracing::info!(target: "plugin", plugin, "{line}"),
            Level::Warn => tracing::warn!(target: "plugin", plugin, "{line}"),
            Level::Error => tracing::error!(target: "plugin", plugin, "{line}"),
        }
    }
}

/// One line without control characters, so that a guest cannot forge lines or steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.trim_end().chars().take(LINE_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn lines_over_the_limit_are_dropped_and_counted() {
        let mut call = Fixture::new().await.owner();
        for _ in 0..LINES + 5 {
            log::Host::write(&mut call, Level::Debug, "line".to_owned()).await;
        }
        assert_eq!((call.lines.written, call.lines.dropped), (LINES, 5));
    }

    #[test]
    fn a_line_cannot_pass_for_two_or_steer_a_terminal() {
        assert_eq!(printable("done\n2026 ERROR forged\u{1b}[2J\n"), "done 2026 ERROR forged [2J");
        assert_eq!(printable(&"я".repeat(5000)).chars().count(), LINE_CHARS);
    }
}
