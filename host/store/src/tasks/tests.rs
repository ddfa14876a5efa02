use super::*;

use crate::fixture::{Fixture, at, outgoing};

async fn task_for(fixture: &Fixture, person: PersonId, title: &str, key: Option<&str>) -> Task {
    let creator = fixture.meet("Owner", None).await.id;
    let new = NewTask {
        creator,
        person,
        title: title.to_owned(),
        kind: Some("question".to_owned()),
        deadline: Some("2026-11-21".to_owned()),
        deadline_at: Some(at(100)),
        context: None,
        skill: None,
    };
    fixture.store.tasks().create(new, key, at(1)).await.unwrap()
}

#[tokio::test]
async fn a_call_made_twice_gives_one_task() {
    let fixture = Fixture::new();
    let anna = fixture.meet("Anna", None).await.id;
    let first = task_for(&fixture, anna, "When?", Some("call 1")).await;
    assert_eq!((first.status, first.person_name.as_str()), (TaskStatus::Open, "Anna"));
    let after = fixture.after_crash();
    assert_eq!(task_for(&after, anna, "When?", Some("call 1")).await, first);
    assert_eq!(after.store.tasks().own(anna).await.unwrap(), [first]);
}

#[tokio::test]
async fn tasks_without_a_key_are_each_their_own() {
    let fixture = Fixture::new();
    let anna = fixture.meet("Anna", None).await.id;
    let first = task_for(&fixture, anna, "When?", None).await;
    let second = task_for(&fixture, anna, "When?", None).await;
    assert_eq!(fixture.store.tasks().own(anna).await.unwrap(), [second, first], "newest first");
}

#[tokio::test]
async fn a_task_is_changed_by_its_person_alone_and_tells_the_owner_once() {
    let fixture = Fixture::new();
    let (anna, boris) = (fixture.meet("Anna", None).await.id, fixture.meet("Boris", None).await.id);
    let task = task_for(&fixture, anna, "When?", None).await;
    let tell = |task: &Task| vec![outgoing("owner", &format!("{}: {}", task.person_name, task.status))];
    let (done, outcome) = (Some(TaskStatus::Done), Some("at nine".to_owned()));
    let update = |store: Store, person, id| {
        let outcome = outcome.clone();
        async move { store.tasks().update_own(person, id, done, outcome, tell, Some("call 1"), at(2)).await }
    };
    assert!(matches!(update(fixture.store.clone(), boris, task.id).await, Err(StoreError::NotFound(_))));
    assert!(matches!(update(fixture.store.clone(), anna, TaskId(99)).await, Err(StoreError::NotFound(_))));

    let changed = update(fixture.store.clone(), anna, task.id).await.unwrap();
    assert_eq!((changed.status, changed.outcome.as_deref()), (TaskStatus::Done, Some("at nine")));
    assert_eq!((changed.created_at, changed.updated_at), (at(1), at(2)));
    let after = fixture.after_crash();
    assert_eq!(update(after.store.clone(), anna, task.id).await.unwrap(), changed);
    let due = after.store.due_outgoing(at(2), 10).await.unwrap();
    assert_eq!(due.iter().map(|row| row.outgoing.text.as_str()).collect::<Vec<_>>(), ["Anna: done"]);
}

#[tokio::test]
async fn tasks_are_listed_by_person_status_kind_and_being_late() {
    let fixture = Fixture::new();
    let (anna, boris) = (fixture.meet("Anna", None).await.id, fixture.meet("Boris", None).await.id);
    let (first, second) = (task_for(&fixture, anna, "one", None).await, task_for(&fixture, boris, "two", None).await);
    let store = &fixture.store;
    store.tasks().update_own(boris, second.id, Some(TaskStatus::Done), None, |_| vec![], None, at(2)).await.unwrap();
    let list = |filter| async { store.tasks().list(filter).await.unwrap().iter().map(|t| t.id).collect::<Vec<_>>() };
    assert_eq!(list(TaskFilter::default()).await, [second.id, first.id]);
    assert_eq!(list(TaskFilter { person: Some(anna), ..Default::default() }).await, [first.id]);
    assert_eq!(list(TaskFilter { status: Some(TaskStatus::Done), ..Default::default() }).await, [second.id]);
    assert_eq!(list(TaskFilter { kind: Some("errand".to_owned()), ..Default::default() }).await, []);
    assert_eq!(list(TaskFilter { overdue_at: Some(at(100)), ..Default::default() }).await, []);
    assert_eq!(list(TaskFilter { overdue_at: Some(at(101)), ..Default::default() }).await, [first.id]);
}

#[tokio::test]
async fn the_latest_ones_are_those_touched_last_and_are_read_by_an_index() {
    let fixture = Fixture::new();
    let (anna, boris) = (fixture.meet("Anna", None).await.id, fixture.meet("Boris", None).await.id);
    let first = task_for(&fixture, anna, "one", None).await;
    let second = task_for(&fixture, boris, "two", None).await;
    let store = &fixture.store;
    store.tasks_changed().notified().await;
    store.tasks().update_own(anna, first.id, Some(TaskStatus::Done), None, |_| vec![], None, at(9)).await.unwrap();
    store.tasks_changed().notified().await;
    let latest = |person, most| async move {
        store.latest_tasks(person, most).await.unwrap().into_iter().map(|task| task.id).collect::<Vec<_>>()
    };
    assert_eq!(latest(None, 10).await, [first.id, second.id]);
    assert_eq!(latest(None, 1).await, [first.id]);
    assert_eq!(latest(Some(boris), 10).await, [second.id]);
    for (of_one, index) in [(false, "task_updated"), (true, "task_person_updated")] {
        let plan = fixture.plan(&super::latest(of_one)).await;
        assert!(plan.contains(&format!("USING INDEX {index}")) && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[test]
fn a_wrong_status_is_answered_with_the_right_ones() {
    for status in TaskStatus::ALL {
        assert_eq!(status.as_str().parse(), Ok(status));
    }
    let error = "finished".parse::<TaskStatus>().unwrap_err().to_string();
    assert_eq!(error, "no status is called \"finished\": use one of open, in_progress, done, declined, cancelled");
}
