//! A plugin written against the contract 0.1.0 without any SDK: one tool an interface, and each calls every function
//! that interface had. What each function gave is the answer, one line a function.
#![cfg(target_family = "wasm")]

wit_bindgen::generate!({ path: "../wit", world: "plugin" });

use std::fmt::Debug;

use exports::steward::plugin::tool::{Effect, Failure, Guest, Output, Spec};
use serde_json::{Value, json};
use steward::plugin::{delegate, kv, log, memory, model, own_tasks, owner_mail, people, run, schedule, secrets, send};

/// The tools, each with the capability it requires, its effect, and what it does.
const TOOLS: &[(&str, &[&str], Effect, fn(&Value) -> Lines)] = &[
    ("use_run", &[], Effect::Read, use_run),
    ("use_log", &[], Effect::Read, use_log),
    ("use_kv", &["kv"], Effect::Write, use_kv),
    ("use_memory", &["memory"], Effect::Write, use_memory),
    ("use_schedule", &["schedule"], Effect::Write, use_schedule),
    ("use_delegate", &["delegate"], Effect::Send, use_delegate),
    ("use_people", &["people"], Effect::Read, use_people),
    ("use_send", &["send"], Effect::Send, use_send),
    ("use_own_tasks", &["own-tasks"], Effect::Write, use_own_tasks),
    ("use_owner_mail", &["owner-mail"], Effect::Send, use_owner_mail),
    ("use_model", &["model"], Effect::Read, use_model),
    ("use_secrets", &["secrets"], Effect::Read, use_secrets),
];

struct Everything;

impl Guest for Everything {
    fn specs() -> Vec<Spec> {
        let spec = |(name, requires, effect, _): &(&str, &[&str], Effect, fn(&Value) -> Lines)| Spec {
            name: (*name).to_owned(),
            description: format!("Calls every function of an interface: {name}."),
            input_schema: json!({ "type": "object" }).to_string(),
            requires: requires.iter().map(|one| (*one).to_owned()).collect(),
            effect: *effect,
        };
        TOOLS.iter().map(spec).collect()
    }

    fn call(name: String, input: String) -> Result<Output, Failure> {
        let input = serde_json::from_str(&input).map_err(|error| Failure::Invalid(error.to_string()))?;
        let tool = TOOLS.iter().find(|(tool, ..)| *tool == name);
        let (.., act) = tool.ok_or_else(|| Failure::NotFound(format!("there is no tool {name}")))?;
        Ok(Output { text: act(&input).0, structured: None, attachments: Vec::new() })
    }
}

/// What the functions gave.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn say(mut self, function: &str, gave: impl Debug) -> Self {
        self.0.push_str(&format!("{function}: {gave:?}\n"));
        self
    }
}

fn text(input: &Value, key: &str) -> String {
    input[key].as_str().unwrap_or_default().to_owned()
}

fn use_run(_: &Value) -> Lines {
    run::progress("half way");
    Lines::default()
        .say("caller", run::caller())
        .say("locale", run::locale())
        .say("time-zone", run::time_zone())
        .say("now", run::now())
        .say("time-left", run::time_left() > 0)
}

fn use_log(_: &Value) -> Lines {
    for level in [log::Level::Debug, log::Level::Info, log::Level::Warn, log::Level::Error] {
        log::write(level, "a line");
    }
    Lines::default().say("write", ())
}

fn use_kv(_: &Value) -> Lines {
    Lines::default()
        .say("set", kv::set("a/b", b"value"))
        .say("get", kv::get("a/b"))
        .say("list", kv::list("a/"))
        .say("delete", kv::delete("a/b"))
        .say("get", kv::get("a/b"))
}

fn use_memory(_: &Value) -> Lines {
    Lines::default()
        .say("append", memory::append("MEMORY.md", "- frozen in 0.1.0"))
        .say("files", memory::files())
        .say("read", memory::read("MEMORY.md"))
        .say("read", memory::read("memory/1999-01-01.md"))
}

fn use_schedule(input: &Value) -> Lines {
    use schedule::{Due, NewJob};
    let dues = [Due::After(3600), Due::At(text(input, "at")), Due::Cron("0 8 * * 1-5".to_owned()), Due::Every(3600)];
    let mut lines = Lines::default();
    for due in dues {
        let job = NewJob { title: "Tea".to_owned(), prompt: None, due, recipients: Vec::new(), model: None };
        let made = schedule::create(&job);
        lines = lines.say("create", made.as_ref().map(|job| (&job.title, &job.repeat)));
        if let Ok(job) = made {
            lines = lines.say("cancel", schedule::cancel(&job.id).map(|job| job.title));
        }
    }
    lines.say("list", schedule::list().map(|jobs| jobs.len())).say("cancel", schedule::cancel("none"))
}

fn use_delegate(input: &Value) -> Lines {
    let task = delegate::NewTask {
        user: text(input, "user"),
        title: "Water the plants".to_owned(),
        kind: Some("errand".to_owned()),
        deadline: Some(text(input, "at")),
        context: Some("There are three.".to_owned()),
        skill: None,
    };
    let all = delegate::Filter { user: None, status: None, kind: None, overdue_only: false };
    let told = |task: &delegate::Task| (task.title.clone(), task.status.clone(), task.user.clone(), task.overdue);
    Lines::default()
        .say("create", delegate::create(&task).as_ref().map(told))
        .say("list", delegate::list(&all).map(|tasks| tasks.iter().map(told).collect::<Vec<_>>()))
}

fn use_people(input: &Value) -> Lines {
    let told = |person: &people::Person| (person.name.clone(), person.role.clone(), person.banned);
    Lines::default()
        .say("find", people::find(&text(input, "user")).map(|all| all.iter().map(told).collect::<Vec<_>>()))
        .say("list", people::list(true).map(|all| all.iter().map(told).collect::<Vec<_>>()))
}

fn use_send(input: &Value) -> Lines {
    Lines::default().say("message", send::message(&text(input, "user"), "Good morning"))
}

fn use_own_tasks(_: &Value) -> Lines {
    let tasks = own_tasks::list();
    let told = |task: &own_tasks::Task| (task.title.clone(), task.status.clone(), task.outcome.clone());
    let lines = Lines::default()
        .say("list", tasks.as_ref().map(|tasks| tasks.iter().map(told).collect::<Vec<_>>()))
        .say("update", own_tasks::update("none", Some("done"), None));
    tasks.iter().flatten().fold(lines, |lines, task| {
        lines.say("update", own_tasks::update(&task.id, Some("done"), Some("They are wet.")).as_ref().map(told))
    })
}

fn use_owner_mail(_: &Value) -> Lines {
    Lines::default().say("leave", owner_mail::leave("The plants are fine."))
}

fn use_model(_: &Value) -> Lines {
    let question = model::Question { system: Some("Be brief.".to_owned()), prompt: "Tea?".to_owned(), max_tokens: 10 };
    Lines::default().say("ask", model::ask(&question))
}

fn use_secrets(_: &Value) -> Lines {
    Lines::default()
        .say("list", secrets::list())
        .say("ask", secrets::ask("EXAMPLE_TOKEN", "to show how it is asked for"))
        .say("ask", secrets::ask("OTHER_TOKEN", "which was not granted"))
}

export!(Everything);
