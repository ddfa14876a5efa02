//! A day's budget is counted on disk, for each person and for strangers together, and begins again with the owners' day.

use super::*;

use crate::fixture::{Fixture, at};

fn budget(amounts: &[(Resource, u64)]) -> Budget {
    Budget(amounts.iter().copied().collect())
}

fn allowances(each: &[(Resource, u64)], together: &[(Resource, u64)]) -> Allowances {
    Allowances { each: budget(each), together: budget(together), zone: TimeZone::get("Europe/Berlin").unwrap() }
}

const MESSAGE: &[(Resource, u64)] = &[(Resource::Messages, 1)];

#[tokio::test]
async fn what_is_used_up_stays_so_over_a_crash_and_until_the_owners_midnight() {
    let fixture = Fixture::new();
    let anna = fixture.meet("anna", None).await.id;
    fixture.store.limit_people(allowances(&[(Resource::Messages, 2)], &[]));
    for _ in 0..2 {
        assert_eq!(fixture.store.charge(anna, MESSAGE, at(0)).await, Ok(None));
    }
    assert_eq!(fixture.store.charge(anna, MESSAGE, at(1)).await, Ok(Some(Resource::Messages)));
    let after = fixture.after_crash();
    after.store.limit_people(allowances(&[(Resource::Messages, 2)], &[]));
    assert_eq!(after.store.charge(anna, MESSAGE, at(2)).await, Ok(Some(Resource::Messages)));
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let midnight = at(0).to_zoned(zone).tomorrow().unwrap().start_of_day().unwrap().timestamp();
    let before = midnight - jiff::SignedDuration::from_secs(1);
    assert_eq!(after.store.charge(anna, MESSAGE, before).await, Ok(Some(Resource::Messages)));
    assert_eq!(after.store.charge(anna, MESSAGE, midnight).await, Ok(None));
}

#[tokio::test]
async fn many_strangers_share_one_budget_and_whom_an_owner_let_in_does_not_draw_on_it() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.limit_people(allowances(&[(Resource::Messages, 2)], &[(Resource::Messages, 3)]));
    let mut refused = 0;
    for name in ["a", "b", "c", "d"] {
        let person = fixture.meet(name, None).await.id;
        for _ in 0..2 {
            refused += usize::from(store.charge(person, MESSAGE, at(0)).await.unwrap().is_some());
        }
    }
    assert_eq!(refused, 5, "three of eight");
    let paired = fixture.meet("paired", None).await.id;
    store.set_allowed(paired, true).await.unwrap();
    let family = fixture.meet("family", None).await.id;
    store.set_role(family, Role::Named("family".to_owned()), at(0)).await.unwrap();
    let owner = fixture.meet("owner", None).await.id;
    store.set_role(owner, Role::Owner, at(0)).await.unwrap();
    for (person, most) in [(paired, 2), (family, 2), (owner, 9)] {
        let mut taken = 0;
        while taken < 9 && store.charge(person, MESSAGE, at(0)).await == Ok(None) {
            taken += 1;
        }
        assert_eq!(taken, most);
    }
}

#[tokio::test]
async fn of_several_amounts_all_are_taken_or_none() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let anna = fixture.meet("anna", None).await.id;
    store.limit_people(allowances(&[(Resource::Messages, 9), (Resource::Bytes, 100)], &[]));
    let wanted = |bytes| [(Resource::Messages, 1), (Resource::Bytes, bytes)];
    assert_eq!(store.charge(anna, &wanted(101), at(0)).await, Ok(Some(Resource::Bytes)));
    assert_eq!(store.charge(anna, &wanted(u64::MAX), at(0)).await, Ok(Some(Resource::Bytes)));
    assert_eq!(store.charge(anna, &wanted(100), at(0)).await, Ok(None));
    assert_eq!(store.charge(anna, &[(Resource::Bytes, 0)], at(0)).await, Ok(Some(Resource::Bytes)), "nothing is left");
    store.correct(anna, &[(Resource::Bytes, -60)], at(0)).await.unwrap();
    assert_eq!(store.charge(anna, &[(Resource::Bytes, 0)], at(0)).await, Ok(None));
    store.correct(anna, &[(Resource::Bytes, -600)], at(0)).await.unwrap();
    let spent = store.spent_today(at(0), 10).await.unwrap();
    assert_eq!(spent.len(), 2);
    assert_eq!((spent[0].person, spent[1].person, spent[1].name.as_str()), (None, Some(anna), "anna"));
    assert_eq!(spent[1].amounts, [(Resource::Messages, 1), (Resource::Bytes, 0)].into_iter().collect());
}

#[tokio::test]
async fn somebody_is_told_a_thing_once_a_day() {
    let fixture = Fixture::new();
    let (anna, boris) = (fixture.meet("anna", None).await.id, fixture.meet("boris", None).await.id);
    let first = async |person, what, seconds| fixture.store.first_today(person, what, at(seconds)).await.unwrap();
    assert!(first(anna, "messages", 0).await && !first(anna, "messages", 5).await);
    assert!(first(anna, "files", 5).await && first(boris, "messages", 5).await);
    assert!(first(anna, "messages", 24 * 3600).await);
    assert_eq!(fixture.store.spent_today(at(0), 10).await.unwrap(), [], "telling costs nothing");
}

#[tokio::test]
async fn without_a_word_about_limits_nothing_is_counted() {
    let fixture = Fixture::new();
    let anna = fixture.meet("anna", None).await.id;
    for _ in 0..100 {
        assert_eq!(fixture.store.charge(anna, &[(Resource::Bytes, 1 << 40)], at(0)).await, Ok(None));
    }
}
