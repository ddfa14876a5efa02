//! Sending: Markdown to messages, the growing message turned into the final one, and what Telegram's refusals mean.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde::de::IgnoredAny;
use steward_agent::{Address, Draft, Outgoing};
use teloxide::payloads::{EditMessageText, SendMessage};
use teloxide::types::{ChatId, InlineKeyboardMarkup, LinkPreviewOptions, MessageId, ReplyMarkup};

use super::client::{CallError, Client};
use super::render::render;
use super::rich::{LIMIT, Rich};
use super::split::split;
use super::throttle::Throttle;
use crate::SendError;

/// Messages sent in part that are remembered at once.
const REMEMBERED: usize = 256;

/// How many parts of a message are sent already, so that the next attempt goes on there.
#[derive(Default)]
pub(super) struct Progress(Mutex<HashMap<u64, usize>>);

impl Progress {
    fn of(&self, message: &Outgoing) -> usize {
        self.with(|known| known.get(&key(message)).copied().unwrap_or(0))
    }

    fn sent(&self, message: &Outgoing, parts: usize) {
        self.with(|known| {
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(key(message), parts);
        });
    }

    fn finished(&self, message: &Outgoing) {
        self.with(|known| known.remove(&key(message)));
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<u64, usize>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn key(message: &Outgoing) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&message.to, &message.text, message.draft.as_ref().map(|draft| &draft.0), message.unasked).hash(&mut hasher);
    hasher.finish()
}

/// What is read of a sent message.
#[derive(Deserialize)]
struct Sent {
    message_id: i32,
}

/// What became of an edit.
pub(super) enum Edited {
    Done,
    /// The message is no longer there or can no longer be changed.
    Lost,
}

/// Puts messages into chats.
pub(super) struct Sender<'a> {
    pub(super) client: &'a Client,
    pub(super) throttle: &'a Throttle,
}

impl Sender<'_> {
    /// Sends the whole message, or what is left of it.
    pub(super) async fn send(&self, message: &Outgoing, progress: &Progress) -> Result<(), SendError> {
        let chat = chat_id(&message.to)?;
        if let Some(left) = self.throttle.waiting(chat) {
            return Err(SendError::Later { after: Some(left), reason: "Telegram asked to wait".to_owned() });
        }
        let parts = parts(&message.text);
        for (place, part) in parts.iter().enumerate().skip(progress.of(message)) {
            let draft = message.draft.as_ref().filter(|_| place == 0).and_then(message_id);
            self.put(chat, draft, part).await?;
            progress.sent(message, place + 1);
        }
        progress.finished(message);
        if let Some(id) = message.draft.as_ref().and_then(message_id) {
            self.throttle.finished(chat, id);
        }
        Ok(())
    }

    /// Turns the draft into this part, if it does not show just that, or sends it as a separate message.
    async fn put(&self, chat: i64, draft: Option<i32>, part: &Rich) -> Result<(), SendError> {
        if let Some(id) = draft
            && (self.throttle.shows(chat, id, part) || matches!(self.edit(chat, id, part).await?, Edited::Done))
        {
            return Ok(());
        }
        self.new_message(chat, part, None).await.map(drop)
    }

    /// Sends a new message, as soon as there is a place for it, and returns its id.
    pub(super) async fn new_message(
        &self,
        chat: i64,
        part: &Rich,
        buttons: Option<InlineKeyboardMarkup>,
    ) -> Result<i32, SendError> {
        self.throttle.pass(chat).await;
        self.post(chat, part, buttons).await
    }

    /// The same at once: the place was taken before.
    pub(super) async fn post(
        &self,
        chat: i64,
        part: &Rich,
        buttons: Option<InlineKeyboardMarkup>,
    ) -> Result<i32, SendError> {
        let mut request = SendMessage::new(ChatId(chat), &part.text);
        request.reply_markup = buttons.map(ReplyMarkup::InlineKeyboard);
        request.entities = Some(part.entities());
        request.link_preview_options = Some(no_preview());
        let mut answer = self.client.call::<_, Sent>(&request).await;
        if answer.as_ref().is_err_and(is_about_marks) {
            request.entities = None;
            answer = self.client.call(&request).await;
        }
        answer.map(|sent| sent.message_id).map_err(|error| self.refused(chat, &error))
    }

    /// Changes a message, as soon as there is a place for it.
    pub(super) async fn edit(&self, chat: i64, id: i32, part: &Rich) -> Result<Edited, SendError> {
        self.throttle.pass(chat).await;
        self.change(chat, id, part).await
    }

    /// The same at once: the place was taken before.
    pub(super) async fn change(&self, chat: i64, id: i32, part: &Rich) -> Result<Edited, SendError> {
        let mut request = EditMessageText::new(ChatId(chat), MessageId(id), &part.text);
        request.entities = Some(part.entities());
        request.link_preview_options = Some(no_preview());
        let mut answer = self.client.call::<_, IgnoredAny>(&request).await;
        if answer.as_ref().is_err_and(is_about_marks) {
            request.entities = None;
            answer = self.client.call(&request).await;
        }
        match answer {
            Ok(_) => Ok(Edited::Done),
            Err(error) if error.says("message is not modified") => Ok(Edited::Done),
            Err(error) if is_lost(&error) => Ok(Edited::Lost),
            Err(error) => Err(self.refused(chat, &error)),
        }
    }

    /// What an error means for the message, remembering how long Telegram wants us to wait.
    fn refused(&self, chat: i64, error: &CallError) -> SendError {
        if let Some(time) = error.retry_after() {
            self.throttle.wait(chat, time);
        }
        meaning(error)
    }
}

