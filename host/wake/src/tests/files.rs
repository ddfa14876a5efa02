//! Files where what tells of them is a stand-in: one that tells late or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use super::rig::Rig;
use crate::clock::Clock as _;
use crate::file::{File, LOOK_EVERY, Open, SWEEP, Tell, Teller, Told, Unwatched};
use crate::pace::QUIET;

/// Tells what a test wants told.
#[derive(Clone, Default)]
struct StandIn(Arc<Mutex<Watches>>);

#[derive(Default)]
struct Watches {
    tell: Option<Tell>,
    folders: BTreeSet<PathBuf>,
    /// No more than so many folders are watched.
    most: Option<usize>,
}

impl StandIn {
    fn at_most(folders: usize) -> Self {
        let stand_in = Self::default();
        stand_in.0.lock().unwrap().most = Some(folders);
        stand_in
    }

    fn open(&self) -> impl Open + use<> {
        let stand_in = self.clone();
        move |tell: Tell| -> Result<Box<dyn Teller>, String> {
            stand_in.0.lock().unwrap().tell = Some(tell);
            Ok(Box::new(stand_in.clone()))
        }
    }

    fn tell(&self, told: Told) {
        let watches = self.0.lock().unwrap();
        watches.tell.as_ref().unwrap()(told);
    }
}

impl Teller for StandIn {
    fn watch(&mut self, folder: &Path) -> Result<(), Unwatched> {
        let mut watches = self.0.lock().unwrap();
        if watches.most.is_some_and(|most| watches.folders.len() >= most) {
            return Err(Unwatched::Because("no more".to_owned()));
        }
        watches.folders.insert(folder.to_owned());
        Ok(())
    }

    fn unwatch(&mut self, folder: &Path) {
        self.0.lock().unwrap().folders.remove(folder);
    }
}

async fn watching(open: impl Open) -> Rig {
    let rig = Rig::new().await;
    fs::create_dir_all(rig.workspace.join("notes/deep")).unwrap();
    rig.subscribe(rig.file(), json!({ "path": "notes" })).await;
    rig.run(vec![rig.watched(File::told_by(&rig.workspace, open))]);
    rig
}

fn write(rig: &Rig, stand_in: &StandIn, text: &str) {
    let path = rig.workspace.join("notes/log.md");
    fs::write(&path, text).unwrap();
    stand_in.tell(Told::Changed { paths: vec![path], moved: false });
}

#[tokio::test]
async fn a_file_that_is_being_written_sets_one_run_going() {
    let stand_in = StandIn::default();
    let rig = watching(stand_in.open()).await;
    rig.clock.until_asleep(SWEEP).await;
    write(&rig, &stand_in, "0");
    rig.clock.until_asleep(QUIET).await;
    for piece in 1..10 {
        rig.clock.advance(QUIET / 2);
        write(&rig, &stand_in, &"x".repeat(piece));
        rig.clock.advance(QUIET / 2);
        // More was told meanwhile, so it waits again.
        rig.clock.until_asleep(QUIET).await;
    }
    assert_eq!(rig.wakes().await, []);
    rig.clock.advance(QUIET);
    assert_eq!(rig.woken(1).await.len(), 1);
    rig.rest().await;
    rig.clock.until_asleep(SWEEP).await;
    assert_eq!(rig.wakes().await.len(), 1, "it was told once");
}

#[tokio::test]
async fn where_the_system_has_no_more_watches_files_are_looked_at() {
    let stand_in = StandIn::at_most(2);
    let rig = watching(stand_in.open()).await;
    rig.clock.until_asleep(LOOK_EVERY).await;
    fs::write(rig.workspace.join("notes/deep/flat.md"), "42").unwrap();
    rig.clock.advance(LOOK_EVERY);
    assert!(rig.woken(1).await[0].contains("added: `notes/deep/flat.md`"));
    // As soon as there are enough, it is told again.
    stand_in.0.lock().unwrap().most = None;
    rig.rest().await;
    rig.clock.until_asleep(SWEEP).await;
    let watched = [rig.workspace.clone(), rig.workspace.join("notes"), rig.workspace.join("notes/deep")];
    assert_eq!(stand_in.0.lock().unwrap().folders, BTreeSet::from(watched));
}

#[tokio::test]
async fn where_the_system_watches_nothing_files_are_looked_at() {
    let rig = watching(|_: Tell| Err::<Box<dyn Teller>, _>("there is nothing that watches".to_owned())).await;
    rig.clock.until_asleep(LOOK_EVERY).await;
    fs::write(rig.workspace.join("notes/flat.md"), "42").unwrap();
    rig.clock.advance(LOOK_EVERY);
    assert!(rig.woken(1).await[0].contains("added: `notes/flat.md`"));
}

#[tokio::test]
async fn where_too_much_happened_to_tell_all_of_it_everything_is_looked_at_and_watched_again() {
    let stand_in = StandIn::default();
    let rig = watching(stand_in.open()).await;
    rig.clock.until_asleep(SWEEP).await;
    stand_in.0.lock().unwrap().folders.clear();
    fs::write(rig.workspace.join("notes/flat.md"), "42").unwrap();
    stand_in.tell(Told::Everything);
    assert!(rig.pushed(1).await[0].contains("added: `notes/flat.md`"));
    assert_eq!(stand_in.0.lock().unwrap().folders.len(), 3);
}

#[tokio::test]
async fn what_is_told_of_nothing_is_found_now_and_then() {
    let stand_in = StandIn::default();
    let rig = watching(stand_in.open()).await;
    rig.clock.until_asleep(SWEEP).await;
    fs::write(rig.workspace.join("notes/flat.md"), "42").unwrap();
    rig.clock.advance(SWEEP - Duration::from_secs(1));
    rig.clock.until_asleep(Duration::from_secs(1)).await;
    assert_eq!(rig.wakes().await, []);
    rig.clock.advance(Duration::from_secs(1));
    assert!(rig.woken(1).await[0].contains("added: `notes/flat.md`"));
}

#[tokio::test]
async fn what_nobody_watches_any_more_is_let_go() {
    let stand_in = StandIn::default();
    let rig = watching(stand_in.open()).await;
    rig.clock.until_asleep(SWEEP).await;
    assert_eq!(stand_in.0.lock().unwrap().folders.len(), 3);
    rig.clock.advance(Duration::from_secs(1));
    let first = rig.store.list_subscriptions(rig.owner).await.unwrap().remove(0);
    rig.subscribe(rig.file(), json!({ "path": "top.md" })).await;
    rig.store.unsubscribe(rig.owner, first.id, rig.clock.now()).await.unwrap();
    rig.clock.until_asleep(SWEEP).await;
    assert_eq!(stand_in.0.lock().unwrap().folders, BTreeSet::from([rig.workspace.clone()]));
}
