//! Where a conversation stands: which of the person's messages are still to be answered, and which calls were made for
//! them. It is worked out again from the history each time, so nothing is kept between steps.

use serde_json::{Map, Value, json};
use steward_agent::{Language, Message, ModelRequest, ToolCall, ToolResult, UserMessage, foreign};

use super::answer;
use super::ask::{Ask, understand};
use super::texts;
use crate::calls::new_id;

/// What to do next.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Call(Vec<ToolCall>),
    Say(String),
}

/// A run as the request shows it.
pub(super) struct Situation<'a> {
    request: &'a ModelRequest,
    /// Everything since the last answer.
    open: &'a [Message],
    /// Calls already made for an open message.
    taken: Vec<&'a str>,
}

impl<'a> Situation<'a> {
    pub(super) fn of(request: &'a ModelRequest) -> Self {
        let answered = |message: &Message| match message {
            Message::Assistant { calls, .. } => calls.is_empty(),
            Message::Summary { .. } => true,
            Message::User(_) | Message::Tool(_) => false,
        };
        let from = request.messages.iter().rposition(answered).map_or(0, |at| at + 1);
        Self { request, open: &request.messages[from..], taken: Vec::new() }
    }

    /// The calls that are still to be made, or the answer when there are none.
    pub(super) fn step(mut self) -> Step {
        let mut calls = Vec::new();
        let mut answers = Vec::new();
        for user in self.users() {
            let language = self.language(user);
            let ask = self.meant(understand(&foreign::outside(&user.text), &user.files));
            match self.one(&ask, language) {
                Step::Call(call) => calls.extend(call),
                Step::Say(answer) => answers.push(answer),
            }
        }
        match (calls.is_empty(), answers.is_empty()) {
            (false, _) => Step::Call(calls),
            (true, false) => Step::Say(answers.join("\n\n")),
            (true, true) => Step::Say(self.say(&Ask::Help, Language::default())),
        }
    }

    fn users(&self) -> Vec<&'a UserMessage> {
        let user = |message: &'a Message| match message {
            Message::User(user) => Some(user),
            _ => None,
        };
        self.open.iter().filter_map(user).collect()
    }

    /// The call for what is asked, the words for its result if it was made, or an answer that needs none.
    fn one(&mut self, ask: &Ask, language: Language) -> Step {
        let wanted = wanted(ask);
        if let Some(result) = wanted.iter().find_map(|(tool, input)| self.made(tool, input)) {
            return Step::Say(result.map_or_else(|| texts::not_here(language), |r| answer::word(ask, language, r)));
        }
        match wanted.into_iter().find(|(tool, _)| self.offered(tool)) {
            Some((name, input)) => Step::Call(vec![ToolCall { id: new_id(), name: name.to_owned(), input }]),
            None => Step::Say(self.say(ask, language)),
        }
    }

    /// What became of such a call, if it was made; each counts for one message only.
    fn made(&mut self, tool: &str, input: &Value) -> Option<Option<&'a ToolResult>> {
        let calls = self.open.iter().filter_map(|message| match message {
            Message::Assistant { calls, .. } => Some(calls),
            _ => None,
        });
        let same =
            |call: &&ToolCall| call.name == tool && call.input == *input && !self.taken.contains(&call.id.as_str());
        let call = calls.flatten().find(same)?;
        self.taken.push(&call.id);
        Some(self.open.iter().find_map(|message| match message {
            Message::Tool(result) if result.id == call.id => Some(result),
            _ => None,
        }))
    }

    fn offered(&self, tool: &str) -> bool {
        self.request.tools.iter().any(|spec| spec.name == tool)
    }

    /// Somebody who may leave the owner a message and little else.
    fn outsider(&self) -> bool {
        self.offered("send_summary_to_owner") && !self.offered("memory_append")
    }

    fn language(&self, user: &UserMessage) -> Language {
        let earlier = || {
            self.request.messages.iter().rev().find_map(|message| match message {
                Message::User(user) => Language::of_text(&foreign::outside(&user.text)),
                _ => None,
            })
        };
        Language::of_text(&foreign::outside(&user.text)).or_else(earlier).unwrap_or_default()
    }

    /// A yes means what was offered before it.
    fn meant(&self, ask: Ask) -> Ask {
        let before = &self.request.messages[..self.request.messages.len() - self.open.len()];
        match (ask, before) {
            (Ask::Yes, [.., Message::User(asked), Message::Assistant { text, .. }])
                if [Language::En, Language::Ru].iter().any(|language| text.contains(&texts::offer(*language))) =>
            {
                Ask::PassOn(asked.text.clone())
            }
            (ask, _) => ask,
        }
    }

    /// The answer to what needs no tool, or has none here.
    fn say(&self, ask: &Ask, language: Language) -> String {
        let offered = |tool: &str| self.offered(tool);
        match ask {
            Ask::Remind(plan) if self.offered("schedule_task") && plan.time.is_none() => texts::say(
                language,
                "When shall I remind you? For example: “remind me in one hour to buy milk”.",
                "Когда напомнить? Например: «напомни мне через час купить молоко».",
            ),
            Ask::Help | Ask::Yes => texts::help(language, &offered, self.outsider()),
            Ask::Thanks => texts::say(language, "You are welcome!", "Пожалуйста!"),
            Ask::Received(path) => texts::say(
                language,
                format!("I have it: `{path}`. The rehearsal model cannot look into it."),
                format!("Файл у меня: `{path}`. Репетиционная модель заглянуть в него не может."),
            ),
            Ask::Unknown => texts::unknown(language, &offered, self.outsider()),
            _ if self.outsider() => texts::offer(language),
            _ => texts::not_here(language),
        }
    }
}

