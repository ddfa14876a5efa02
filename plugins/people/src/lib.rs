//! The people plugin: who is known, a word to one of them, and who is answered no more.
//!
//! Who is meant, who may be written to and who may be banned is the host's decision; this only words the question and the
//! answer.

pub mod moderating;
pub mod view;

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output, people, send};

steward_sdk::plugin! {
    /// Whom an id, @username or name means. Names people chose do not identify: then ask the owner.
    resolve_user: read, requires ["people"] => resolve_user;

    /// Lists the people you know: names, @username, id, role, and who has an owner's rights and why.
    list_users: read, requires ["people"] => list_users;

    /// Sends a person a message on the channel they last used. Say on whose behalf. If it needs an answer use
    /// create_task.
    send_to_user: send, requires ["send"] => send_to_user;

    /// Bans a person: they are not answered any more and what runs for them ends.
    ban_user: write, requires ["moderation"] => moderating::ban;

    /// Lifts a ban; clears warnings and the conversation.
    unban_user: write, requires ["moderation"] => moderating::unban;

    /// Gives a person the name by which the owner knows them, such as `mum`. Only when the owner says so.
    set_alias: write, requires ["moderation"] => moderating::alias;

    /// Reports that the person you talk with goes too far: threats, spam, reaching for what is not theirs. First a
    /// warning, then a ban. Not for mere rudeness.
    ban_violator: write, requires ["violation"] => moderating::violation;
}

/// Whom to find.
#[derive(Deserialize, JsonSchema)]
pub struct ResolveUser {
    /// Name, @username or id.
    query: String,
}

fn resolve_user(arguments: ResolveUser) -> Result<Output, Failure> {
    let query = arguments.query.trim();
    if query.is_empty() {
        return Err(Failure::invalid("`query` is empty: give an id, a @username or a name"));
    }
    Ok(view::people(&[people::resolve(query)?]))
}

/// Whom to list.
#[derive(Deserialize, JsonSchema)]
pub struct ListUsers {
    banned_only: Option<bool>,
}

fn list_users(arguments: ListUsers) -> Result<Output, Failure> {
    let banned_only = arguments.banned_only.unwrap_or(false);
    let found = people::everybody(banned_only)?;
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
