//! Wakes the assistant now and then to look at HEARTBEAT.md: what the owner wants watched. A file that is absent or
//! holds nothing but headings costs no model call.

use std::sync::Arc;

use jiff::Timestamp;
use steward_agent::{ForeignPart, Incoming, MemorySpace, Origin, Source, Wake};
use steward_sandbox::ForeignMarks;
use steward_store::StoreError;

use crate::app::Host;

const FILE: &str = "HEARTBEAT.md";

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
    let text = tokio::fs::read_to_string(host.config.workspace.join(FILE)).await.unwrap_or_default();
    if !says_something(&text) {
        return Ok(());
    }
    let Some((owner, address)) =
        host.store.owners().await?.into_iter().find_map(|owner| Some((owner.id, owner.address?)))
    else {
        return Ok(());
    };
    let beginning = "[heartbeat]\nHEARTBEAT.md says:\n";
    let prompt = format!("{beginning}{}", text.trim());
    let foreign = is_foreign(host, &text).await?.then(|| ForeignPart {
        from: beginning.len(),
        to: prompt.len(),
        sources: vec![Source::File(FILE.to_owned())],
    });
    let wake = Wake { person: owner, origin: Origin::Heartbeat, address, prompt, model: None, foreign };
    host.store.receive(&Incoming::Wake(wake), Timestamp::now()).await.map(|_| ())
}

/// Whether a run with foreign text before it wrote the file, or a line of it, without the owner's word.
async fn is_foreign(host: &Host, text: &str) -> Result<bool, StoreError> {
    let (catalogue, place) = (host.plugins.catalogue(), ForeignMarks::place(&MemorySpace::Owners.to_string(), FILE));
    let marks = catalogue.marks();
    Ok(marks.is_file_foreign(&host.config.workspace.join(FILE)).await? || marks.is_text_foreign(&place, text).await?)
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
