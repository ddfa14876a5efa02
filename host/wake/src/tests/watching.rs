//! Changes of files as the system tells of them. What is not told here is not found either: the clock never goes on to the
//! next look that nobody asked for, but where the test says so.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::rig::{Rig, errand};
use crate::clock::Clock as _;
use crate::file::{File, SWEEP};
use crate::watched::REST;

/// Somebody subscribed to a path, and it is watched.
async fn watching(path: &str, lay_out: impl FnOnce(&Rig)) -> Rig {
    let rig = Rig::new().await;
    lay_out(&rig);
    rig.subscribe(rig.file(), json!({ "path": path })).await;
    rig.run(vec![rig.watched(rig.file())]);
    rig.clock.until_asleep(SWEEP).await;
    rig
}

fn notes(rig: &Rig) {
    fs::create_dir(rig.workspace.join("notes")).unwrap();
    fs::write(rig.workspace.join("notes/todo.md"), "milk").unwrap();
}

fn told(prompt: &str) -> &str {
    prompt.split("What happened:\n").nth(1).unwrap()
}

#[tokio::test]
async fn a_file_in_a_folder_that_did_not_exist_is_told_once_it_is_there() {
    let rig = watching("new/deep", |_| {}).await;
    fs::create_dir_all(rig.workspace.join("new/deep")).unwrap();
    fs::write(rig.workspace.join("new/deep/flat.md"), "42").unwrap();
    let prompts = rig.pushed(1).await;
    assert_eq!(told(&prompts[0]), "- added: `new/deep/flat.md`");
    assert!(prompts[0].starts_with("[event: file 1]\nTell me.\n"), "{}", prompts[0]);
    let wake = rig.wakes().await.remove(0);
    assert_eq!(wake.foreign.unwrap().split(&wake.prompt).1, "- added: `new/deep/flat.md`", "names are others' words");
}

#[tokio::test]
async fn a_change_in_a_folder_that_was_made_later_is_told_too() {
    let rig = watching("notes", notes).await;
    fs::create_dir(rig.workspace.join("notes/deep")).unwrap();
    fs::write(rig.workspace.join("notes/deep/a.md"), "a").unwrap();
    assert_eq!(told(&rig.pushed(1).await[0]), "- added: `notes/deep/a.md`");
    rig.rest().await;
    rig.clock.until_asleep(SWEEP).await;
    fs::write(rig.workspace.join("notes/deep/a.md"), "more").unwrap();
    assert_eq!(told(&rig.pushed(2).await[1]), "- changed: `notes/deep/a.md`");
}

#[tokio::test]
async fn a_file_that_an_editor_replaces_has_changed() {
    let rig = watching("notes/todo.md", notes).await;
    fs::write(rig.workspace.join("notes/.todo.md.swp"), "milk and honey").unwrap();
    fs::rename(rig.workspace.join("notes/.todo.md.swp"), rig.workspace.join("notes/todo.md")).unwrap();
    assert_eq!(told(&rig.pushed(1).await[0]), "- changed: `notes/todo.md`");
    rig.rest().await;
    rig.clock.until_asleep(SWEEP).await;
    fs::write(rig.workspace.join("notes/todo.md"), "bread").unwrap();
    assert_eq!(told(&rig.pushed(2).await[1]), "- changed: `notes/todo.md`", "the new file is watched as well");
}

#[tokio::test]
async fn what_is_deleted_and_comes_again_is_told_each_time() {
    let rig = watching("notes", notes).await;
    fs::remove_dir_all(rig.workspace.join("notes")).unwrap();
    assert_eq!(told(&rig.pushed(1).await[0]), "- removed: `notes/todo.md`");
    fs::create_dir(rig.workspace.join("notes")).unwrap();
    rig.rest().await;
    rig.clock.until_asleep(SWEEP).await;
    fs::write(rig.workspace.join("notes/todo.md"), "milk").unwrap();
    assert_eq!(told(&rig.pushed(2).await[1]), "- added: `notes/todo.md`");
}

#[tokio::test]
async fn a_folder_above_that_is_renamed_takes_what_is_watched_along() {
    let rig = watching("notes/todo.md", notes).await;
    fs::rename(rig.workspace.join("notes"), rig.workspace.join("old")).unwrap();
    assert_eq!(told(&rig.pushed(1).await[0]), "- removed: `notes/todo.md`");
}

