//! The people plugin: who is known, and a word to one of them.
//!
//! Who may be written to is the host's decision; this only words the question and the answer.

pub mod view;

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output, people, send};

steward_sdk::plugin! {
    /// Finds people you know, best match first, when a name may fit several.
    resolve_user: read, requires ["people"] => resolve_user;

    /// Lists the people you know, with id, role and when last heard from.
    list_users: read, requires ["people"] => list_users;

    /// Sends a person a message on the channel they last used. Say on whose behalf. If it needs an answer use
    /// create_task.
    send_to_user: send, requires ["send"] => send_to_user;
}

/// Whom to find.
#[derive(Deserialize, JsonSchema)]
pub struct ResolveUser {
    /// Name or part of it, @username or id.
    query: String,
}

fn resolve_user(arguments: ResolveUser) -> Result<Output, Failure> {
    let query = arguments.query.trim();
    if query.is_empty() {
        return Err(Failure::invalid("`query` is empty: give a name, a @username or an id"));
    }
    let found = people::find(query)?;
    if found.is_empty() {
        return Err(Failure::not_found(format!(
            "nobody known fits `{query}`: list_users shows everybody; \
             a person becomes known by writing to the assistant"
        )));
    }
    Ok(view::people(&found))
}

/// Whom to list.
#[derive(Deserialize, JsonSchema)]
pub struct ListUsers {
    banned_only: Option<bool>,
}

fn list_users(arguments: ListUsers) -> Result<Output, Failure> {
    let banned_only = arguments.banned_only.unwrap_or(false);
    let found = people::list(banned_only)?;
    if found.is_empty() {
        return Ok(if banned_only { "Nobody is banned." } else { "Nobody is known yet." }.into());
    }
    Ok(view::people(&found))
}

/// A message and whom it is for.
#[derive(Deserialize, JsonSchema)]
pub struct SendToUser {
    /// Name, @username or id.
    user: String,
    /// In their language.
    message: String,
}

fn send_to_user(arguments: SendToUser) -> Result<Output, Failure> {
    let message = arguments.message.trim();
    if message.is_empty() {
        return Err(Failure::invalid("`message` is empty: say what to send"));
    }
    let receipt = send::message(arguments.user.trim(), message)?;
    Ok(format!("The message to {} is on its way by {}.", receipt.user, receipt.channel).into())
}