/// The messages a text of Markdown becomes; at least one, and none without something to see.
fn parts(markdown: &str) -> Vec<Rich> {
    let parts = split(&render(markdown), LIMIT);
    if !parts.is_empty() {
        return parts;
    }
    // Markdown that draws nothing, such as a lone link definition, is shown as it was written.
    let parts = split(&Rich::plain(markdown.trim()), LIMIT);
    if parts.is_empty() { vec![Rich::plain("…")] } else { parts }
}

/// The chat's number.
pub(super) fn chat_id(to: &Address) -> Result<i64, SendError> {
    to.chat.parse().map_err(|_| SendError::never(format!("`{}` is not a Telegram chat", to.chat)))
}

/// The message's number, if the draft is one of this channel's.
pub(super) fn message_id(draft: &Draft) -> Option<i32> {
    draft.0.parse().ok()
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

/// Telegram found fault with the marks; without them it will take the text.
fn is_about_marks(error: &CallError) -> bool {
    error.code() == Some(400) && (error.says("entit") || error.says("url"))
}

fn is_lost(error: &CallError) -> bool {
    let words = ["message to edit not found", "message can't be edited", "message_id_invalid", "message_edit_time"];
    error.code() == Some(400) && words.iter().any(|words| error.says(words))
}

fn meaning(error: &CallError) -> SendError {
    match error.code() {
        Some(400 | 403 | 413) => SendError::never(error.to_string()),
        Some(_) => SendError::Later { after: error.retry_after(), reason: error.to_string() },
        None => SendError::later(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_something_to_send() {
        for markdown in ["", " \n", "\u{200b}", "[a]: http://b.example", "![]()", "<!-- -->", "```\n```"] {
            let parts = parts(markdown);
            assert!(!parts.is_empty() && parts.iter().all(|part| !part.is_blank()), "{markdown:?}: {parts:?}");
        }
    }

    #[test]
    fn a_refusal_is_final_only_where_retrying_is_hopeless() {
        let api = |code, retry_after| CallError::Api { code, description: "words".into(), retry_after };
        assert!(matches!(meaning(&api(403, None)), SendError::Never { .. }));
        assert!(matches!(meaning(&api(400, None)), SendError::Never { .. }));
        let wait = Some(std::time::Duration::from_secs(7));
        assert!(matches!(meaning(&api(429, wait)), SendError::Later { after, .. } if after == wait));
        for code in [401, 404, 500, 502] {
            assert!(matches!(meaning(&api(code, None)), SendError::Later { .. }));
        }
        assert!(matches!(meaning(&CallError::Silent), SendError::Later { .. }));
    }
}
