//! The chain of models: when one has no answer the next is asked, and the owner notices nothing; when none has, one
//! plain sentence tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use steward_tests::model::{Asked, KEY, MODEL, Provider, Reply};
use steward_tests::telegram::Person;
use steward_tests::{Host, ScriptedModel, Telegram};

use crate::stage::OWNER;

/// How often a model that may come round is asked.
const TRIES: usize = 4;

struct Chain {
    tg: Telegram,
    owner: Person,
    host: Host,
}

impl Chain {
    /// A host that has these models, in this order.
    async fn of(models: &str) -> Self {
        let tg = Telegram::start().await;
        let owner = tg.person(OWNER, "Olga").language("en");
        let host = Host::builder().owner(OWNER).telegram(&tg).configuration(models).start().await;
        Self { tg, owner, host }
    }

    /// The owner asks and gets this answer in one message.
    async fn answers(&self, answer: &str) {
        self.owner.says("Are you there?");
        self.owner.hears(|text| text == answer).await;
        self.tg.all_confirmed().await;
        assert_eq!(self.owner.sees().len(), 1, "nobody is told of the model that failed");
    }
}

fn openai(model: &ScriptedModel) -> String {
    entry("openai", &model.openai_url())
}

fn anthropic(model: &ScriptedModel) -> String {
    entry("anthropic", &model.anthropic_url())
}

fn entry(provider: &str, url: &str) -> String {
    format!("[[models]]\nprovider = \"{provider}\"\nbase_url = \"{url}\"\nkey = \"{KEY}\"\nmodel = \"{MODEL}\"\n")
}

#[tokio::test]
async fn when_the_first_refuses_the_key_the_second_answers() {
    let first = ScriptedModel::start(|_| Reply::error(401, "the key is wrong")).await;
    let second = ScriptedModel::saying("I am.").await;
    let mut chain = Chain::of(&(openai(&first) + &anthropic(&second))).await;
    chain.answers("I am.").await;
    assert_eq!(first.requests().len(), 1, "a wrong key does not come right by asking again");
    assert_eq!(second.requests()[0].provider, Provider::Anthropic);
    let told = chain.host.logs(|line| line.contains("WARN") && line.contains("no answer from")).await;
    assert!(told.contains("the key is wrong") && !told.contains(KEY), "{told}");
}

#[tokio::test]
async fn when_the_first_is_overloaded_the_second_answers() {
    for (status, of) in [(529, anthropic as fn(&ScriptedModel) -> String), (503, openai)] {
        let first = ScriptedModel::start(move |_| Reply::error(status, "Overloaded").retry_after(0)).await;
        let second = ScriptedModel::saying("I am.").await;
        let chain = Chain::of(&(of(&first) + &openai(&second))).await;
        chain.answers("I am.").await;
        assert_eq!(first.requests().len(), TRIES, "{status} may pass");
        assert_eq!(second.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_model_that_wants_to_be_left_alone_for_an_hour_is_not_waited_for() {
    let first = ScriptedModel::start(|_| Reply::error(429, "slow down").retry_after(3_600)).await;
    let second = ScriptedModel::saying("I am.").await;
    Chain::of(&(openai(&first) + &openai(&second))).await.answers("I am.").await;
    assert_eq!(first.requests().len(), 1);
}

#[tokio::test]
async fn when_the_first_is_not_there_the_second_answers() {
    let gone = ScriptedModel::saying("never").await.openai_url();
    let second = ScriptedModel::saying("I am.").await;
    Chain::of(&(entry("openai", &gone) + &anthropic(&second))).await.answers("I am.").await;
}

#[tokio::test]
async fn what_a_model_said_before_it_broke_off_gives_way_to_the_next_one_s_answer() {
    let first = ScriptedModel::start(|_| Reply::text("I was inter").cut()).await;
    let second = ScriptedModel::saying("I am.").await;
    Chain::of(&(openai(&first) + &anthropic(&second))).await.answers("I am.").await;
    assert_eq!(first.requests().len(), TRIES);
}

#[tokio::test]
async fn the_second_goes_on_with_what_the_first_had_done() {
    let first = ScriptedModel::start(|asked| match asked.after_tools() {
        false => Reply::call("memory_append", json!({ "content": "The flat is 42." })),
        true => Reply::error(529, "Overloaded").retry_after(0),
    })
    .await;
    let second = ScriptedModel::start(|asked: &Asked| match asked.results().as_slice() {
        [(id, _)] if id == "call_1" => Reply::text("Noted."),
        other => Reply::text(&format!("What was done before? I see {other:?}")),
    })
    .await;
    let chain = Chain::of(&(openai(&first) + &anthropic(&second))).await;
    chain.owner.says("remember: the flat is 42");
    chain.owner.hears(|text| text == "Noted.").await;
    let memory = std::fs::read_to_string(chain.host.workspace().join("MEMORY.md")).unwrap();
    assert_eq!(memory.matches("The flat is 42.").count(), 1, "the tool was called once");
}

#[tokio::test]
async fn when_both_are_down_one_plain_sentence_tells_and_nothing_is_lost() {
    let up = Arc::new(AtomicBool::new(false));
    let recovered = Arc::clone(&up);
    let first = ScriptedModel::start(|_| Reply::error(401, "the key is wrong")).await;
    let second = ScriptedModel::start(move |_| match recovered.load(Ordering::SeqCst) {
        false => Reply::error(529, "Overloaded").retry_after(0),
        true => Reply::text("I am."),
    })
    .await;
    let chain = Chain::of(&(openai(&first) + &anthropic(&second))).await;
    let anna = chain.tg.person(2002, "Anna").language("ru");
    chain.owner.says("Are you there?");
    let told = chain.owner.hears(|text| text.contains("⚠️")).await;
    let address = second.anthropic_url().replace("http://", "");
    let sentence = format!("⚠️ The model at {address} is overloaded. Please write again in a few minutes.");
    assert_eq!(told.text(), sentence);
    assert_eq!((first.requests().len(), second.requests().len()), (1, TRIES));
    anna.says("Вы здесь?");
    anna.hears(|text| text == "Сейчас не могу ответить. Попробуйте, пожалуйста, чуть позже.").await;

    up.store(true, Ordering::SeqCst);
    chain.owner.says("And now?");
    chain.owner.hears(|text| text == "I am.").await;
    let said = second.requests().last().unwrap().said().join("\n");
    assert!(said.contains("Are you there?") && said.contains("And now?"), "{said}");
    assert_eq!(chain.owner.sees().len(), 2);
}
