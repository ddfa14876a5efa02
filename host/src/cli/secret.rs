//! `steward secret`: values that only the host knows. They are read without being shown, and are never printed.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::{Context as _, bail};
use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use jiff::Timestamp;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use steward_sandbox::Vault;
use steward_store::Store;

use super::SecretCommand;
use super::output::{say, say_aside};
use crate::app;
use crate::config::Config;
use crate::texts;

/// More than any value may have, so that a wrong file on standard input does not fill the memory.
const MOST_READ: u64 = 64 << 10;

pub(super) async fn secret(config: &Config, command: SecretCommand) -> anyhow::Result<()> {
    let database = config.database();
    let store = tokio::task::spawn_blocking(move || Store::open(&database)).await??;
    let vault = Vault::new(store.clone(), config.secret_key.clone());
    let changes = !matches!(command, SecretCommand::List);
    let done = match command {
        SecretCommand::Set { name, host } => set(&vault, &name, host).await,
        SecretCommand::List => list(&vault, config).await,
        SecretCommand::Remove { name } => {
            let removed = vault.remove(&name).await;
            removed.map_err(Into::into).and_then(|()| say(&format!("{name} is removed.")))
        }
    };
    store.close().await;
    done?;
    if changes && app::is_running(&config.data) {
        say("The running Steward picks this up by itself.")?;
    }
    Ok(())
}

async fn set(vault: &Vault, name: &str, hosts: Vec<String>) -> anyhow::Result<()> {
    let asked = name.to_owned();
    let value = tokio::task::spawn_blocking(move || read_value(&format!("Value of {asked}"))).await??;
    vault.set(name, hosts.clone(), value, Timestamp::now()).await?;
    say(&format!("{name} is set. It is sent to {} and nowhere else.", hosts.join(", ")))?;
    say(&format!(
        "A plugin uses it when it is granted `secrets = {{ names = [\"{name}\"] }}`: in its plugin.toml before it is \
         installed; for a built-in one under [plugins.NAME] in steward.toml"
    ))
}

async fn list(vault: &Vault, config: &Config) -> anyhow::Result<()> {
    let secrets = vault.list().await?;
    if secrets.is_empty() {
        return say("There are no secrets. `steward secret set NAME --host HOST` sets one.");
    }
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["secret", "is sent to", "set"]);
    for secret in secrets {
        let mut when = texts::wall_clock(secret.changed_at, &config.time_zone);
        if !secret.readable {
            when.push_str("\nsealed with another key: set it again");
        }
        table.add_row([secret.name, secret.hosts.join("\n"), when]);
    }
    say(&table.to_string())
}

/// A value: typed without being shown, or all of standard input, since a key may have several lines.
fn read_value(prompt: &str) -> anyhow::Result<String> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return read_hidden(prompt);
    }
    let mut text = String::new();
    input.take(MOST_READ).read_to_string(&mut text).context("the value on standard input cannot be read")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// One line: typed without being shown, or the next one of standard input.
pub(super) fn read_hidden(prompt: &str) -> anyhow::Result<String> {
    let mut input = std::io::stdin();
    if !input.is_terminal() {
        let mut line = String::new();
        input.lock().take(MOST_READ).read_line(&mut line).context("standard input cannot be read")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    // Hidden before it is asked for: who types at once is not shown either.
    let hidden = Hidden::begin()?;
    write!(std::io::stderr(), "{prompt} (it is not shown): ")?;
    let typed = typed(&mut input);
    drop(hidden);
    say_aside("");
    typed
}

/// Reads to the end of the line, key by key.
fn typed(input: &mut std::io::Stdin) -> anyhow::Result<String> {
    const INTERRUPT: u8 = 3;
    const END: u8 = 4;
    const BACKSPACE: [u8; 2] = [8, 127];
    let (mut bytes, mut key) = (Vec::new(), [0]);
    while input.read(&mut key)? > 0 {
        match key[0] {
            b'\r' | b'\n' | END => break,
            INTERRUPT => bail!("nothing was set"),
            back if BACKSPACE.contains(&back) => {
                // A letter may have several bytes; all but its first begin with the bits 10.
                while bytes.pop().is_some_and(|byte: u8| byte & 0b1100_0000 == 0b1000_0000) {}
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).context("the value is not text")
}

/// The terminal shows nothing of what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> anyhow::Result<Self> {
        let before = tcgetattr(std::io::stdin()).context("the terminal cannot be set to hide what is typed")?;
        let mut hidden = before.clone();
        // Without signals, so that Ctrl-C cannot leave the terminal like this.
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &hidden)
            .context("the terminal cannot be set to hide what is typed")?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // It fails only where the terminal is gone.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}
