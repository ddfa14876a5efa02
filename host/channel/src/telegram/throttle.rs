//! How often Telegram may be spoken to: all chats together, and the edits of a growing message in each chat. What a
//! growing message shows is known here too, so that nothing is said twice.
//!
//! The figures are Telegram's: about 30 messages a second over all, about one a second in a chat. When it asks us
//! to wait for a chat, nothing is sent there before the time is over.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::places::Places;
use super::rich::{Rich, units};

/// So many UTF-16 units make the pause between two edits longer by its whole length.
const SLOWED_BY: u32 = 2048;
/// The chats remembered; above it, those with nothing left to wait for are forgotten.
const REMEMBERED: usize = 1024;

pub(super) struct Throttle {
    all: Places,
    /// The chats whose calls go before all others.
    first: Mutex<HashSet<i64>>,
    interval: Duration,
    chats: Mutex<HashMap<i64, Chat>>,
}

struct Chat {
    /// No edit before.
    edit: Instant,
    /// Nothing at all before, by Telegram's own word.
    anything: Instant,
    /// The growing message and what it shows.
    shown: Option<(i32, Rich)>,
}

impl Throttle {
    pub(super) fn new(interval: Duration) -> Self {
        Self { all: Places::new(), first: Mutex::default(), interval, chats: Mutex::default() }
    }

    /// From now on the chat's calls go before all others.
    pub(super) fn prefer(&self, chat: i64) {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).insert(chat);
    }

    fn is_first(&self, chat: i64) -> bool {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).contains(&chat)
    }

    /// Waits for a place among all chats' calls.
    pub(super) async fn pass(&self, chat: i64) {
        self.all.take(self.is_first(chat)).await;
    }

    /// Takes a place among all chats' calls if one is free that nobody waits for who comes before: for calls that can as
    /// well be left out.
    pub(super) fn pass_if_free(&self, chat: i64) -> bool {
        self.all.take_if_free(self.is_first(chat))
    }

    /// The growing message of the chat may be changed now.
    pub(super) fn may_edit(&self, chat: i64) -> bool {
        self.with(chat, |chat| {
            let now = Instant::now();
            chat.edit <= now && chat.anything <= now
        })
    }

    /// The growing message is being changed, which puts its next change off: the longer, the more it shows.
    pub(super) fn edited(&self, chat: i64, part: &Rich) {
        let slower = u32::try_from(units(&part.text)).unwrap_or(u32::MAX) / SLOWED_BY;
        let next = Instant::now() + self.interval * (1 + slower);
        self.with(chat, |chat| chat.edit = next);
    }

    /// The growing message shows this now.
    pub(super) fn showing(&self, chat: i64, id: i32, part: Rich) {
        self.with(chat, |chat| chat.shown = Some((id, part)));
    }

    /// The growing message shows exactly this, as far as this process knows.
    pub(super) fn shows(&self, chat: i64, id: i32, part: &Rich) -> bool {
        self.with(chat, |chat| chat.shown.as_ref().is_some_and(|(known, shown)| *known == id && shown == part))
    }

    /// The message no longer grows.
    pub(super) fn finished(&self, chat: i64, id: i32) {
        self.with(chat, |chat| chat.shown.take_if(|(known, _)| *known == id));
    }

    /// Telegram asked to wait.
    pub(super) fn wait(&self, chat: i64, time: Duration) {
        self.all.be_careful();
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
        throttle.edited(1, &Rich::plain("a"));
        assert!(!throttle.may_edit(1));
        assert!(throttle.may_edit(2), "each chat waits for itself");
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(throttle.may_edit(1));
        throttle.edited(1, &Rich::plain("a".repeat(4096)));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!throttle.may_edit(1));
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(throttle.may_edit(1));
    }

    #[test]
    fn what_a_growing_message_shows_is_known_until_it_is_finished() {
        let throttle = Throttle::new(Duration::ZERO);
        let part = Rich::plain("a");
        assert!(!throttle.shows(1, 5, &part));
        throttle.showing(1, 5, part.clone());
        assert!(throttle.shows(1, 5, &part));
        assert!(
            !throttle.shows(1, 6, &part) && !throttle.shows(2, 5, &part) && !throttle.shows(1, 5, &Rich::plain("b"))
        );
        throttle.finished(1, 6);
        assert!(throttle.shows(1, 5, &part), "another message was finished");
        throttle.finished(1, 5);
        assert!(!throttle.shows(1, 5, &part));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_somebody_waits_for_is_not_free() {
        let throttle = std::sync::Arc::new(Throttle::new(Duration::ZERO));
        throttle.prefer(9);
        assert!(throttle.pass_if_free(1));
        while throttle.pass_if_free(1) {}
        let waits = std::sync::Arc::clone(&throttle);
        let waiting = tokio::spawn(async move { waits.pass(1).await });
        tokio::task::yield_now().await;
        assert!(!throttle.pass_if_free(2), "every place is taken, and somebody waits for the next");
        assert!(throttle.pass_if_free(9), "but not those kept for owners");
        waiting.await.unwrap();
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
