use steward_agent::{Outgoing, Sender};

use super::*;
use crate::StoreError;
use crate::fixture::{Fixture, at};
use crate::{NewJob, NewTask};

fn seat(channel: &str, id: &str) -> Seat {
    Seat { id: id.into(), address: address(channel, id) }
}

fn address(channel: &str, id: &str) -> Address {
    Address { channel: channel.into(), chat: id.into() }
}

async fn role_of(store: &Store, channel: &str, id: &str) -> (PersonId, Role) {
    let sender = Sender { id: id.into(), name: "Anna".into(), username: None, language: None };
    let person = store
        .meet(channel, &sender, None, &address(channel, id), "2026-11-20T09:00:00Z".parse().unwrap())
        .await
        .unwrap();
    (person.id, person.role)
}

async fn seated(store: &Store, seats: &[(&str, &str)]) -> Vec<Unseated> {
    let seats = seats.iter().map(|(channel, id)| seat(channel, id)).collect();
    store.seat_owners(seats, vec!["terminal".to_owned(), "telegram".to_owned()], at(9)).await.unwrap()
}

#[tokio::test]
async fn the_first_owner_of_each_channel_is_one_person() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    seated(store, &[("terminal", "owner")]).await;
    seated(store, &[("terminal", "owner"), ("telegram", "5"), ("telegram", "6")]).await;
    let unseen = store.owners().await.unwrap();
    assert_eq!(unseen[0].address, Some(address("telegram", "5")), "where one is likelier to be than here");
    let terminal = role_of(store, "terminal", "owner").await;
    assert_eq!(role_of(store, "telegram", "5").await, terminal);
    let second = role_of(store, "telegram", "6").await;
    assert_ne!(second.0, terminal.0);
    assert_eq!(second.1, Role::Owner);
    assert_eq!(store.owners().await.unwrap()[0].name, "Anna");
}

#[tokio::test]
async fn whom_the_configuration_no_longer_names_is_external() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    seated(store, &[("telegram", "5"), ("telegram", "6")]).await;
    let (paired, _) = role_of(store, "telegram", "7").await;
    role_of(store, "telegram", "5").await;
    store.set_role(paired, Role::Owner, at(0)).await.unwrap();
    seated(store, &[("telegram", "5"), ("telegram", "6"), ("telegram", "7")]).await;
    let gone = seated(store, &[("telegram", "6")]).await;
    assert_eq!(gone.iter().map(|one| (one.id.as_str(), one.stays)).collect::<Vec<_>>(), [("5", false), ("7", true)]);
    assert_eq!(role_of(store, "telegram", "5").await.1, Role::External);
    assert_eq!(role_of(store, "telegram", "6").await.1, Role::Owner);
    assert_eq!(role_of(store, "telegram", "7").await.1, Role::Owner, "a command made them one");
}

#[tokio::test]
async fn a_channel_that_is_off_takes_nothing_away() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    seated(store, &[("terminal", "owner"), ("telegram", "5")]).await;
    let off = store.seat_owners(vec![seat("terminal", "owner")], vec!["terminal".to_owned()], at(9)).await.unwrap();
    assert_eq!(off, []);
    assert_eq!(store.owners_identities().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_mistyped_id_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    seated(store, &[("terminal", "owner"), ("telegram", "555"), ("telegram", "556")]).await;
    seated(store, &[("terminal", "owner"), ("telegram", "1001")]).await;
    let rights: Vec<_> = store.owners_identities().await.unwrap().into_iter().map(|one| (one.id, one.right)).collect();
    let expected = [("1001", Right::Configuration), ("owner", Right::Terminal)];
    assert_eq!(rights, expected.map(|(id, right)| (id.to_owned(), Some(right))));
    let owner = role_of(store, "terminal", "owner").await;
    assert_eq!(role_of(store, "telegram", "1001").await, owner);
    for id in ["555", "556"] {
        let stranger = role_of(store, "telegram", id).await;
        assert!(stranger.0 != owner.0 && stranger.1 == Role::External, "{id}");
    }
    assert_eq!(store.owners().await.unwrap().len(), 1);
}

async fn job(store: &Store, owner: PersonId, chat: &str, prompt: Option<&str>) {
    let new = NewJob {
        owner,
        address: address("telegram", chat),
        title: "milk".to_owned(),
        prompt: prompt.map(str::to_owned),
        model: None,
        next: at(60),
        repeat: None,
        recipients: Vec::new(),
    };
    store.jobs().create(new, None, at(0)).await.unwrap();
}