#[tokio::test]
async fn a_link_is_not_followed_whoever_puts_it_there_and_whenever() {
    let outside = tempfile::tempdir().unwrap();
    let elsewhere = outside.path().to_owned();
    let rig = watching("notes", |rig| {
        notes(rig);
        symlink(&elsewhere, rig.workspace.join("notes/way")).unwrap();
    })
    .await;
    fs::write(outside.path().join("secret.md"), "x").unwrap();
    symlink(outside.path(), rig.workspace.join("notes/another")).unwrap();
    symlink(outside.path().join("secret.md"), rig.workspace.join("notes/link.md")).unwrap();
    fs::write(rig.workspace.join("notes/own.md"), "y").unwrap();
    assert_eq!(told(&rig.pushed(1).await[0]), "- added: `notes/own.md`");
    // The folder itself becomes a link.
    fs::rename(rig.workspace.join("notes"), rig.workspace.join("away")).unwrap();
    symlink(outside.path(), rig.workspace.join("notes")).unwrap();
    rig.rest().await;
    assert_eq!(told(&rig.woken(2).await[1]), "- removed: `notes/own.md`\n- removed: `notes/todo.md`");
}

#[tokio::test]
async fn what_happened_while_nobody_watched_is_told_at_the_start_and_once() {
    let rig = watching("notes", notes).await;
    rig.stop().await;
    fs::write(rig.workspace.join("notes/flat.md"), "42").unwrap();
    rig.run(vec![rig.watched(rig.file())]);
    assert_eq!(told(&rig.woken(1).await[0]), "- added: `notes/flat.md`");
    rig.stop().await;
    rig.clock.advance(REST.unsigned_abs());
    rig.run(vec![rig.watched(rig.file())]);
    rig.clock.until_asleep(SWEEP).await;
    assert_eq!(rig.wakes().await.len(), 1);
}

#[tokio::test]
async fn a_subscription_of_this_moment_is_watched_and_a_dropped_one_is_not() {
    let rig = Rig::new().await;
    notes(&rig);
    rig.run(vec![rig.watched(rig.file())]);
    let dropped = rig.subscribe(rig.file(), json!({ "path": "notes/todo.md" })).await;
    rig.clock.until_asleep(SWEEP).await;
    rig.clock.advance(std::time::Duration::from_secs(1));
    rig.subscribe(rig.file(), json!({ "path": "notes" })).await;
    rig.clock.until_asleep(SWEEP - std::time::Duration::from_secs(1)).await;
    rig.store.unsubscribe(rig.owner, dropped.id, rig.clock.now()).await.unwrap();
    rig.clock.until_asleep(SWEEP).await;
    fs::write(rig.workspace.join("notes/todo.md"), "honey").unwrap();
    let prompts = rig.pushed(1).await;
    assert!(prompts[0].starts_with("[event: file 2]"), "{prompts:?}");
}

#[tokio::test]
async fn of_somebody_who_is_no_owner_any_more_nothing_is_told() {
    let rig = Rig::new().await;
    notes(&rig);
    // Who is owner by the configuration stays it; Anna was made one by a command.
    let (olga, anna) = (rig.owner, rig.meet("anna", None).await);
    rig.store.set_role(anna, steward_agent::Role::Owner, rig.clock.now()).await.unwrap();
    let rig = Rig { owner: anna, ..rig };
    rig.subscribe(rig.file(), json!({ "path": "notes" })).await;
    rig.run(vec![rig.watched(rig.file())]);
    rig.clock.until_asleep(SWEEP).await;
    rig.store.set_role(anna, steward_agent::Role::External, rig.clock.now()).await.unwrap();
    fs::write(rig.workspace.join("notes/todo.md"), "honey").unwrap();
    let rig = Rig { owner: olga, ..rig };
    rig.subscribe(rig.file(), json!({ "path": "notes" })).await;
    rig.clock.until_asleep(SWEEP).await;
    fs::write(rig.workspace.join("notes/new.md"), "x").unwrap();
    let prompts = rig.pushed(1).await;
    assert_eq!((prompts.len(), told(&prompts[0])), (1, "- added: `notes/new.md`"));
}

#[tokio::test]
async fn an_answered_task_is_told_at_once() {
    let rig = Rig::new().await;
    let anna = rig.meet("anna", None).await;
    rig.subscribe(rig.task(), json!({})).await;
    rig.run(vec![rig.watched(rig.task())]);
    rig.clock.until_asleep(crate::executor::ANYWAY).await;
    let task = errand(rig.owner, anna);
    rig.store.tasks().create(task, None, rig.clock.now()).await.unwrap();
    assert_eq!(told(&rig.pushed(1).await[0]), "- task 1 is new: open (“bring the key”)");
}

#[tokio::test]
async fn whether_the_system_tells_is_found_out_without_a_running_program() {
    let rig = Rig::new().await;
    notes(&rig);
    assert_eq!(File::check(&rig.workspace, &[]).await, Ok(()));
    assert_eq!(File::check(&rig.workspace, &[json!({ "path": "notes" }), json!({ "path": "../x" })]).await, Ok(()));
}
