//! What a run asks the model: the next step of the conversation, and summaries of what has grown too long.

use std::sync::Arc;
use std::time::Duration;

use steward_agent::budget::{self, Limits};
use steward_agent::prompt::{self, Context};
use steward_agent::turn::Event;
use steward_agent::{Message, ModelError, ModelReply, ModelRequest, PersonId, Role};
use steward_store::ModelUsage;

use super::{Done, Run, RunStart};
use crate::app::Host;
use crate::space;
use crate::spending::{self, Unanswered};

/// A summary is short, whatever it is of.
const SUMMARY_TOKENS: u32 = 1_500;
const SUMMARY_ENTRY_CHARS: usize = 4_000;
const LEFT_OUT: &str = "(the beginning of this conversation is left out)";

impl Run {
    pub(super) fn ask(&mut self, with_tools: bool) {
        let request = ModelRequest {
            system: self.system.clone(),
            messages: self.turn.messages().to_vec(),
            tools: if with_tools { self.tools.clone() } else { Vec::new() },
            max_tokens: self.host.config.limits.answer_tokens,
            model: self.start.model.clone(),
        };
        let (host, cancel) = (Arc::clone(&self.host), self.cancel.clone());
        let person = self.payer();
        match &self.stream {
            Some(stream) => {
                let (events, collect) = stream.listen();
                self.tasks.spawn(async move {
                    let asked = async {
                        let events = events;
                        on_account(&host, person, &request, host.models.complete(&request, &events, &cancel)).await
                    };
                    done(tokio::join!(asked, collect).0)
                });
            }
            None => {
                self.tasks.spawn(async move {
                    let asked = host.models.complete_unseen(&request, &cancel);
                    done(on_account(&host, person, &request, asked).await)
                });
            }
        }
    }

    /// On whose account the model is asked; owners have none.
    fn payer(&self) -> Option<PersonId> {
        (self.start.principal.role != Role::Owner).then_some(self.start.principal.person)
    }

    /// Has the older part of the conversation summarised and keeps the summary in its place.
    pub(super) async fn summarise(&mut self, keep: usize) -> anyhow::Result<()> {
        let older = self.turn.messages().len() - keep;
        let text = prompt::transcript(&self.turn.messages()[..older], SUMMARY_ENTRY_CHARS);
        let room = self.turn_window_chars();
        let request = ModelRequest {
            system: prompt::SUMMARISE.to_owned(),
            messages: vec![Message::user(budget::shorten(&text, room))],
            tools: Vec::new(),
            max_tokens: SUMMARY_TOKENS,
            model: self.start.model.clone(),
        };
        let entries = self.host.store.history(&self.start.principal.session).await?;
        let through = entries.len().checked_sub(keep + 1).and_then(|at| entries.get(at)).map(|entry| entry.id);
        let (host, cancel) = (Arc::clone(&self.host), self.cancel.clone());
        let session = self.start.principal.session.clone();
        let person = self.payer();
        self.tasks.spawn(async move {
            let asked = host.models.complete_unseen(&request, &cancel);
            let (text, usage) = match on_account(&host, person, &request, asked).await {
                Err(Unanswered::Exhausted(resource)) => return Done::Exhausted(resource),
                Err(Unanswered::Model(ModelError::Cancelled)) => {
                    return Done::Event(Event::Summarised(Err(ModelError::Cancelled)));
                }
                Err(Unanswered::Model(error)) => {
                    tracing::warn!(%error, "the conversation could not be summarised");
                    (LEFT_OUT.to_owned(), None)
                }
                Ok(reply) => (summary(&reply), Some(ModelUsage { model: reply.model, usage: reply.usage })),
            };
            if let Some(through) = through
                && let Err(error) = host.store.compact(&session, through, &text).await
            {
                tracing::warn!(%error, "the summary was not kept; it is made again in the next run");
            }
            // What the summary leaves out may be worth a line in the log, once this run is over.
            host.distilling.end(&session);
            Done::Summarised(text, usage)
        });
        Ok(())
    }

    /// Characters of a transcript that surely fit the model's window.
    fn turn_window_chars(&self) -> usize {
        self.turn.window() as usize * 3 / 2
    }
}

async fn on_account(
    host: &Host,
    person: Option<PersonId>,
    request: &ModelRequest,
    asked: impl Future<Output = Result<ModelReply, ModelError>>,
) -> Result<ModelReply, Unanswered> {
    match person {
        Some(person) => spending::ask((&host.store, &*host.prices), person, request, asked).await,
        None => asked.await.map_err(Unanswered::Model),
    }
}

fn done(answer: Result<ModelReply, Unanswered>) -> Done {
    match answer {
        Ok(reply) => Done::Model(Ok(reply)),
        Err(Unanswered::Model(error)) => Done::Model(Err(error)),
        Err(Unanswered::Exhausted(resource)) => Done::Exhausted(resource),
    }
}

pub(super) fn limits(host: &Host) -> Limits {
    let of = &host.config.limits;
    Limits {
        steps: of.steps,
        tokens: of.tokens,
        time: Duration::from_secs(of.seconds),
        window: host.models.window(),
        answer: of.answer_tokens,
    }
}

pub(super) async fn system_prompt(host: &Host, start: &RunStart) -> anyhow::Result<String> {
    let owner = start.principal.role == Role::Owner;
    let space = space::of(host, &start.principal);
    let memory = match (owner, space) {
        (true, Some(_)) => crate::app::read_memory(&host.config.workspace).await,
        _ => None,
    };
    let owners: Vec<String> = match owner {
        true => Vec::new(),
        false => host.store.owners().await?.into_iter().map(|person| person.name).collect(),
    };
    let profile = match space {
        Some(_) => host.store.user_data(start.principal.person).await?,
        None => Vec::new(),
    };
    let zone = host.config.time_zone.iana_name().unwrap_or("UTC");
    Ok(prompt::system(&Context {
        principal: &start.principal,
        language: start.language,
        zone,
        channel: &start.address.channel,
        profile: &profile,
        memory: memory.as_deref(),
        owners: &owners,
    }))
}

/// The rehearsal model cannot summarise; then the beginning is left out.
fn summary(reply: &ModelReply) -> String {
    let text = reply.text.trim();
    if reply.rehearsal || text.is_empty() { LEFT_OUT.to_owned() } else { text.to_owned() }
}