#[tokio::test]
async fn an_identity_of_the_owner_at_the_terminal_takes_nothing_of_theirs_along() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    seated(store, &[("terminal", "owner"), ("telegram", "5")]).await;
    let owner = role_of(store, "terminal", "owner").await.0;
    role_of(store, "telegram", "5").await;
    job(store, owner, "5", Some("send me the day's mail")).await;
    job(store, owner, "5", None).await;
    let secret = Outgoing { to: address("telegram", "5"), text: "42".to_owned(), draft: None, unasked: true };
    store.enqueue(vec![secret], None, at(0)).await.unwrap();

    seated(store, &[("terminal", "owner"), ("telegram", "6")]).await;
    let jobs = store.jobs().list(owner).await.unwrap();
    assert_eq!(jobs.len(), 1, "what would run with the owner's rights for that chat has ended");
    assert_eq!(jobs[0].address, address("terminal", "owner"));
    assert_eq!(store.due_outgoing(at(99), 10).await.unwrap(), []);
    let person = store.person(owner).await.unwrap().unwrap();
    assert_eq!((person.role, person.address), (Role::Owner, Some(address("terminal", "owner"))));
    let before = role_of(store, "telegram", "5").await;
    assert!(before.0 != owner && before.1 == Role::External);
    assert!(store.jobs().list(before.0).await.unwrap().is_empty());
    let standing = store.standing(owner, &address("telegram", "5")).await.unwrap().unwrap();
    assert!(standing.elsewhere, "the chat is another person's now");
    assert!(!store.standing(owner, &address("terminal", "owner")).await.unwrap().unwrap().elsewhere);
}

#[tokio::test]
async fn what_an_owner_had_set_going_ends_with_their_rights() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    seated(store, &[("terminal", "owner"), ("telegram", "5"), ("telegram", "6")]).await;
    let owner = role_of(store, "terminal", "owner").await.0;
    let second = role_of(store, "telegram", "6").await.0;
    job(store, second, "6", Some("look at the mail")).await;
    let task = NewTask {
        creator: second,
        person: owner,
        title: "t".to_owned(),
        kind: None,
        deadline: None,
        deadline_at: None,
        context: None,
        skill: None,
    };
    store.tasks().create(task, None, at(0)).await.unwrap();
    seated(store, &[("terminal", "owner"), ("telegram", "5")]).await;
    assert_eq!(role_of(store, "telegram", "6").await, (second, Role::External), "they stay who they are");
    assert!(store.jobs().list(second).await.unwrap().is_empty());
    assert_eq!(store.tasks().own(owner).await.unwrap()[0].creator, owner, "answers go to an owner");
    seated(store, &[("terminal", "owner"), ("telegram", "5"), ("telegram", "6")]).await;
    assert_eq!(role_of(store, "telegram", "6").await, (second, Role::Owner));
}

#[tokio::test]
async fn a_command_does_not_overrule_the_configuration() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    seated(store, &[("terminal", "owner"), ("telegram", "5")]).await;
    let owner = store.owners().await.unwrap()[0].id;
    let refused = store.set_role(owner, Role::External, at(0)).await.unwrap_err().to_string();
    assert!(refused.contains("TG_OWNER_IDS") || refused.contains("terminal"), "{refused}");
    let refused = store.unlink_identity("telegram", "5", at(0)).await.unwrap_err().to_string();
    assert!(refused.contains("take 5 out of TG_OWNER_IDS"), "{refused}");
    assert!(matches!(store.unlink_identity("telegram", "9", at(0)).await, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn an_identity_by_a_code_stays_until_it_is_unlinked() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    seated(store, &[("terminal", "owner")]).await;
    let owner = store.owners().await.unwrap()[0].id;
    let (paired, _) = role_of(store, "telegram", "8").await;
    let code = store.create_pairing(Role::Owner, at(0), jiff::SignedDuration::from_hours(1)).await.unwrap();
    store.redeem_pairing(&code, paired, at(1)).await.unwrap();
    store.merge_people(paired, owner, at(2)).await.unwrap();
    seated(store, &[("terminal", "owner")]).await;
    assert_eq!(role_of(store, "telegram", "8").await, (owner, Role::Owner));
    let own = store.unlink_identity("telegram", "8", at(3)).await.unwrap().unwrap();
    assert_eq!(role_of(store, "telegram", "8").await, (own, Role::External));
    assert_eq!(store.owners_identities().await.unwrap().len(), 1);
}
