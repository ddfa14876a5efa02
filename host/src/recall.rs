//! What is found in memory for a message before a run begins with it. Whoever can search connects here; an answer never
//! waits for it longer than a second, and whatever goes wrong with it means that nothing was found.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_agent::{Origin, Principal, Recalled, budget};
use tokio_util::task::AbortOnDropHandle;

use crate::app::Host;
use crate::session::Work;
use crate::space;

const LONGEST: Duration = Duration::from_secs(1);

/// Searches a memory.
#[async_trait]
pub(crate) trait Offer: Send + Sync {
    /// Passages of the memory of that person that may matter for a message, the best first, of about so many tokens
    /// together.
    async fn offer(&self, whom: &Principal, message: &str, tokens: u32) -> Vec<Recalled>;
}

/// The passages that go with a message: only with what a person wrote who has a memory.
pub(crate) async fn passages(host: &Host, work: &Work) -> Vec<Recalled> {
    let tokens = host.config.memory.offer_tokens;
    let principal = &work.principal;
    if tokens == 0 || principal.origin != Origin::Chat || work.text.trim().is_empty() {
        return Vec::new();
    }
    if space::of(host, principal).is_none() {
        return Vec::new();
    }
    offered(&host.offers, principal, &work.text, tokens).await
}

async fn offered(offers: &Arc<dyn Offer>, whom: &Principal, message: &str, tokens: u32) -> Vec<Recalled> {
    let (offers, whom, message) = (Arc::clone(offers), whom.clone(), message.to_owned());
    // A task of its own, so that a fault of the search is not one of the conversation.
    let search = tokio::spawn(async move { offers.offer(&whom, &message, tokens).await });
    match tokio::time::timeout(LONGEST, AbortOnDropHandle::new(search)).await {
        Ok(Ok(found)) => within(found, tokens),
        Ok(Err(error)) => {
            tracing::error!(%error, "memory was not searched for a message");
            Vec::new()
        }
        Err(_) => {
            tracing::warn!("memory was not searched in time for a message");
            Vec::new()
        }
    }
}

/// The first passages, as far as they fit.
fn within(found: Vec<Recalled>, tokens: u32) -> Vec<Recalled> {
    let mut left = tokens;
    let fits = |passage: &Recalled| {
        let own = budget::tokens(&passage.place) + budget::tokens(&passage.text);
        left.checked_sub(own).map(|rest| left = rest).is_some()
    };
    found.into_iter().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use steward_agent::{PersonId, Role, SessionId};

    use super::*;

    enum Search {
        Finds(usize),
        Hangs,
        Panics,
    }

    #[async_trait]
    impl Offer for Search {
        async fn offer(&self, _: &Principal, message: &str, _: u32) -> Vec<Recalled> {
            match self {
                Self::Finds(many) => {
                    let passage =
                        Recalled { place: "MEMORY.md:1-1".into(), text: message.into(), ..Recalled::default() };
                    vec![passage; *many]
                }
                Self::Hangs => std::future::pending().await,
                Self::Panics => panic!("as a test wants it"),
            }
        }
    }

    async fn found(search: Search, tokens: u32) -> usize {
        let session = SessionId("owner/1/telegram".into());
        let whom =
            Principal { person: PersonId(1), name: "Olga".into(), role: Role::Owner, session, origin: Origin::Chat };
        let offers: Arc<dyn Offer> = Arc::new(search);
        offered(&offers, &whom, "what is my flat?", tokens).await.len()
    }

    #[tokio::test(start_paused = true)]
    async fn a_search_costs_at_most_a_second_and_no_answer() {
        assert_eq!(found(Search::Finds(3), 600).await, 3);
        assert_eq!(found(Search::Finds(1_000), 600).await, 75, "what does not fit is left out");
        assert_eq!(found(Search::Hangs, 600).await, 0);
        assert_eq!(found(Search::Panics, 600).await, 0);
    }
}
