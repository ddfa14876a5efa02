//! Questions with buttons, and the presses on them. What a press says is a command; who pressed is known to Telegram,
//! and whether they may decide is found out where all commands are.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use steward_agent::{Address, Choice, Decision, Draft, Envelope, Language, Part, Question, Sender as Person};
use teloxide::payloads::AnswerCallbackQuery;
use teloxide::types::{InlineKeyboardButton, InlineKeyboardButtonKind, InlineKeyboardMarkup};

use super::Telegram;
use super::client::Client;
use super::render::render;
use super::rich::LIMIT;
use super::send::{Sender, chat_id, message_id};
use super::split::first;
use crate::SendError;

/// A button that is not confirmed in this time stops turning by itself.
const CONFIRM: Duration = Duration::from_secs(5);

impl Sender<'_> {
    /// Shows the question with its buttons; one that is shown already stays as it is.
    pub(super) async fn ask(&self, question: &Question, shown: Option<&Draft>) -> Result<Draft, SendError> {
        let chat = chat_id(&question.to)?;
        if let Some(shown) = shown {
            return Ok(shown.clone());
        }
        let text = first(&render(&question.text), LIMIT);
        let text = text.ok_or_else(|| SendError::never("the question has no text"))?;
        let id = self.new_message(chat, &text, Some(buttons(question))).await?;
        Ok(Draft(id.to_string()))
    }

    /// Takes the buttons away and shows how it was decided. A message that is gone is nobody's loss.
    pub(super) async fn settle(&self, question: &Question, shown: &Draft, verdict: &str) -> Result<(), SendError> {
        let (chat, Some(id)) = (chat_id(&question.to)?, message_id(shown)) else { return Ok(()) };
        let whole = format!("{}\n\n{verdict}", question.text);
        let Some(text) = first(&render(&whole), LIMIT) else { return Ok(()) };
        self.edit(chat, id, &text).await.map(drop)
    }
}

fn buttons(question: &Question) -> InlineKeyboardMarkup {
    let button = |choice: &Choice| {
        InlineKeyboardButton::new(&choice.label, InlineKeyboardButtonKind::CallbackData(choice.command.clone()))
    };
    let decide = vec![button(&question.approve), button(&question.deny)];
    InlineKeyboardMarkup::new([decide].into_iter().chain(question.more.iter().map(|more| vec![button(more)])))
}

/// A press on a button: as the command it stands for, with the id by which it is confirmed.
#[derive(Debug, PartialEq)]
pub(super) struct Press {
    pub(super) envelope: Box<Envelope>,
    pub(super) query: String,
}

/// Reads a press. Programs can send any data as if it stood on a button: only answers to questions count.
pub(super) fn read_press(update: &Value, id: i64) -> Option<Press> {
    let query = update.get("callback_query")?;
    let (from, chat) = (&query["from"], &query["message"]["chat"]);
    let (data, person, chat_id) = (query["data"].as_str()?, from["id"].as_i64()?, chat["id"].as_i64()?);
    if chat["type"] != "private" || from["is_bot"] == Value::Bool(true) {
        return None;
    }
    let (decision, code) = Decision::read(data)?;
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let name = [from["first_name"].as_str(), from["last_name"].as_str()].into_iter().flatten().collect::<Vec<_>>();
    let sender = Person {
        id: person.to_string(),
        name: name.join(" "),
        username: word(&from["username"]),
        language: from["language_code"].as_str().map(Language::from_tag),
    };
    let envelope = Envelope {
        address: Address { channel: Telegram::NAME.to_owned(), chat: chat_id.to_string() },
        external_id: id.to_string(),
        sender,
        text: decision.command(code),
        attachments: Vec::new(),
        foreign: None,
        part: Part::default(),
        received_at: Timestamp::now(),
    };
    Some(Press { envelope: Box::new(envelope), query: word(&query["id"])? })
}

/// Tells Telegram that the press has arrived, so that the button stops turning. Best effort.
pub(super) async fn confirm(client: &Client, query: String) {
    let request = AnswerCallbackQuery::new(query.into());
    match tokio::time::timeout(CONFIRM, client.call::<_, bool>(&request)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a press was not confirmed"),
        Err(_) => tracing::debug!("a press was not confirmed in time"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pressed(data: &str, kind: &str) -> Value {
        let from = json!({"id": 7, "is_bot": false, "first_name": "Ann", "language_code": "ru"});
        let message = json!({"message_id": 3, "chat": {"id": 7, "type": kind}});
        let query = json!({"id": "41", "from": from, "message": message, "chat_instance": "1", "data": data});
        json!({"update_id": 9, "callback_query": query})
    }

    #[test]
    fn a_press_is_the_command_on_its_button() {
        let press = read_press(&pressed("/approve K7QX", "private"), 9).unwrap();
        assert_eq!((press.query.as_str(), press.envelope.text.as_str()), ("41", "/approve K7QX"));
        assert_eq!((press.envelope.sender.id.as_str(), press.envelope.external_id.as_str()), ("7", "9"));
    }

    #[test]
    fn data_that_answers_no_question_is_passed_over() {
        for data in ["/clear", "delete everything", "/approve", ""] {
            assert_eq!(read_press(&pressed(data, "private"), 9), None, "{data}");
        }
        assert_eq!(read_press(&pressed("/approve K7QX", "group"), 9), None);
    }
}
