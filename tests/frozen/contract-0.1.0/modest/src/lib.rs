//! A plugin written against the contract 0.1.0 without any SDK: it answers in every way a tool can answer.
#![cfg(target_family = "wasm")]

wit_bindgen::generate!({ path: "../wit", world: "plugin" });

use exports::steward::plugin::tool::{Attachment, Effect, Failure, Guest, Output, Spec};
use steward::plugin::{log, run};

const EFFECTS: [(&str, Effect); 4] = [
    ("modest_read", Effect::Read),
    ("modest_write", Effect::Write),
    ("modest_send", Effect::Send),
    ("modest_destroy", Effect::Destructive),
];

struct Modest;

impl Guest for Modest {
    fn specs() -> Vec<Spec> {
        EFFECTS
            .into_iter()
            .map(|(name, effect)| Spec {
                name: name.to_owned(),
                description: format!("Answers as its arguments ask it to, with the effect of {name}."),
                input_schema: r#"{"type":"object","properties":{"answer":{"type":"string"}}}"#.to_owned(),
                requires: Vec::new(),
                effect,
            })
            .collect()
    }

    fn call(name: String, input: String) -> Result<Output, Failure> {
        log::write(log::Level::Debug, &format!("{name} is called at {}", run::now()));
        let asked = |word: &str| input.contains(word);
        match () {
            () if asked("invalid") => Err(Failure::Invalid("an invalid answer".to_owned())),
            () if asked("denied") => Err(Failure::Denied("a denied answer".to_owned())),
            () if asked("not-found") => Err(Failure::NotFound("an answer not found".to_owned())),
            () if asked("unavailable") => Err(Failure::Unavailable("an unavailable answer".to_owned())),
            () if asked("failed") => Err(Failure::Failed("a failed answer".to_owned())),
            () => Ok(Output {
                text: format!("{name} got {input}"),
                structured: Some(input),
                attachments: vec![Attachment {
                    name: "note.txt".to_owned(),
                    mime: "text/plain".to_owned(),
                    data: b"noted".to_vec(),
                }],
            }),
        }
    }
}

export!(Modest);
