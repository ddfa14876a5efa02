//! `steward chat`: talks to the running host, or to one of its own for the time being.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use steward_beneath::Folder;
use steward_channel::ChatOptions;
use tracing_subscriber::EnvFilter;

use crate::app::{self, App};
use crate::config::Config;

pub(super) async fn chat(config: Config, filter: EnvFilter) -> anyhow::Result<()> {
    if app::is_running(&config.data) {
        return attach(&config, Vec::new()).await;
    }
    Folder::make(&config.data)?;
    log_to_file(&config, filter)?;
    let app = App::start(config.clone()).await?;
    let mut greeting = app.banner();
    greeting.push("Steward runs as long as this chat is open; `steward run` keeps it running.".to_owned());
    let result = attach(&config, greeting).await;
    app.end().await;
    result
}

/// A chat with the host behind the socket, until the person ends it.
pub(super) async fn attach(config: &Config, greeting: Vec<String>) -> anyhow::Result<()> {
    let interactive = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut options = ChatOptions::new(language(config), interactive);
    options.greeting = greeting;
    options.history = Some(config.data.join("chat_history"));
    Ok(steward_channel::chat(&config.socket(), options).await?)
}

/// The terminal's own language, where it tells one. That of plain C is not a language a person has chosen.
fn language(config: &Config) -> steward_agent::Language {
    let environment = crate::config::Environment::of_process();
    let told = environment.first(&["LC_ALL", "LC_MESSAGES", "LANG"]);
    let tag = told.map(|(_, tag)| tag).filter(|tag| !is_plain(tag));
    tag.map_or(config.language, steward_agent::Language::from_tag)
}

/// `C`, `POSIX` and `C.UTF-8`.
fn is_plain(tag: &str) -> bool {
    let name = tag.split(['.', '@']).next().unwrap_or_default();
    matches!(name, "C" | "POSIX")
}

/// While somebody is chatting the log would be in their way.
pub(super) fn log_to_file(config: &Config, filter: EnvFilter) -> anyhow::Result<()> {
    Folder::make(&config.data)?;
    let path = config.data.join("steward.log");
    let file = std::fs::File::options().create(true).append(true).open(&path);
    let file = file.with_context(|| format!("cannot write the log {}", path.display()))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(file).init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_terminal_tells_no_language() {
        assert!(["C", "POSIX", "C.UTF-8", "C.utf8"].into_iter().all(is_plain));
        assert!(["en_US.UTF-8", "ru_RU", "Cy"].into_iter().all(|tag| !is_plain(tag)));
    }
}
