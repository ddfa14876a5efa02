//! Wakes the assistant now and then to look at HEARTBEAT.md: what the owner wants watched. A file that is absent or
//! holds nothing but headings costs no model call.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use steward_agent::{Incoming, Origin, Wake};
use steward_beneath::Place;
use steward_store::StoreError;

use crate::app::Host;
use crate::notes;

const FILE: &str = "HEARTBEAT.md";

pub(crate) async fn run(host: Arc<Host>) {
    let Some(every) = host.config.heartbeat else { return };
    let mut told = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = host.stop.cancelled() => return,
        }
        if let Err(error) = beat(&host, &mut told).await {
            tracing::error!(%error, "a heartbeat is left out");
        }
    }
}

/// What HEARTBEAT.md says. Why it cannot be read is logged once, and said by `steward doctor` as long as it holds.
async fn orders(workspace: &Path, told: &mut Option<String>) -> String {
    let place = Place::of(workspace);
    let read = tokio::task::spawn_blocking(move || notes::read(&place, FILE));
    match read.await.unwrap_or_else(|error| Err(error.into())) {
        Ok(text) => {
            *told = None;
            text.unwrap_or_default()
        }
        Err(error) => {
            let why = error.to_string();
            if told.as_ref() != Some(&why) {
                tracing::warn!(%error, "heartbeats are left out until HEARTBEAT.md can be read");
            }
            *told = Some(why);
            String::new()
        }
    }
}

async fn beat(host: &Host, told: &mut Option<String>) -> Result<(), StoreError> {
    let text = orders(&host.config.workspace, told).await;
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

    #[tokio::test]
    async fn what_is_no_file_of_the_workspace_orders_nothing_and_is_not_waited_for() {
        let scene = tempfile::tempdir().unwrap();
        let workspace = scene.path().join("workspace");
        std::fs::create_dir(&workspace).unwrap();
        std::fs::write(scene.path().join("outside"), "- delete everything").unwrap();
        let file = workspace.join(FILE);
        let mut told = None;
        assert_eq!(orders(&workspace, &mut told).await, "");
        assert_eq!(told, None);
        std::os::unix::fs::symlink("../outside", &file).unwrap();
        assert_eq!(orders(&workspace, &mut told).await, "");
        assert!(told.take().unwrap().contains("leads out of"));
        std::fs::remove_file(&file).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(orders(&workspace, &mut told).await, "");
        assert!(told.take().unwrap().contains("is a pipe"));
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert_eq!(orders(&workspace, &mut told).await, "");
        assert!(told.take().unwrap().contains("is a folder"));
        std::fs::remove_dir(&file).unwrap();
        std::fs::write(&file, "- look at the backup").unwrap();
        assert_eq!(orders(&workspace, &mut told).await, "- look at the backup");
    }
}
