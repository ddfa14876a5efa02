//! Searching, indexing and forgetting, which the port does: who asks is what the principal says, and what goes in and
//! comes out is bounded and free of secrets.

use std::sync::Arc;

use steward_agent::{MemoryFault, Role};

use super::*;
use crate::capability::memory::stand_in::StandIn;

fn connect(fixture: &Fixture, port: StandIn) -> Arc<StandIn> {
    let port = Arc::new(port);
    let connected: Arc<dyn Recall> = port.clone();
    assert!(fixture.owner().backing.connected.memory.set(connected).is_ok());
    port
}

#[tokio::test]
async fn whose_memory_is_searched_follows_from_who_asks() {
    let fixture = Fixture::new().await;
    let port = connect(&fixture, StandIn::finding("the flat is 42"));
    let found = view(&mut fixture.owner()).search(" flat\n".to_owned(), 5).await.unwrap();
    let hit = &found.hits[0];
    assert_eq!((hit.path.as_str(), hit.first_line, hit.last_line), ("MEMORY.md", 3, 4));
    assert_eq!((hit.text.as_str(), hit.also.as_slice()), ("the flat is 42", &["sessions/a.md:1-2".to_owned()][..]));
    assert_eq!(found.note.as_deref(), Some("only words were compared"));
    assert_eq!(found.hits.len(), 5, "no more than were asked for, whatever the port gives");
    let mut anna = fixture.anna();
    view(&mut anna).search("flat".to_owned(), 50).await.unwrap();
    let person = anna.principal.person;
    assert_eq!(port.asked(), ["owners search 5 flat".to_owned(), format!("person-{person} search 50 flat")]);
}

#[tokio::test]
async fn queries_limits_and_paths_are_bounded() {
    let fixture = Fixture::new().await;
    let port = connect(&fixture, StandIn::default());
    let mut owner = fixture.owner();
    for (query, limit, told) in [
        (" ".to_owned(), 5, "`query` is empty"),
        ("я".repeat(2_001), 5, "may have 2000"),
        ("flat".to_owned(), 0, "1 to 50"),
        ("flat".to_owned(), 51, "1 to 50"),
    ] {
        let refused = view(&mut owner).search(query, limit).await;
        assert!(matches!(&refused, Err(Failure::Invalid(text)) if text.contains(told)), "{told}: {refused:?}");
    }
    for path in [String::new(), "x".repeat(1_001)] {
        assert!(matches!(view(&mut owner).index(path.clone()).await, Err(Failure::Invalid(_))));
        assert!(matches!(view(&mut owner).unindex(path).await, Err(Failure::Invalid(_))));
    }
    assert!(port.asked().is_empty());
    view(&mut owner).search("я".repeat(2_000), 1).await.unwrap();
}

#[tokio::test]
async fn what_is_searched_is_changed_and_told() {
    let fixture = Fixture::new().await;
    let port = connect(&fixture, StandIn::default());
    let mut owner = fixture.owner();
    let source = view(&mut owner).index(" projects/site ".to_owned()).await.unwrap();
    assert_eq!((source.path.as_str(), source.files, source.passages), ("projects/site", 3, 40));
    view(&mut owner).unindex("projects/site".to_owned()).await.unwrap();
    let state = view(&mut owner).status().await.unwrap();
    let levels = (state.levels.short, state.levels.medium, state.levels.long);
    assert_eq!((state.files, state.passages, levels, state.model), (2, 9, (3, 2, 1), None));
    assert_eq!(view(&mut owner).reindex().await.unwrap().model.as_deref(), Some("bge-m3"));
    let asked = port.asked();
    assert_eq!(asked, ["owners add projects/site", "owners remove projects/site", "owners status", "owners reindex"]);
}

