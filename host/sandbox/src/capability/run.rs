//! `run`: who is calling, in which language and zone, and how much time is left. Always linked; it tells and never
//! changes anything.

use std::time::Duration;

use jiff::fmt::strtime;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::wit;
use crate::state::CallState;

/// The longest progress line, in characters.
const PROGRESS_CHARS: usize = 200;

pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::run::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl wit::run::Host for CallState {
    async fn caller(&mut self) -> wit::run::Identity {
        wit::run::Identity {
            role: self.principal.role.as_str().to_owned(),
            name: self.principal.name.clone(),
            session: self.principal.session.to_string(),
            origin: self.principal.origin.as_str().to_owned(),
        }
    }

    async fn locale(&mut self) -> String {
        self.language.tag().to_owned()
    }

    async fn time_zone(&mut self) -> String {
        self.backing.time_zone.iana_name().unwrap_or("UTC").to_owned()
    }

    async fn now(&mut self) -> String {
        let here = self.timestamp().to_zoned(self.backing.time_zone.clone());
        strtime::format("%Y-%m-%dT%H:%M:%S", &here).unwrap_or_default()
    }

    async fn time_left(&mut self) -> u32 {
        u32::try_from(self.deadline.left().as_millis()).unwrap_or(u32::MAX)
    }

    async fn end_within(&mut self, milliseconds: u32) {
        self.deadline.shorten(Duration::from_millis(milliseconds.into()));
    }

    /// Dropped when nobody listens or the reader is behind: it is only a sign of life.
    async fn progress(&mut self, message: String) {
        let line: String = message.lines().next().unwrap_or_default().chars().take(PROGRESS_CHARS).collect();
        if let Some(progress) = self.progress.as_ref().filter(|_| !line.is_empty()) {
            let _ = progress.try_send(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use wit::run::Host;

    use super::*;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn the_caller_is_whom_the_host_knows() {
        let mut call = Fixture::new().await.anna();
        let caller = call.caller().await;
        assert_eq!((caller.role.as_str(), caller.name.as_str(), caller.origin.as_str()), ("external", "Anna", "chat"));
        assert_eq!(call.locale().await, "en");
        assert_eq!(Host::time_zone(&mut call).await, "Europe/Berlin");
        assert_eq!(Host::now(&mut call).await, "2026-11-20T14:05:00");
        assert!((1..=60_000).contains(&call.time_left().await));
        for (asked, most) in [(5_000, 5_000), (50_000, 5_000)] {
            call.end_within(asked).await;
            assert!((1..=most).contains(&call.time_left().await), "it is never made longer");
        }
    }

    #[tokio::test]
    async fn progress_is_one_short_line_and_never_waits() {
        let mut call = Fixture::new().await.owner();
        let (sender, mut shown) = mpsc::channel(1);
        call.progress = Some(sender);
        call.progress("reading\nsecret second line".to_owned()).await;
        call.progress("x".repeat(1000)).await;
        assert_eq!(shown.recv().await.unwrap(), "reading");
        call.progress("x".repeat(1000)).await;
        assert_eq!(shown.recv().await.unwrap().len(), PROGRESS_CHARS);
        call.progress(String::new()).await;
        assert!(shown.try_recv().is_err());
    }
}
