//! Memory as a plugin uses it.

use std::fs;

use super::*;
use crate::bindings::wit::memory::Host as _;
use crate::fixture::Fixture;

const NOTES: &str = "MEMORY.md";

#[tokio::test]
async fn what_was_added_is_read_and_listed() {
    let fixture = Fixture::new().await;
    let mut owner = fixture.owner();
    assert!(owner.files().await.unwrap().is_empty());
    assert!(matches!(owner.read(NOTES.to_owned()).await, Err(Failure::NotFound(_))));
    owner.append(NOTES.to_owned(), "- the flat is 42".to_owned()).await.unwrap();
    owner.append("memory/2026-11-20.md".to_owned(), "met Anna".to_owned()).await.unwrap();
    assert_eq!(owner.read(NOTES.to_owned()).await.unwrap(), "- the flat is 42\n");
    let listed = owner.files().await.unwrap();
    assert_eq!((listed[0].path.as_str(), listed[0].size), (NOTES, 17));
    assert_eq!(listed[1].path, "memory/2026-11-20.md");
}

#[tokio::test]
async fn no_other_file_can_be_reached() {
    let fixture = Fixture::new().await;
    let mut owner = fixture.owner();
    for path in ["../data/steward.sqlite", "/etc/passwd", "memory/../../data/steward.sqlite", "notes.md"] {
        assert!(matches!(owner.read(path.to_owned()).await, Err(Failure::Invalid(_))), "{path}");
        assert!(matches!(owner.append(path.to_owned(), "x".to_owned()).await, Err(Failure::Invalid(_))), "{path}");
    }
    assert_eq!(fs::read_dir(fixture.folder.path().join("workspace")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_call_repeated_after_a_crash_adds_once() {
    let fixture = Fixture::new().await;
    let add = async |replayed: bool, text: &str| {
        let mut call = fixture.owner();
        call.replayed = replayed;
        call.append(NOTES.to_owned(), text.to_owned()).await.unwrap();
        call.read(NOTES.to_owned()).await.unwrap()
    };
    assert_eq!(add(false, "one").await, "one\n");
    // It had come to its end and the crash came later: others may have written since.
    fs::write(fixture.folder.path().join("workspace/MEMORY.md"), "one\ntwo\n").unwrap();
    assert_eq!(add(true, "one").await, "one\ntwo\n");
}

#[tokio::test]
async fn a_crash_between_writing_and_marking_adds_nothing_twice() {
    let fixture = Fixture::new().await;
    let file = fixture.folder.path().join("workspace/MEMORY.md");
    fs::write(&file, "before\none\n").unwrap();
    let mut call = fixture.owner();
    call.replayed = true;
    call.append(NOTES.to_owned(), "one".to_owned()).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "before\none\n");
    // Within the same call the next text is another one, and the end of a longer line is not the text.
    fs::write(&file, "before\nnone\n").unwrap();
    call.append(NOTES.to_owned(), "one".to_owned()).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "before\nnone\none\n");
}

#[tokio::test]
async fn asking_for_the_same_text_twice_adds_it_twice() {
    let fixture = Fixture::new().await;
    for key in ["first", "second"] {
        let mut call = fixture.owner();
        call.key = key.to_owned();
        call.append(NOTES.to_owned(), "water the plants".to_owned()).await.unwrap();
    }
    assert_eq!(fixture.owner().read(NOTES.to_owned()).await.unwrap().lines().count(), 2);
}
