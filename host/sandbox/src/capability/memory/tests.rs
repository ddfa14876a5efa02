//! Memory as a plugin uses it: the files, and what is known about a person.

mod port;

use std::fs;

use steward_agent::Role;

use super::*;
use crate::bindings::wit::memory::Host as _;
use crate::fixture::Fixture;

const NOTES: &str = "MEMORY.md";

#[tokio::test]
async fn what_was_added_is_read_and_listed() {
    let fixture = Fixture::new().await;
    let mut owner = fixture.owner();
    assert!(view(&mut owner).files().await.unwrap().is_empty());
    assert!(matches!(view(&mut owner).read(NOTES.to_owned()).await, Err(Failure::NotFound(_))));
    view(&mut owner).append(NOTES.to_owned(), "- the flat is 42".to_owned()).await.unwrap();
    view(&mut owner).append("memory/2026-11-20.md".to_owned(), "met Anna".to_owned()).await.unwrap();
    assert_eq!(view(&mut owner).read(NOTES.to_owned()).await.unwrap(), "- the flat is 42\n");
    let listed = view(&mut owner).files().await.unwrap();
    assert_eq!((listed[0].path.as_str(), listed[0].size), (NOTES, 17));
    assert_eq!(listed[1].path, "memory/2026-11-20.md");
}

#[tokio::test]
async fn no_other_file_can_be_reached() {
    let fixture = Fixture::new().await;
    let mut owner = fixture.owner();
    for path in ["../data/steward.sqlite", "/etc/passwd", "memory/../../data/steward.sqlite", "notes.md"] {
        assert!(matches!(view(&mut owner).read(path.to_owned()).await, Err(Failure::Invalid(_))), "{path}");
        assert!(
            matches!(view(&mut owner).append(path.to_owned(), "x".to_owned()).await, Err(Failure::Invalid(_))),
            "{path}"
        );
    }
    assert_eq!(fs::read_dir(fixture.folder.path().join("workspace")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_call_repeated_after_a_crash_adds_once() {
    let fixture = Fixture::new().await;
    let add = async |replayed: bool, text: &str| {
        let mut call = fixture.owner();
        call.replayed = replayed;
        view(&mut call).append(NOTES.to_owned(), text.to_owned()).await.unwrap();
        view(&mut call).read(NOTES.to_owned()).await.unwrap()
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
    view(&mut call).append(NOTES.to_owned(), "one".to_owned()).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "before\none\n");
    // Within the same call the next text is another one, and the end of a longer line is not the text.
    fs::write(&file, "before\nnone\n").unwrap();
    view(&mut call).append(NOTES.to_owned(), "one".to_owned()).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "before\nnone\none\n");
}

#[tokio::test]
async fn asking_for_the_same_text_twice_adds_it_twice() {
    let fixture = Fixture::new().await;
    for key in ["first", "second"] {
        let mut call = fixture.owner();
        call.key = key.to_owned();
        view(&mut call).append(NOTES.to_owned(), "water the plants".to_owned()).await.unwrap();
    }
    assert_eq!(view(&mut fixture.owner()).read(NOTES.to_owned()).await.unwrap().lines().count(), 2);
}

#[tokio::test]
async fn everybody_but_the_owners_has_a_memory_of_their_own() {
    let fixture = Fixture::new().await;
    let (mut owner, mut anna, mut boris) = (fixture.owner(), fixture.anna(), fixture.boris());
    assert!(view(&mut anna).files().await.unwrap().is_empty());
    view(&mut owner).append(NOTES.to_owned(), "the owner's".to_owned()).await.unwrap();
    view(&mut anna).append(NOTES.to_owned(), "Anna's".to_owned()).await.unwrap();
    assert_eq!(view(&mut owner).read(NOTES.to_owned()).await.unwrap(), "the owner's\n");
    assert_eq!(view(&mut anna).read(NOTES.to_owned()).await.unwrap(), "Anna's\n");
    assert!(matches!(view(&mut boris).read(NOTES.to_owned()).await, Err(Failure::NotFound(_))));
    assert!(view(&mut boris).files().await.unwrap().is_empty());
    let own = fixture.folder.path().join(format!("data/people/{}/MEMORY.md", anna.principal.person));
    assert_eq!(fs::read_to_string(own).unwrap(), "Anna's\n");
    assert_eq!(fs::read_to_string(fixture.folder.path().join("workspace/MEMORY.md")).unwrap(), "the owner's\n");
}

#[tokio::test]
async fn a_person_of_a_configured_role_is_no_owner_and_another_owner_is() {
    let fixture = Fixture::new().await;
    let (mut owner, mut second, mut friend) = (fixture.owner(), fixture.anna(), fixture.boris());
    second.principal.role = Role::Owner;
    friend.principal.role = Role::from("family".to_owned());
    view(&mut owner).append(NOTES.to_owned(), "shared".to_owned()).await.unwrap();
    assert_eq!(view(&mut second).read(NOTES.to_owned()).await.unwrap(), "shared\n");
    assert!(matches!(view(&mut friend).read(NOTES.to_owned()).await, Err(Failure::NotFound(_))));
}

#[tokio::test]
async fn transcripts_are_read_and_listed_and_never_written() {
    let fixture = Fixture::new().await;
    let sessions = fixture.folder.path().join("workspace/sessions");
    fs::create_dir(&sessions).unwrap();
    fs::write(sessions.join("owner-1.md"), "## 14:05\nhello\n").unwrap();
    let mut owner = fixture.owner();
    let path = || "sessions/owner-1.md".to_owned();
    assert_eq!(view(&mut owner).read(path()).await.unwrap(), "## 14:05\nhello\n");
    assert_eq!(view(&mut owner).files().await.unwrap()[0].path, path());
    let refused = view(&mut owner).append(path(), "more".to_owned()).await;
    assert!(matches!(refused, Err(Failure::Invalid(text)) if text.contains("only read")));
    let missing = view(&mut owner).read("sessions/owner-2.md".to_owned()).await;
    assert!(matches!(missing, Err(Failure::NotFound(text)) if text.contains("list the files")));
}

#[tokio::test]
async fn what_is_known_about_a_person_is_their_own_also_among_owners() {
    let fixture = Fixture::new().await;
    let (mut owner, mut second) = (fixture.owner(), fixture.anna());
    second.principal.role = Role::Owner;
    let key = || "timezone".to_owned();
    view(&mut owner).set_user_data(key(), Some("Europe/Berlin".to_owned())).await.unwrap();
    let data = view(&mut owner).user_data().await.unwrap();
    assert_eq!((data[0].key.as_str(), data[0].value.as_str()), ("timezone", "Europe/Berlin"));
    assert!(view(&mut second).user_data().await.unwrap().is_empty());
    let refused = view(&mut owner).set_user_data(String::new(), None).await;
    assert!(matches!(refused, Err(Failure::Invalid(text)) if text.contains("1 to 64 bytes")));
    view(&mut owner).set_user_data(key(), None).await.unwrap();
    assert!(view(&mut owner).user_data().await.unwrap().is_empty());
    // The call made again after a crash: it is done already.
    view(&mut fixture.owner()).set_user_data(key(), Some("UTC".to_owned())).await.unwrap();
    assert!(view(&mut owner).user_data().await.unwrap().is_empty());
}
