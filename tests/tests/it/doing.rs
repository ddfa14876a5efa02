//! A model that does what the owner's words say to the letter, for tests of tools: `do: TOOL {…}`.

use serde_json::Value;
use steward_tests::host::HostBuilder;
use steward_tests::model::{Asked, Reply};
use steward_tests::telegram::ChatMessage;

use crate::stage::Stage;

/// The script of the model.
pub(crate) fn to_the_letter(asked: &Asked) -> Reply {
    if asked.after_tools() {
        return Reply::text(&format!("Done {}.", asked.number));
    }
    let said = asked.last_said();
    let order = said.split_once("do: ").and_then(|(_, order)| order.split_once(' '));
    match order.map(|(tool, rest)| (tool, &rest[..=rest.rfind('}').unwrap_or_default()])) {
        Some((tool, arguments)) => Reply::raw_call(tool, arguments),
        None => Reply::text("What should I do?"),
    }
}

/// A result without the boundary in which others' words stand.
pub(crate) fn unquoted(text: &str) -> String {
    let is_mark = |line: &&str| line.starts_with("<<FOREIGN ") || line.starts_with("<<END ");
    text.lines().filter(|line| !is_mark(line)).collect::<Vec<_>>().join("\n")
}

impl Stage {
    /// Everything, with that model and a configuration.
    pub(crate) async fn to_the_letter(configuration: &str) -> Self {
        Self::with(to_the_letter, |host: HostBuilder| host.configuration(configuration)).await
    }

    /// Has the owner order a call; gives the number of the request with which its result comes.
    pub(crate) fn order(&self, tool: &str, arguments: &Value) -> usize {
        let before = self.model.requests().len();
        self.owner.says(&format!("do: {tool} {arguments}"));
        before + 1
    }

    /// What the model was told of the call it made with that request.
    pub(crate) async fn outcome(&self, number: usize) -> String {
        let asked = self.model.asked(number + 1).await;
        self.owner.hears(|text| text == format!("Done {number}.")).await;
        asked[number].results().into_iter().map(|(_, text)| unquoted(&text)).collect()
    }

    /// Orders a call and waits for what the model is told of it.
    pub(crate) async fn does(&self, tool: &str, arguments: Value) -> String {
        let number = self.order(tool, &arguments);
        self.outcome(number).await
    }

    /// Waits for a question about a tool and presses its first button, which allows it, or its second.
    pub(crate) async fn decides(&self, tool: &str, allow: bool) -> ChatMessage {
        let question = self.owner.hears(|text| text.contains(&format!("May I call {tool}"))).await;
        let column = usize::from(!allow);
        let button = &question.markup.as_ref().unwrap()["inline_keyboard"][0][column]["callback_data"];
        self.owner.presses(question.id, button.as_str().unwrap());
        question
    }
}
