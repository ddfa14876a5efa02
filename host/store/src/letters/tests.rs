//! A flood of messages to an owner: a few go out at once, the others wait, and none is lost.

use jiff::tz::TimeZone;
use steward_agent::Role;

use super::*;

use crate::fixture::{Fixture, at, outgoing};
use crate::{Allowances, Budget, NewTask, StoreError, TaskStatus};

async fn stage(letters: u64, bytes: u64) -> (Fixture, PersonId, PersonId) {
    let fixture = Fixture::new();
    let owner = fixture.meet("owner", None).await.id;
    fixture.store.set_role(owner, Role::Owner, at(0)).await.unwrap();
    let anna = fixture.meet("anna", None).await.id;
    let each = [(Resource::Letters, letters), (Resource::Bytes, bytes)].into_iter().collect();
    let limits = Allowances { each: Budget(each), together: Budget::default(), zone: TimeZone::UTC };
    fixture.store.limit_people(limits);
    (fixture, owner, anna)
}

fn letter(reader: PersonId, text: &str) -> Vec<Letter> {
    vec![Letter { reader, message: outgoing("owner", text) }]
}

#[tokio::test]
async fn a_flood_is_gathered_and_every_word_of_it_can_be_read() {
    let (fixture, owner, anna) = stage(10, 100_000).await;
    let store = &fixture.store;
    for number in 0..320 {
        let key = format!("call {number}");
        let posted = store.letters().post(anna, letter(owner, &format!("letter {number}")), &key, at(0)).await.unwrap();
        assert_eq!(posted, if number < 10 { Posted::Sent } else { Posted::Gathered });
        let again = store.letters().post(anna, letter(owner, "made again"), &key, at(1)).await.unwrap();
        assert_eq!(again, Posted::Sent, "a call that is made again posts nothing");
    }
    let after = fixture.after_crash();
    let (waiting, all) = after.store.waiting_letters(owner, 1_000).await.unwrap();
    assert_eq!((waiting.len(), all), (310, 310));
    assert_eq!(waiting[0].text, "letter 10");
    assert_eq!(after.store.readers_waited_for().await.unwrap(), [(owner, None)]);
    let shown: Vec<_> = waiting[..300].iter().map(|letter| letter.id).collect();
    after.store.send_digest(owner, shown, outgoing("owner", "a digest"), at(2)).await.unwrap();
    assert_eq!(after.store.readers_waited_for().await.unwrap(), [(owner, Some(at(2)))]);
    let (rest, all) = after.store.waiting_letters(owner, 3).await.unwrap();
    assert_eq!((rest.len(), all, rest[0].text.as_str()), (3, 10, "letter 310"));
    after.store.letters_shown(rest.iter().map(|letter| letter.id).collect(), at(3)).await.unwrap();
    assert_eq!(after.store.waiting_letters(owner, 3).await.unwrap().1, 7);
}

#[tokio::test]
async fn a_bomb_of_letters_ends_at_the_bytes_one_may_have_kept() {
    let (fixture, owner, anna) = stage(0, 10_000).await;
    let mut taken = 0;
    for number in 0..100 {
        let text = "x".repeat(1_000);
        match fixture.store.letters().post(anna, letter(owner, &text), &format!("{number}"), at(0)).await.unwrap() {
            Posted::Gathered => taken += 1,
            Posted::Full => {}
            Posted::Sent => panic!("none may go out at once"),
        }
    }
    assert_eq!(taken, 10);
}

#[tokio::test]
async fn answers_to_tasks_are_gathered_too_and_bounded() {
    let (fixture, owner, anna) = stage(1, 1_000).await;
    let store = &fixture.store;
    let new = NewTask {
        creator: owner,
        person: anna,
        title: "milk".to_owned(),
        kind: None,
        deadline: None,
        deadline_at: None,
        context: None,
        skill: None,
    };
    let task = store.tasks().create(new, None, at(0)).await.unwrap().id;
    let mut refused = 0;
    for number in 0..10 {
        let outcome = Some("y".repeat(100));
        let tell = |_: &_| vec![outgoing("owner", &"z".repeat(100))];
        match store.tasks().update_own(anna, task, Some(TaskStatus::Done), outcome, tell, None, at(number)).await {
            Ok(_) => {}
            Err(StoreError::Exhausted(Resource::Bytes)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refused, 5, "one went out at once, each other one takes its own bytes and those of its letter");
    assert_eq!(store.due_outgoing(at(20), 10).await.unwrap().len(), 1);
    assert_eq!(store.waiting_letters(owner, 10).await.unwrap().1, 4);
}
