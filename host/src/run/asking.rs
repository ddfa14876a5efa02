//! What a run asks the model: the next step of the conversation, and summaries of what has grown too long.

use std::sync::Arc;
use std::time::Duration;

use steward_agent::budget::{self, Limits};
use steward_agent::prompt::{self, Context};
use steward_agent::turn::Event;
use steward_agent::{
    Boundary, MemorySpace, Message, ModelError, ModelReply, ModelRequest, PersonId, Role, Source, foreign,
};
use steward_beneath::Place;
use steward_sandbox::ForeignMarks;
use steward_store::ModelUsage;
use tracing::Instrument as _;

use super::{Done, Run, RunStart};
use crate::app::Host;
use crate::space;
use crate::spending::{self, Unanswered};

/// A summary is short, whatever it is of.
const SUMMARY_TOKENS: u32 = 1_500;
const SUMMARY_ENTRY_CHARS: usize = 4_000;
/// Of what others said of a person.
const FOREIGN_PROFILE_CHARS: usize = 2_000;
const MEMORY: &str = "MEMORY.md";
const LEFT_OUT: &str = "(the beginning of this conversation is left out)";

impl Run {
    pub(super) fn ask(&mut self, with_tools: bool) {
        let request = ModelRequest {
            system: self.system.clone(),
            messages: self.boundary.shown(self.turn.messages()),
            tools: if with_tools { Arc::clone(&self.tools) } else { Arc::default() },
            max_tokens: self.host.config.limits.answer_tokens,
            model: self.start.model.clone(),
        };
        let (host, cancel) = (Arc::clone(&self.host), self.cancel.clone());
        let person = self.payer();
        match &self.stream {
            Some(stream) => {
                let (events, collect) = stream.listen();
                let asking = async move {
                    let asked = async {
                        let events = events;
                        on_account(&host, person, &request, host.models.complete(&request, &events, &cancel)).await
                    };
                    done(tokio::join!(asked, collect).0)
                };
                self.tasks.spawn(asking.in_current_span());
            }
            None => {
                let asking = async move {
                    let asked = host.models.complete_unseen(&request, &cancel);
                    done(on_account(&host, person, &request, asked).await)
                };
                self.tasks.spawn(asking.in_current_span());
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
        let text = prompt::transcript(&self.turn.messages()[..older], SUMMARY_ENTRY_CHARS, &self.boundary);
        let seen = self.seen();
        let room = self.room_for(&text);
        let request = ModelRequest {
            system: prompt::SUMMARISE.to_owned(),
            messages: vec![Message::user(budget::shorten(&text, room))],
            tools: Arc::default(),
            max_tokens: SUMMARY_TOKENS,
            model: self.start.model.clone(),
        };
        let entries = self.host.store.history(&self.start.principal.session).await?;
        let through = entries.len().checked_sub(keep + 1).and_then(|at| entries.get(at)).map(|entry| entry.id);
        let (host, cancel) = (Arc::clone(&self.host), self.cancel.clone());
        let session = self.start.principal.session.clone();
        let person = self.payer();
        let summarising = async move {
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
                && let Err(error) = host.store.compact(&session, through, &text, seen).await
            {
                tracing::warn!(%error, "the summary was not kept; it is made again in the next run");
            }
            // What the summary leaves out may be worth a line in the log, once this run is over.
            host.distilling.end(&session);
            Done::Summarised(text, usage)
        };
        self.tasks.spawn(summarising.in_current_span());
        Ok(())
    }

    /// Where all the foreign text came from that the model has before it.
    pub(super) fn seen(&self) -> Vec<Source> {
        let mut seen = self.seen.clone();
        foreign::add(&mut seen, foreign::in_sight(self.turn.messages()));
        seen
    }

    /// What the person has said themselves in this conversation.
    pub(super) fn words(&self) -> Arc<[String]> {
        let own = |message: &Message| match message {
            Message::User(user) => Some(user.own_words()),
            _ => None,
        };
        self.turn.messages().iter().filter_map(own).collect()
    }

    /// Characters of a transcript that surely fit the model's window, also where it was found to be smaller than told: no
    /// tools go with it, so what is left of it is the transcript's.
    fn room_for(&self, transcript: &str) -> usize {
        let (told, found) = (self.host.models.window() as usize, self.turn.window() as usize);
        let (length, tokens) = (transcript.chars().count(), budget::tokens(transcript) as usize);
        let fits = if tokens > found { length * found / tokens } else { length };
        fits.min(told * 3 / 2)
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

/// The system prompt, and where the foreign text in it came from.
pub(super) async fn system_prompt(
    host: &Host,
    start: &RunStart,
    boundary: &Boundary,
) -> anyhow::Result<(String, Vec<Source>)> {
    let owner = start.principal.role == Role::Owner;
    let (mut seen, space) = (Vec::new(), space::of(host, &start.principal));
    let memory = match (owner, space) {
        (true, Some(_)) => memory(host, boundary, &mut seen).await?,
        _ => None,
    };
    let owners: Vec<String> = match owner {
        true => Vec::new(),
        false => host.store.owners().await?.into_iter().map(|person| person.name).collect(),
    };
    let profile = match space {
        Some(_) => host.store.user_data().of(start.principal.person).await?,
        None => Vec::new(),
    };
    let (profile, foreign_profile) = apart(host, start, profile, &mut seen).await?;
    let zone = host.config.time_zone.iana_name().unwrap_or("UTC");
    let prompt = prompt::system(&Context {
        principal: &start.principal,
        language: start.language,
        zone,
        channel: &start.address.channel,
        profile: &profile,
        memory: memory.as_deref(),
        owners: &owners,
    });
    // What others wrote comes last and within the boundary, so that what comes before is the same for every run.
    let foreign = foreign_profile.map(|text| format!("\n\n# Said of them by others\n{}", boundary.around(&text)));
    Ok((format!("{prompt}{}", foreign.unwrap_or_default()), seen))
}

/// MEMORY.md, in which what came from foreign text stands within the boundary.
async fn memory(host: &Host, boundary: &Boundary, seen: &mut Vec<Source>) -> anyhow::Result<Option<String>> {
    let workspace = &host.config.workspace;
    let Some(text) = crate::app::read_memory(workspace).await else { return Ok(None) };
    let (catalogue, place) = (host.plugins.catalogue(), ForeignMarks::place(&MemorySpace::Owners.to_string(), MEMORY));
    let lines = match catalogue.marks().is_file_foreign(&Place::of(workspace), MEMORY).await? {
        true => vec![true; text.lines().count()],
        false => catalogue.marks().lines(&place, &text).await?,
    };
    if !lines.contains(&true) {
        return Ok(Some(text));
    }
    foreign::add(seen, [Source::Memory(MEMORY.to_owned())]);
    // The prompt cuts what is too long, and must not cut off the end of a boundary.
    let text = budget::shorten(&text, prompt::MEMORY_CHARS * 3 / 4);
    let woven = boundary.woven(&text, &lines);
    Ok(Some(if woven.chars().count() > prompt::MEMORY_CHARS { boundary.around(&text) } else { woven }))
}

type Profile = Vec<(String, String)>;

/// What is known about the person, and as a text what of it came from foreign text.
async fn apart(
    host: &Host,
    start: &RunStart,
    profile: Profile,
    seen: &mut Vec<Source>,
) -> anyhow::Result<(Profile, Option<String>)> {
    let marked = host.plugins.catalogue().marks().foreign_user_data(start.principal.person, &profile).await?;
    let mut marked = marked.into_iter();
    let (foreign, own): (Profile, Profile) = profile.into_iter().partition(|_| marked.next().unwrap_or(false));
    if foreign.is_empty() {
        return Ok((own, None));
    }
    foreign::add(seen, foreign.iter().map(|(key, _)| Source::Memory(key.clone())));
    let lines: Vec<_> = foreign.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    Ok((own, Some(budget::shorten(&lines.join("\n"), FOREIGN_PROFILE_CHARS))))
}

/// The rehearsal model cannot summarise; then the beginning is left out.
fn summary(reply: &ModelReply) -> String {
    let text = reply.text.trim();
    if reply.rehearsal || text.is_empty() { LEFT_OUT.to_owned() } else { text.to_owned() }
}
