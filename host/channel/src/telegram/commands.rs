//! The menu of a bot's commands. Which there are and what they do is decided where all messages are handled.

use teloxide::payloads::SetMyCommands;
use teloxide::types::BotCommand;

use super::client::{CallError, Client};

/// A command in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MenuEntry {
    /// Without the slash.
    pub command: &'static str,
    /// For everybody whose Telegram does not speak Russian.
    pub english: &'static str,
    /// For those whose Telegram speaks Russian.
    pub russian: &'static str,
}

/// Publishes the menu: English for everybody, Russian for those whose Telegram speaks it. Without it the commands
/// work as well, so a failure is only logged.
pub(super) async fn publish(client: &Client, menu: &[MenuEntry]) {
    let english = menu.iter().map(|entry| (entry.command, entry.english)).collect();
    let russian = menu.iter().map(|entry| (entry.command, entry.russian)).collect();
    for (commands, language) in [(english, None), (russian, Some("ru"))] {
        let told: Result<bool, CallError> = client.call(&request(commands, language)).await;
        if let Err(error) = told {
            tracing::warn!(%error, "the menu of commands could not be published");
        }
    }
}

fn request(commands: Vec<(&str, &str)>, language: Option<&str>) -> SetMyCommands {
    let commands = commands.into_iter().map(|(name, told)| BotCommand::new(name, told));
    let mut request = SetMyCommands::new(commands);
    request.language_code = language.map(str::to_owned);
    request
}
