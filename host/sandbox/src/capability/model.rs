//! `model`: a plugin's questions to the model, few and short, by a port that the host provides. Nothing here knows
//! which model answers, and no tool is offered to it.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use steward_agent::{ModelError, PersonId};
use steward_store::RunId;
use tokio_util::sync::CancellationToken;
use wasmtime::component::{HasData, Linker};

use crate::argument::{optional, required};
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::grant::{Access, GrantedIn};
use crate::host_call::HostCall;
use crate::part::Part;
use crate::scope::{Row, Scope, ScopeKind, problem};
use crate::secret::Known;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "model",
    summary: (
        "Ask the model a few short questions in each call, which costs tokens.",
        "Задавать модели несколько коротких вопросов за вызов; это расходует токены.",
    ),
    interfaces: &["steward:plugin/model"],
    owner: Access::Write,
    scope: SCOPE,
    link,
    ..Capability::PLAIN
};

/// How often and how much a plugin may ask the model in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelGrant {
    pub calls: u32,
    /// The most tokens of one answer.
    pub tokens: u32,
}

impl Scope for ModelGrant {}

impl ModelGrant {
    /// The most any plugin can be granted.
    const MOST: Self = Self { calls: 16, tokens: 8_000 };

    /// # Errors
    /// A figure that cannot be granted, with what can.
    fn check(self) -> Result<(), String> {
        let Self { calls, tokens } = Self::MOST;
        match () {
            () if !(1..=calls).contains(&self.calls) => Err(format!("`calls` may be 1 to {calls}")),
            () if !(1..=tokens).contains(&self.tokens) => Err(format!("`tokens` may be 1 to {tokens}")),
            () => Ok(()),
        }
    }
}

impl Default for ModelGrant {
    fn default() -> Self {
        Self { calls: 4, tokens: 1_000 }
    }
}

/// Questions put to the model in one call.
#[derive(Default)]
struct Asked(u32);

impl Part for Asked {}

const SCOPE: ScopeKind = ScopeKind {
    read: |line, scopes| {
        let model: ModelGrant = line.try_into().map_err(problem)?;
        model.check()?;
        scopes.set(model);
        Ok(Access::Write)
    },
    short: |line| line.is_integer().then_some("calls"),
    forms: "write how many calls, such as 4, or { calls = 4, tokens = 1000 }",
    rows: &[
        Row::amount(
            "calls",
            ("Questions in one call: {} at most.", "Вопросов за один вызов: до {}."),
            |scopes| scopes.get::<ModelGrant>().calls,
        ),
        Row::amount(
            "tokens",
            ("Tokens of an answer: {} at most.", "Токенов в ответе: до {}."),
            |scopes| scopes.get::<ModelGrant>().tokens,
        ),
    ],
    ..ScopeKind::NONE
};

/// The longest prompt and the longest description of what the model should be, in characters.
const PROMPT_CHARS: usize = 40_000;
const SYSTEM_CHARS: usize = 8_000;

/// A question of a plugin.
#[derive(Clone, Debug)]
pub struct ModelQuestion {
    /// For whom the plugin works; the tokens are theirs.
    pub person: PersonId,
    pub run: Option<RunId>,
    pub system: Option<String>,
    pub prompt: String,
    pub max_tokens: u32,
    /// The call was stopped.
    pub cancel: CancellationToken,
}

/// What the model answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelText {
    pub text: String,
    /// Ended by the limit on tokens.
    pub cut: bool,
}

/// How the host lets plugins ask the model. It writes down the tokens.
#[async_trait]
pub trait AskModel: Send + Sync {
    /// # Errors
    /// No model answered.
    async fn ask(&self, question: ModelQuestion) -> Result<ModelText, ModelError>;
}

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::model::add_to_linker::<_, HasModel>(linker, view)
}

/// What it needs of a call: the model, how often it may be asked and was, for whom, and the secrets that stay here.
struct Model<'a> {
    port: Option<&'a dyn AskModel>,
    allowed: Arc<ModelGrant>,
    granted_in: &'a GrantedIn,
    asked: &'a mut Asked,
    known: Arc<Known>,
    person: PersonId,
    run: Option<RunId>,
    cancel: &'a CancellationToken,
}

struct HasModel;

impl HasData for HasModel {
    type Data<'a> = Model<'a>;
}

fn view(state: &mut CallState) -> Model<'_> {
    let HostCall { backing, principal, grant, parts, run, cancel, .. } = HostCall::of(state);
    Model {
        port: backing.connected.model.get().map(AsRef::as_ref),
        allowed: grant.scope(),
        granted_in: &grant.granted_in,
        asked: parts.of(),
        known: backing.connected.known(),
        person: principal.person,
        run,
        cancel,
    }
}

