//! People who write to a bot and wait for its answer: one after another, or all at the same moment.

use std::time::{Duration, Instant};

use futures::future::join_all;
use steward_tests::Telegram;
use steward_tests::telegram::Person;

use crate::figures::{Samples, rate};

/// What every bot answers here, and the sign by which people know it.
pub(crate) const ANSWER: &str = "The train leaves at 17:42 from platform 9.";
pub(crate) const QUESTION: &str = "When does the next train leave?";

/// How people fared.
pub(crate) struct Answered {
    /// From writing to seeing the answer, by person.
    pub(crate) waits: Samples,
    /// From the first question to the last answer.
    pub(crate) took: Duration,
    pub(crate) people: usize,
}

impl Answered {
    pub(crate) fn a_second(&self) -> f64 {
        rate(self.people, self.took)
    }
}

/// People nobody has heard of before.
pub(crate) fn people(telegram: &Telegram, number: usize, first: i64) -> Vec<Person> {
    (first..).take(number).map(|id| telegram.person(id, &format!("Person {id}"))).collect()
}

/// Each writes when the one before has the answer, and `pause` after it.
pub(crate) async fn one_after_another(people: &[Person], pause: Duration) -> anyhow::Result<Answered> {
    let (started, mut waits) = (Instant::now(), Vec::new());
    for person in people {
        waits.push(ask(person).await);
        tokio::time::sleep(pause).await;
    }
    let took = started.elapsed();
    Ok(Answered { waits: Samples::new(waits)?, took, people: people.len() })
}

/// All write before the first can have an answer.
pub(crate) async fn at_once(people: &[Person]) -> anyhow::Result<Answered> {
    let started = Instant::now();
    let waits = people.iter().map(|person| {
        let (person, wrote) = (person.clone(), Instant::now());
        person.says(QUESTION);
        tokio::spawn(async move {
            heard(&person).await;
            wrote.elapsed()
        })
    });
    // Collected first, so that all have written before the first is waited for.
    let waits: Vec<_> = waits.collect();
    let waits = join_all(waits).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let took = started.elapsed();
    Ok(Answered { waits: Samples::new(waits)?, took, people: people.len() })
}

async fn ask(person: &Person) -> Duration {
    let wrote = Instant::now();
    person.says(QUESTION);
    heard(person).await;
    wrote.elapsed()
}

/// The answer counts when it can be read, also in a message that still grows.
async fn heard(person: &Person) {
    person.hears(|text| text.contains(ANSWER)).await;
}