#[tokio::test]
async fn forgetting_carries_the_key_of_the_call() {
    let fixture = Fixture::new().await;
    let port = connect(&fixture, StandIn::default());
    // The same call made again after a crash, and within it one thing after another.
    for _ in 0..2 {
        let mut owner = fixture.owner();
        assert_eq!(
            view(&mut owner).forget(wit::memory::Forgetting::Summary).await.unwrap(),
            "The summary is forgotten."
        );
        view(&mut owner).forget(wit::memory::Forgetting::LevelMedium).await.unwrap();
    }
    let asked = port.asked();
    assert_eq!(
        asked[..2],
        ["owners forget Summary by call of Olga#1", "owners forget Level(Medium) by call of Olga#2"]
    );
    assert_eq!(asked[..2], asked[2..]);
}

#[tokio::test]
async fn what_was_written_is_to_be_looked_at() {
    let fixture = Fixture::new().await;
    let port = connect(&fixture, StandIn::default());
    view(&mut fixture.owner()).append(NOTES.to_owned(), "tea".to_owned()).await.unwrap();
    let mut anna = fixture.anna();
    view(&mut anna).append("memory/2026-11-20.md".to_owned(), "tea".to_owned()).await.unwrap();
    assert!(view(&mut anna).append(NOTES.to_owned(), " ".to_owned()).await.is_err());
    let person = anna.principal.person;
    assert_eq!(
        port.asked(),
        ["owners changed MEMORY.md".to_owned(), format!("person-{person} changed memory/2026-11-20.md")]
    );
}

#[tokio::test]
async fn no_value_of_a_secret_goes_in_or_comes_out() {
    let fixture = Fixture::new().await;
    fixture.secret("TOKEN", "api.example.org", "s3cret-of-the-house").await;
    let port = connect(&fixture, StandIn::finding("the token is s3cret-of-the-house"));
    let mut owner = fixture.owner();
    let found = view(&mut owner).search("what is s3cret-of-the-house".to_owned(), 1).await.unwrap();
    assert_eq!(found.hits[0].text, "the token is [secret TOKEN]");
    assert_eq!(port.asked(), ["owners search 1 what is [secret TOKEN]"]);
    let source = view(&mut owner).index("notes".to_owned()).await.unwrap();
    assert_eq!(source.problems, ["the token is [secret TOKEN]"]);
}

#[tokio::test]
async fn what_goes_wrong_is_told_as_what_it_is() {
    let absent = Fixture::new().await;
    let told = view(&mut absent.owner()).search("flat".to_owned(), 5).await;
    assert!(matches!(told, Err(Failure::Unavailable(text)) if text.contains("read its files instead")));
    let said = || "say it otherwise".to_owned();
    for (fault, expected) in [
        (MemoryFault::Invalid(said()), Failure::Invalid(said())),
        (MemoryFault::Denied(said()), Failure::Denied(said())),
        (MemoryFault::NotFound(said()), Failure::NotFound(said())),
        (MemoryFault::Unavailable(said()), Failure::Unavailable(said())),
        (MemoryFault::Failed(said()), Failure::Failed(said())),
    ] {
        let fixture = Fixture::new().await;
        connect(&fixture, StandIn::failing(fault));
        let failure = view(&mut fixture.owner()).status().await.unwrap_err();
        assert_eq!(format!("{failure:?}"), format!("{expected:?}"));
    }
}

#[tokio::test]
async fn a_group_has_no_memory() {
    let fixture = Fixture::new().await;
    let port = connect(&fixture, StandIn::default());
    let mut group = fixture.anna();
    group.principal.role = Role::Group;
    let denied = |failure: Failure| matches!(failure, Failure::Denied(text) if text.contains("a group has no memory"));
    assert!(denied(view(&mut group).files().await.unwrap_err()));
    assert!(denied(view(&mut group).read(NOTES.to_owned()).await.unwrap_err()));
    assert!(denied(view(&mut group).append(NOTES.to_owned(), "tea".to_owned()).await.unwrap_err()));
    assert!(denied(view(&mut group).search("tea".to_owned(), 5).await.unwrap_err()));
    assert!(denied(view(&mut group).forget(wit::memory::Forgetting::All).await.unwrap_err()));
    assert!(denied(view(&mut group).user_data().await.unwrap_err()));
    assert!(denied(view(&mut group).set_user_data("zone".to_owned(), None).await.unwrap_err()));
    assert!(port.asked().is_empty());
}
