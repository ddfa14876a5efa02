//! A plugin that keeps data of its own, sends a secret it never sees, and asks the model.
//!
//! It is compiled by the build script of the tests and only ever run by them.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, NoArguments, http, kv, model, secrets};

steward_sdk::plugin! {
    /// Keeps a word under a key, or gives back the one that is there.
    keep: write, requires ["kv"] => keep;

    /// Counts how often it was called.
    count: write, requires ["kv"] => count;

    /// Sends the secret to an address and gives back the answer.
    send_token: send, requires ["http", "secrets"] => send_token;

    /// Sends any text to an address and gives back the answer.
    post: send, requires ["http"] => post;

    /// Names the secrets it was granted.
    tokens: read, requires ["secrets"] => tokens;

    /// Asks for the secret that is missing.
    want_token: send, requires ["secrets"] => want_token;

    /// Asks the model.
    ponder: read, requires ["model"] => ponder;
}

#[derive(Deserialize, JsonSchema)]
struct Keep {
    key: String,
    word: Option<String>,
}

fn keep(Keep { key, word }: Keep) -> Result<String, Failure> {
    match word {
        Some(word) => kv::set(&key, &word).map(|()| "kept".to_owned()),
        None => Ok(kv::get(&key)?.unwrap_or_else(|| "nothing".to_owned())),
    }
}

fn count(NoArguments {}: NoArguments) -> Result<String, Failure> {
    let count = kv::get::<u32>("count")?.unwrap_or(0) + 1;
    kv::set("count", &count)?;
    Ok(count.to_string())
}

#[derive(Deserialize, JsonSchema)]
struct Address {
    url: String,
}

fn send_token(Address { url }: Address) -> Result<String, Failure> {
    let token = format!("Bearer {}", secrets::placeholder("TOKEN"));
    let answer = http::get(url).header("authorization", token).send().map_err(told)?;
    Ok(answer.text())
}

#[derive(Deserialize, JsonSchema)]
struct Post {
    url: String,
    text: String,
}

fn post(Post { url, text }: Post) -> Result<String, Failure> {
    let answer = http::post(url, text).header("content-type", "text/plain").send().map_err(told)?;
    Ok(answer.text())
}

fn told(error: http::HttpError) -> Failure {
    Failure::failed(error.to_string())
}

fn tokens(NoArguments {}: NoArguments) -> Result<String, Failure> {
    let line = |one: secrets::Secret| format!("{} {} {}", one.name, one.is_set, one.hosts.join(","));
    Ok(secrets::list()?.into_iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn want_token(NoArguments {}: NoArguments) -> Result<String, Failure> {
    secrets::ask("MISSING", "To read the issues.").map(|()| "asked".to_owned())
}

#[derive(Deserialize, JsonSchema)]
struct Ponder {
    prompt: String,
}

fn ponder(Ponder { prompt }: Ponder) -> Result<String, Failure> {
    model::question(prompt).max_tokens(1_000).system("Be brief.").ask().map(|reply| reply.text)
}
