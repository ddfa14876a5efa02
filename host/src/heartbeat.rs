//! Wakes the assistant now and then to look at HEARTBEAT.md: what the owner wants watched. A file that is absent or
//! holds nothing but headings costs no model call.

use std::sync::Arc;

use jiff::Timestamp;
use steward_agent::{Incoming, Origin, Wake};
use steward_store::StoreError;

use crate::app::Host;

pub(crate) async fn run(host: Arc<Host>) {
    let Some(every) = host.config.heartbeat else { return };
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = host.stop.cancelled() => return,
        }
        if let Err(error) = beat(&host).await {
            tracing::error!(%error, "a heartbeat is left out");
        }
    }
}

async fn beat(host: &Host) -> Result<(), StoreError> {
    let text = tokio::fs::read_to_string(host.config.workspace.join("HEARTBEAT.md")).await.unwrap_or_default();
    if !says_something(&text) {
        return Ok(());
    }
    let Some((owner, address)) =
        host.store.owners().await?.into_iter().find_map(|owner| Some((owner.id, owner.address?)))
    else {
        return Ok(());
    };
    let prompt = format!("[heartbeat]\nHEARTBEAT.md says:\n{}", text.trim());
    let wake = Wake { person: owner, origin: Origin::Heartbeat, address, prompt, model: None };
    host.store.receive(&Incoming::Wake(wake), Timestamp::now()).await.map(|_| ())
}

fn says_something(text: &str) -> bool {
    text.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("<!--"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_alone_say_nothing() {
        assert!(!says_something("# Heartbeat\n\n<!-- nothing yet -->\n"));
        assert!(says_something("# Heartbeat\n- is the backup older than a day?"));
    }
}