/// The calls that would do it, the best first; the first one whose tool is offered is made.
fn wanted(ask: &Ask) -> Vec<(&'static str, Value)> {
    match ask {
        Ask::Remind(plan) => plan.time.iter().map(|time| ("schedule_task", remind(&plan.title, time))).collect(),
        Ask::Remember(fact) => vec![("memory_append", json!({ "content": fact }))],
        Ask::Note(note) => vec![("memory_log", json!({ "content": note }))],
        Ask::Recall(_) => vec![("memory_context", json!({}))],
        Ask::Reminders => vec![("list_scheduled", json!({})), ("get_my_tasks", json!({})), ("list", json!({}))],
        Ask::Cancel(Some(id)) => vec![("cancel_task", json!({ "task_id": id }))],
        Ask::Cancel(None) => vec![("list_scheduled", json!({}))],
        Ask::Files(path) => vec![("list", path.as_ref().map_or_else(|| json!({}), |path| json!({ "path": path })))],
        Ask::Read(path) => {
            let memory = ["MEMORY.md", "HEARTBEAT.md"].contains(&path.as_str()) || path.starts_with("memory/");
            let tools: &[&'static str] = if memory { &["memory_read", "read"] } else { &["read"] };
            tools.iter().map(|tool| (*tool, json!({ "path": path }))).collect()
        }
        Ask::Compute(script) => vec![("run_code", json!({ "script": script }))],
        Ask::Page(url) => vec![("web_fetch", json!({ "url": url }))],
        Ask::Tasks => vec![("get_my_tasks", json!({})), ("list_tasks", json!({}))],
        Ask::Update(news) => {
            let mut input = Map::from_iter([("task_id".to_owned(), json!(news.id))]);
            input.extend(news.status.map(|status| ("status".to_owned(), json!(status))));
            input.extend(news.result.as_ref().map(|result| ("result".to_owned(), json!(result))));
            vec![("update_task", Value::Object(input))]
        }
        Ask::PassOn(summary) => vec![("send_summary_to_owner", json!({ "summary": summary }))],
        Ask::NewTask { user, title } => vec![("create_task", json!({ "user": user, "title": title }))],
        Ask::People => vec![("list_users", json!({}))],
        Ask::Send { user, message } => vec![("send_to_user", json!({ "user": user, "message": message }))],
        Ask::Received(_) | Ask::Help | Ask::Thanks | Ask::Yes | Ask::Unknown => Vec::new(),
    }
}

fn remind(title: &str, time: &str) -> Value {
    let title = match (title.is_empty(), Language::of_text(time)) {
        (false, _) => title,
        (true, Some(Language::Ru)) => "Напоминание",
        (true, _) => "Reminder",
    };
    json!({ "title": title, "time": time })
}
