//! A clock that jumps: set a day forward and back under the running program. Reminders fire once and people are
//! answered all the while. Only the wall clock is faked, by libfaketime; timers run on as they do on a real machine.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use steward_tests::Gate;
use steward_tests::host::HostBuilder;
use steward_tests::model::{Asked, Reply};
use steward_tests::telegram::Failure;
use tempfile::TempDir;

use crate::stage::Stage;

/// What to do when the library is not there.
const INSTALL: &str = "Install it: apt-get install --yes --no-install-recommends faketime";

/// The wall clock of a host. It goes right until it is set.
struct Clock {
    folder: TempDir,
}

impl Clock {
    fn new() -> Self {
        let clock = Self { folder: TempDir::with_prefix("steward-clock-").unwrap() };
        clock.off_by("+0d");
        clock
    }

    /// Sets it: `+1d` is a day ahead of the real time.
    fn off_by(&self, difference: &str) {
        // Renamed into its place, for the program reads it at every look at its clock.
        let written = self.folder.path().join("written");
        fs::write(&written, difference).unwrap();
        fs::rename(written, self.file()).unwrap();
    }

    /// Gives it to a host. Files keep their real times, as they do when a clock is set.
    fn of(&self, host: HostBuilder) -> HostBuilder {
        host.variable("LD_PRELOAD", &library().display().to_string())
            .variable("FAKETIME_TIMESTAMP_FILE", &self.file().display().to_string())
            .variable("FAKETIME_NO_CACHE", "1")
            .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .variable("NO_FAKE_STAT", "1")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("difference")
    }
}

/// libfaketime for programs of many threads, in the folder where this system keeps it.
fn library() -> PathBuf {
    const PLACE: &str = "faketime/libfaketimeMT.so.1";
    let roots = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(Path::new);
    let below = roots.iter().filter_map(|root| fs::read_dir(root).ok()).flatten().flatten().map(|entry| entry.path());
    let folders = roots.iter().map(|root| root.to_path_buf()).chain(below);
    let found = folders.map(|folder| folder.join(PLACE)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{PLACE} is nowhere under {roots:?}. {INSTALL}"))
}

/// Schedules what it is told to in the form `schedule TITLE: TIME`, and answers "pong" to anything else.
fn scheduling(asked: &Asked) -> Reply {
    let said = asked.last_said();
    // Behind the message may stand what was found in memory for it.
    let order = said.lines().find_map(|line| line.strip_prefix("schedule ")?.split_once(": "));
    match order {
        _ if asked.after_tools() => Reply::text("Scheduled."),
        Some((title, time)) => Reply::call("schedule_task", json!({ "title": title, "time": time })),
        None => Reply::text("pong"),
    }
}

/// The owner has something scheduled.
async fn schedule(stage: &Stage, title: &str, time: &str) {
    stage.owner.says(&format!("schedule {title}: {time}"));
    stage.owner.hears(|text| text == "Scheduled.").await;
    stage.settled().await;
}

/// A reminder of now fires; so all that the program took for due was fired before.
async fn remind_now(stage: &Stage, title: &str) {
    schedule(stage, title, "in 1 second").await;
    stage.owner.hears(|text| text == format!("⏰ {title}")).await;
    stage.settled().await;
}

#[tokio::test]
async fn a_reminder_fires_once_however_the_clock_is_set() {
    let clock = Clock::new();
    let mut stage = Stage::with(scheduling, |host| clock.of(host)).await;
    schedule(&stage, "call the bank", "in 24 hours").await;
    remind_now(&stage, "drink water").await;
    assert_eq!(stage.owner.count(|text| text.contains("bank") && text.contains("⏰")), 0, "it is not yet due");

    clock.off_by("+1d");
    // Nothing wakes the program; it looks at its clock at least every half minute.
    stage.owner.hears(|text| text.starts_with("⏰ call the bank")).await;
    clock.off_by("+0d");
    remind_now(&stage, "water the plants").await;
    clock.off_by("-1d");
    remind_now(&stage, "feed the cat").await;
    clock.off_by("+1d");
    remind_now(&stage, "lock the door").await;
    for title in ["drink water", "call the bank", "water the plants", "feed the cat", "lock the door"] {
        assert_eq!(stage.owner.count(|text| text.starts_with(&format!("⏰ {title}"))), 1, "{title}");
    }
    // A polite end, so that libfaketime clears away what it keeps in shared memory.
    assert!(stage.host.stop().await.success());
}

#[tokio::test]
async fn messages_are_answered_while_the_clock_is_set_back() {
    let gate = Gate::new();
    let held = gate.clone();
    let clock = Clock::new();
    let decide = move |asked: &Asked| match asked.number {
        0 => Reply::text("One").and_wait(&held).then(" and two"),
        _ => Reply::text("pong"),
    };
    let mut stage = Stage::with(decide, |host| clock.of(host)).await;
    stage.owner.says("count");
    let growing = stage.owner.hears(|text| text == "One").await;
    clock.off_by("-1d");
    gate.open();
    stage.owner.reads(growing.id, |message| message.text() == "One and two").await;
    for _ in 0..3 {
        stage.owner.says("ping");
        stage.owner.hears(|text| text == "pong").await;
    }
    let said = stage.model.requests().last().unwrap().said();
    assert!(said[0].contains("count") && said.len() == 4, "the conversation keeps its order: {said:?}");

    // What the database holds is now of tomorrow.
    stage.settled().await;
    assert!(stage.host.stop().await.success());
    stage.host.start().await;
    stage.owner.says("ping after the restart");
    stage.owner.hears(|text| text == "pong").await;
    let said = stage.model.requests().last().unwrap().said();
    assert!(said[0].contains("count") && said[4].contains("after the restart"), "{said:?}");
    stage.owner.says("/usage");
    stage.owner.hears(|text| text.contains("Today")).await;
    stage.settled().await;
    assert_eq!(stage.owner.sees().len(), 6, "nothing is said twice");
    assert!(stage.host.stop().await.success());
}

#[tokio::test]
async fn a_message_that_is_to_be_sent_again_does_not_wait_for_a_day_that_was_taken_back() {
    let clock = Clock::new();
    let mut stage = Stage::with(|_| Reply::text("pong"), |host| clock.of(host)).await;
    clock.off_by("+1d");
    stage.tg.fail_next("sendMessage", Failure::TooMany { retry_after: 10 });
    stage.owner.says("/help");
    stage.host.logs(|line| line.contains("a message is sent later")).await;
    clock.off_by("+0d");
    stage.owner.hears(|text| text.contains("/stop")).await;
    assert!(stage.host.stop().await.success());
}