impl wit::model::Host for Model<'_> {
    async fn ask(&mut self, question: wit::model::Question) -> Result<wit::model::Reply, Failure> {
        let system = optional("system", question.system.as_deref(), SYSTEM_CHARS)?;
        let prompt = required("prompt", &question.prompt, PROMPT_CHARS)?;
        if question.max_tokens == 0 {
            return Err(Failure::Invalid("`max-tokens` is 0: say how long the answer may be".to_owned()));
        }
        if self.asked.0 == self.allowed.calls {
            return Err(Failure::Denied(format!(
                "this call has asked the model {} times and may not ask again: ask for more at once, or raise {}",
                self.allowed.calls,
                self.granted_in.place("model.calls")
            )));
        }
        self.asked.0 += 1;
        let Some(model) = self.port else {
            return Err(Failure::Unavailable("no model is connected".to_owned()));
        };
        let question = ModelQuestion {
            person: self.person,
            run: self.run,
            system: system.map(|text| self.known.redact(&text).into_owned()),
            prompt: self.known.redact(&prompt).into_owned(),
            max_tokens: question.max_tokens.min(self.allowed.tokens),
            cancel: self.cancel.clone(),
        };
        let ModelText { text, cut } = model.ask(question).await.map_err(told)?;
        Ok(wit::model::Reply { text: self.known.redact(&text).into_owned(), cut })
    }
}

/// What a plugin learns of a model's error: not where the model is.
fn told(error: ModelError) -> Failure {
    tracing::warn!(%error, "no model answered a plugin");
    match error {
        ModelError::TooLong { .. } => Failure::Invalid("the prompt is too long for the model: shorten it".to_owned()),
        ModelError::Cancelled => Failure::Unavailable("the call was stopped".to_owned()),
        _ => Failure::Unavailable("no model answers at the moment: try again later".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::bindings::wit::model::{Host as _, Question};
    use crate::fixture::Fixture;

    #[derive(Default)]
    struct Parrot(Mutex<Vec<ModelQuestion>>);

    #[async_trait]
    impl AskModel for Parrot {
        async fn ask(&self, question: ModelQuestion) -> Result<ModelText, ModelError> {
            let text = question.prompt.clone();
            self.0.lock().unwrap().push(question);
            if text.contains("fail") {
                return Err(ModelError::Unreachable { address: "10.0.0.5:1234".into(), reason: "refused".into() });
            }
            Ok(ModelText { text, cut: false })
        }
    }

    fn question(prompt: &str, max_tokens: u32) -> Question {
        Question { system: Some("Be brief.".to_owned()), prompt: prompt.to_owned(), max_tokens }
    }

    #[tokio::test]
    async fn a_question_is_bounded_in_tokens_and_number() {
        let fixture = Fixture::new().await;
        let mut call = fixture.owner();
        assert!(matches!(view(&mut call).ask(question("hello", 10)).await, Err(Failure::Unavailable(_))));
        let parrot = Arc::new(Parrot::default());
        assert!(call.backing.connected.model.set(parrot.clone()).is_ok());
        let mut call = fixture.owner();
        for tokens in [10, 1_000_000] {
            assert_eq!(view(&mut call).ask(question(" hello ", tokens)).await.unwrap().text, "hello");
        }
        let asked: Vec<_> = parrot.0.lock().unwrap().iter().map(|one| (one.max_tokens, one.person)).collect();
        let owner = call.principal.person;
        let allowed = call.grant.scope::<ModelGrant>();
        assert_eq!(asked, [(10, owner), (allowed.tokens, owner)]);
        for _ in 2..allowed.calls {
            view(&mut call).ask(question("more", 1)).await.unwrap();
        }
        let over = view(&mut call).ask(question("more", 1)).await;
        assert!(matches!(over, Err(Failure::Denied(text)) if text.contains("model.calls")));
    }

    #[tokio::test]
    async fn wrong_questions_and_absent_models_are_told_apart() {
        let fixture = Fixture::new().await;
        let mut call = fixture.owner();
        assert!(call.backing.connected.model.set(Arc::new(Parrot::default())).is_ok());
        assert!(matches!(view(&mut call).ask(question(" ", 1)).await, Err(Failure::Invalid(_))));
        assert!(matches!(view(&mut call).ask(question("a", 0)).await, Err(Failure::Invalid(_))));
        assert!(matches!(view(&mut call).ask(question(&"x".repeat(40_001), 1)).await, Err(Failure::Invalid(_))));
        let failed = view(&mut call).ask(question("fail", 1)).await;
        assert!(matches!(failed, Err(Failure::Unavailable(text)) if !text.contains("10.0.0.5")));
    }
}
