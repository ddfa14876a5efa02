//! Scheduled work and heartbeats.

use std::sync::Arc;
use std::time::Duration;

use steward_beneath::Place;
use steward_store::{NewJob, Repeat};

use super::rig::{PATIENCE, Rig, SaysForeign, chat};
use crate::clock::Clock as _;
use crate::executor::ANYWAY;
use crate::heartbeat::Heartbeat;
use crate::source::Wakes;

const MILLI: Duration = Duration::from_millis(1);

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn work_is_slept_for_until_just_when_it_is_due_and_fires_once() {
    let rig = Rig::new().await;
    rig.job("tea", secs(10), None).await;
    rig.run(vec![rig.schedule()]);
    rig.clock.until_asleep(secs(10) + MILLI).await;
    rig.clock.advance(secs(10) + MILLI);
    assert_eq!(rig.woken(1).await, ["[scheduled: tea]\ndo tea"]);
    // Nothing is due any more: only the look now and then is slept for.
    rig.clock.until_asleep(secs(20) - MILLI).await;
    rig.stop().await;
    rig.run(vec![rig.schedule()]);
    rig.clock.until_asleep(ANYWAY).await;
    assert_eq!(rig.wakes().await.len(), 1);
}

#[tokio::test]
async fn what_is_scheduled_meanwhile_is_noticed_at_once_and_what_another_process_schedules_soon() {
    let rig = Rig::new().await;
    rig.run(vec![rig.schedule()]);
    rig.clock.until_asleep(ANYWAY).await;
    rig.job("tea", secs(2), None).await;
    rig.clock.until_asleep(secs(2) + MILLI).await;
    rig.clock.advance(secs(2) + MILLI);
    assert_eq!(rig.woken(1).await.len(), 1);
    let new = NewJob {
        owner: rig.owner,
        address: chat("olga"),
        title: "coffee".to_owned(),
        prompt: Some("do coffee".to_owned()),
        model: None,
        next: rig.clock.now(),
        repeat: None,
        recipients: Vec::new(),
    };
    rig.other_process().jobs().create(new, None, rig.clock.now()).await.unwrap();
    rig.clock.advance(ANYWAY);
    assert_eq!(rig.woken(2).await[1], "[scheduled: coffee]\ndo coffee");
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_silence_what_repeats() {
    let rig = Rig::new().await;
    let begin = rig.clock.now();
    rig.job("water", secs(60), Some(Repeat::Every(60))).await;
    rig.run(vec![rig.schedule()]);
    rig.clock.until_asleep(ANYWAY).await;
    rig.clock.set(begin + secs(24 * 3600));
    rig.clock.advance(ANYWAY);
    assert_eq!(rig.woken(1).await.len(), 1);
    rig.clock.until_asleep(ANYWAY).await;
    rig.clock.set(begin);
    rig.clock.advance(ANYWAY);
    // It is planned by the clock as it is now.
    let replanned = async {
        loop {
            let next = rig.store.next_due().await.unwrap().unwrap();
            if next < begin + secs(3600) {
                return next;
            }
        }
    };
    let planned = tokio::time::timeout(PATIENCE, replanned).await.unwrap();
    assert!(planned <= rig.clock.now() + secs(60));
}

#[tokio::test]
async fn a_prompt_that_came_from_foreign_text_is_foreign_when_it_fires() {
    let rig = Rig::new().await;
    rig.job("FOREIGN", secs(0), None).await;
    rig.run(vec![rig.schedule()]);
    rig.woken(1).await;
    let wake = rig.wakes().await.remove(0);
    let (before, foreign, after) = wake.foreign.as_ref().unwrap().split(&wake.prompt);
    assert_eq!((before, foreign, after), ("", "[scheduled: FOREIGN]\ndo FOREIGN", ""));
}

#[tokio::test]
async fn a_heartbeat_comes_after_each_interval_and_costs_nothing_where_nothing_is_asked_for() {
    let rig = Rig::new().await;
    let every = secs(1800);
    let heartbeat = || -> Arc<dyn Wakes> {
        let place = Place::of(&rig.workspace);
        Arc::new(Heartbeat::new(rig.store.clone(), rig.clock(), Arc::new(SaysForeign), place, every))
    };
    rig.run(vec![heartbeat()]);
    rig.clock.until_asleep(every).await;
    rig.clock.advance(every);
    rig.clock.until_asleep(every).await;
    assert_eq!(rig.wakes().await, []);
    let file = rig.workspace.join("HEARTBEAT.md");
    std::fs::write(&file, "# Watch\n- is the FOREIGN backup old?\n").unwrap();
    rig.clock.advance(every);
    let prompts = rig.woken(1).await;
    assert_eq!(prompts, ["[heartbeat]\nHEARTBEAT.md says:\n# Watch\n- is the FOREIGN backup old?"]);
    let wake = rig.wakes().await.remove(0);
    let (_, foreign, _) = wake.foreign.as_ref().unwrap().split(&wake.prompt);
    assert_eq!(foreign, "# Watch\n- is the FOREIGN backup old?");
}
