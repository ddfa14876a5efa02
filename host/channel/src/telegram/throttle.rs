//! How often Telegram may be spoken to: all chats together, and the edits of a growing message in each chat.
//!
//! The figures are Telegram's: about 30 messages a second over all, about one a second in a chat. When it asks us
//! to wait for a chat, nothing is sent there before the time is over.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

const PER_SECOND: NonZeroU32 = NonZeroU32::new(25).unwrap();
/// So many UTF-16 units make the pause between two edits longer by its whole length.
const SLOWED_BY: u32 = 2048;
/// The chats remembered; above it, those with nothing left to wait for are forgotten.
const REMEMBERED: usize = 1024;

pub(super) struct Throttle {
    all: DefaultDirectRateLimiter,
    interval: Duration,
    chats: Mutex<HashMap<i64, Chat>>,
}

struct Chat {
    /// No edit before.
    edit: Instant,
    /// Nothing at all before, by Telegram's own word.
    anything: Instant,
    /// The text the growing message shows.
    shown: Option<String>,
}

impl Throttle {
    pub(super) fn new(interval: Duration) -> Self {
        Self { all: RateLimiter::direct(Quota::per_second(PER_SECOND)), interval, chats: Mutex::default() }
    }

    /// Waits for a place among all chats' calls.
    pub(super) async fn pass(&self) {
        self.all.until_ready().await;
    }

    /// The growing message of the chat may be changed now.
    pub(super) fn may_edit(&self, chat: i64) -> bool {
        self.with(chat, |chat| {
            let now = Instant::now();
            chat.edit <= now && chat.anything <= now
        })
    }

    /// The growing message is being changed to `text` of so many UTF-16 units. False if it shows that already.
    pub(super) fn edit(&self, chat: i64, text: &str, units: usize) -> bool {
        let slower = u32::try_from(units).unwrap_or(u32::MAX) / SLOWED_BY;
        let next = Instant::now() + self.interval * (1 + slower);
        self.with(chat, |chat| {
            chat.edit = next;
            let new = chat.shown.as_deref() != Some(text);
            if new {
                chat.shown = Some(text.to_owned());
            }
            new
        })
    }

    /// The message no longer grows.
    pub(super) fn finished(&self, chat: i64) {
        self.with(chat, |chat| chat.shown = None);
    }

    /// Telegram asked to wait.
    pub(super) fn wait(&self, chat: i64, time: Duration) {
        self.with(chat, |chat| chat.anything = chat.anything.max(Instant::now() + time));
    }

    /// How long nothing may be sent to the chat.
    pub(super) fn waiting(&self, chat: i64) -> Option<Duration> {
        let left = self.with(chat, |chat| chat.anything.saturating_duration_since(Instant::now()));
        (!left.is_zero()).then_some(left)
    }

    fn with<T>(&self, chat: i64, change: impl FnOnce(&mut Chat) -> T) -> T {
        let now = Instant::now();
        let mut chats = self.chats.lock().unwrap_or_else(PoisonError::into_inner);
        if chats.len() > REMEMBERED {
            chats.retain(|_, chat| chat.edit > now || chat.anything > now);
        }
        change(chats.entry(chat).or_insert(Chat { edit: now, anything: now, shown: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn edits_keep_a_distance_that_grows_with_the_text() {
        let throttle = Throttle::new(Duration::from_secs(1));
        assert!(throttle.may_edit(1));
        assert!(throttle.edit(1, "a", 10));
        assert!(!throttle.may_edit(1));
        assert!(throttle.may_edit(2), "each chat waits for itself");
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(throttle.may_edit(1));
        assert!(!throttle.edit(1, "a", 4096), "it shows that already");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!throttle.may_edit(1));
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(throttle.may_edit(1));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_while_telegram_asks_to_wait() {
        let throttle = Throttle::new(Duration::from_secs(1));
        throttle.wait(1, Duration::from_secs(30));
        throttle.wait(1, Duration::from_secs(5));
        assert_eq!(throttle.waiting(1), Some(Duration::from_secs(30)));
        assert!(!throttle.may_edit(1));
        assert_eq!(throttle.waiting(2), None);
        tokio::time::advance(Duration::from_secs(31)).await;
        assert_eq!(throttle.waiting(1), None);
    }
}
