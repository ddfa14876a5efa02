//! `steward run`: the host, and a chat with it where somebody sits at the terminal.

use std::io::IsTerminal as _;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::chat;
use super::output::{say, say_aside};
use crate::app::App;
use crate::config::Config;

pub(super) async fn run(config: Config, filter: EnvFilter) -> anyhow::Result<()> {
    let interactive = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if interactive {
        chat::log_to_file(&config, filter)?;
    } else {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let app = App::start(config.clone()).await?;
    // It runs on also where nobody reads what it says.
    for line in app.banner() {
        let _ = say(&line);
    }
    let talk = async {
        if interactive {
            if let Err(error) = chat::attach(&config, Vec::new()).await {
                say_aside(&format!(
                    "steward: the chat has ended: {}",
                    steward_agent::visible_lines(&error.to_string())
                ));
            }
            let _ = say("The chat has ended; Steward keeps running. Ctrl-C stops it.");
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = talk => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let _ = say("Ending; what is under way is taken up at the next start.");
    app.end().await;
    Ok(())
}
