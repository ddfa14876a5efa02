//! What the model costs for people who are no owners: charged before it is asked, by estimate, and corrected by what the
//! answer says. So no number of runs at the same time spends more than there is, and neither does one that is cut off.

use jiff::Timestamp;
use steward_agent::{ModelError, ModelReply, ModelRequest, PersonId, budget};
use steward_store::{Resource, Store};

use crate::config::Prices;

/// Why nothing came of a question.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// The person has used this up for today; nobody was asked.
    Exhausted(Resource),
    Model(ModelError),
}

/// Asks the model on the person's account. Owners have no limits, so theirs costs nothing here.
pub(crate) async fn ask(
    (store, prices): (&Store, &Prices),
    person: PersonId,
    request: &ModelRequest,
    asked: impl Future<Output = Result<ModelReply, ModelError>>,
) -> Result<ModelReply, Unanswered> {
    let guess = Cost::guessed(prices, request);
    match store.charge(person, &guess.charge(), Timestamp::now()).await {
        Ok(None) => {}
        Ok(Some(resource)) => return Err(Unanswered::Exhausted(resource)),
        Err(error) => {
            // Better an answer that is not counted than none: the next one is.
            tracing::warn!(%error, "the tokens of an answer are not counted");
            return asked.await.map_err(Unanswered::Model);
        }
    }
    let answer = asked.await;
    if let Some(real) = Cost::real(prices, request, &answer)
        && let Err(error) = store.correct(person, &guess.to(&real), Timestamp::now()).await
    {
        tracing::warn!(%error, "the tokens of an answer stay counted by estimate");
    }
    answer.map_err(Unanswered::Model)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    tokens: u64,
    money: u64,
}

impl Cost {
    fn guessed(prices: &Prices, request: &ModelRequest) -> Self {
        let written = u64::from(request.max_tokens);
        Self::of(prices, request.model.as_deref(), read(request), written)
    }

    /// `None` where the estimate stands: the question was broken off, and what was read of it is paid for.
    fn real(prices: &Prices, request: &ModelRequest, answer: &Result<ModelReply, ModelError>) -> Option<Self> {
        match answer {
            Err(ModelError::Cancelled) => None,
            Err(_) => Some(Self { tokens: 0, money: 0 }),
            Ok(reply) if reply.usage.total() > 0 || reply.rehearsal => {
                Some(Self::of(prices, Some(&reply.model), reply.usage.input, reply.usage.output))
            }
            // A server that tells no usage.
            Ok(reply) => {
                let written = u64::from(budget::tokens(&reply.text));
                Some(Self::of(prices, Some(&reply.model), read(request), written))
            }
        }
    }

    fn of(prices: &Prices, model: Option<&str>, read: u64, written: u64) -> Self {
        Self { tokens: read.saturating_add(written), money: prices.cost(model, read, written) }
    }

    fn charge(&self) -> [(Resource, u64); 2] {
        [(Resource::Tokens, self.tokens), (Resource::Money, self.money)]
    }

    fn to(self, real: &Self) -> [(Resource, i64); 2] {
        let change = |from: u64, to: u64| {
            let [from, to] = [from, to].map(|amount| i64::try_from(amount).unwrap_or(i64::MAX));
            to.saturating_sub(from)
        };
        [(Resource::Tokens, change(self.tokens, real.tokens)), (Resource::Money, change(self.money, real.money))]
    }
}

fn read(request: &ModelRequest) -> u64 {
    let system = budget::tokens(&request.system) + budget::tools_tokens(&request.tools);
    u64::from(system) + u64::from(budget::conversation_tokens(&request.messages))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use steward_agent::{Address, Message, Sender, Usage};
    use steward_store::{Allowances, Budget};

    use super::*;

    fn request(max_tokens: u32) -> ModelRequest {
        let messages = vec![Message::user("hello")];
        ModelRequest { system: String::new(), messages, tools: [].into(), max_tokens, model: None }
    }

    fn reply(input: u64, output: u64) -> ModelReply {
        let usage = Usage { input, output, cached: 0 };
        ModelReply { text: "hi".to_owned(), model: "m".to_owned(), usage, ..ModelReply::default() }
    }

    async fn anna(store: &Store, tokens: u64) -> PersonId {
        let each = Budget([(Resource::Tokens, tokens)].into_iter().collect());
        store.limit_people(Allowances { each, together: Budget::default(), zone: TimeZone::UTC });
        let sender = Sender { id: "7".into(), name: "Anna".into(), username: None, language: None };
        let address = Address { channel: "telegram".into(), chat: "7".into() };
        store.meet("telegram", &sender, None, &address, Timestamp::now()).await.unwrap().id
    }

    async fn left(store: &Store, person: PersonId, tokens: u64) -> bool {
        store.charge(person, &[(Resource::Tokens, tokens)], Timestamp::now()).await.unwrap().is_none()
    }

    #[tokio::test]
    async fn answers_cost_what_they_took_and_none_is_asked_for_that_is_not_paid_for() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("steward.sqlite")).unwrap();
        let (prices, person) = (Prices::default(), anna(&store, 1_000).await);
        let with = (&store, &prices);
        let answered = ask(with, person, &request(500), async { Ok(reply(300, 100)) }).await;
        assert!(answered.is_ok());
        // 400 are gone: an answer of 900 tokens cannot be paid for, and nobody is asked for it.
        let refused = ask(with, person, &request(900), async { Err::<ModelReply, _>(ModelError::Cancelled) }).await;
        assert!(matches!(refused, Err(Unanswered::Exhausted(Resource::Tokens))));
        let unreachable = ModelError::Unreachable { address: "nowhere".into(), reason: "down".into() };
        let failed = ask(with, person, &request(500), async { Err(unreachable) }).await;
        assert!(matches!(failed, Err(Unanswered::Model(_))));
        // Broken off: what was asked stays paid for, at least the 500 of the answer.
        let stopped = ask(with, person, &request(500), async { Err(ModelError::Cancelled) }).await;
        assert!(matches!(stopped, Err(Unanswered::Model(ModelError::Cancelled))));
        assert!(!left(&store, person, 101).await);
        assert!(left(&store, person, 50).await);
    }

    #[tokio::test]
    async fn many_at_once_spend_no_more_than_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("steward.sqlite")).unwrap();
        let (prices, person) = (Prices::default(), anna(&store, 2_100).await);
        let (request, asked) = (request(500), std::sync::atomic::AtomicUsize::new(0));
        let all = (0..20).map(|_| {
            ask((&store, &prices), person, &request, async {
                asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok(reply(20, 500))
            })
        });
        futures::future::join_all(all).await;
        assert_eq!(asked.into_inner(), 4);
    }
}
