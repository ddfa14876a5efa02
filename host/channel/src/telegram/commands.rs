//! The commands Telegram offers in its menu. What they do is decided where all messages are handled.

use teloxide::payloads::SetMyCommands;
use teloxide::types::BotCommand;

use super::client::{CallError, Client};

const ENGLISH: [(&str, &str); 7] = [
    ("start", "Say hello"),
    ("help", "What I can do"),
    ("stop", "Stop what I am doing now"),
    ("clear", "Begin a new conversation"),
    ("usage", "What was used so far, and how I am"),
    ("plugins", "What I can use"),
    ("mail", "Gathered messages from outside"),
];
const RUSSIAN: [(&str, &str); 7] = [
    ("start", "Поздороваться"),
    ("help", "Что я умею"),
    ("stop", "Остановить то, что я делаю"),
    ("clear", "Начать разговор заново"),
    ("usage", "Сколько израсходовано и как я себя чувствую"),
    ("plugins", "Чем я пользуюсь"),
    ("mail", "Собранные сообщения извне"),
];

/// Publishes the menu: English for everybody, Russian for those whose Telegram speaks it. Without it the commands
/// work as well, so a failure is only logged.
pub(super) async fn publish(client: &Client) {
    for (commands, language) in [(ENGLISH, None), (RUSSIAN, Some("ru"))] {
        let told: Result<bool, CallError> = client.call(&menu(&commands, language)).await;
        if let Err(error) = told {
            tracing::warn!(%error, "the menu of commands could not be published");
        }
    }
}

fn menu(commands: &[(&str, &str)], language: Option<&str>) -> SetMyCommands {
    let mut menu = SetMyCommands::new(commands.iter().map(|(name, told)| BotCommand::new(*name, *told)));
    menu.language_code = language.map(str::to_owned);
    menu
}
