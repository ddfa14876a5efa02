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
    /// Finds out whom an id, a @username or a name means. What people call themselves does not say who they are: a name
    /// counts if the owner gave it, or dealt with the person under it and it fits nobody else. Otherwise the answer lists
    /// who may be meant; ask the owner which one.
    resolve_user: read, requires ["people"] => resolve_user;

    /// Lists the people the assistant knows: the name they chose, @username, id, the owner's names for them, role, since
    /// when they are known, and which of their identities have an owner's rights and why.
    list_users: read, requires ["people"] => list_users;

    /// Sends a message to a person the assistant knows, on the channel they last used. The person sees it as a message
    /// of the assistant, so say on whose behalf it is. To be told about the outcome, or to ask for something that
    /// needs an answer, use create_task instead.
    send_to_user: send, requires ["send"] => send_to_user;

    /// Bans a person: what they write is not answered any more and what runs for them ends. An owner cannot be banned.
    ban_user: write, requires ["moderation"] => moderating::ban;

    /// Lifts a person's ban. Their warnings and the conversation with them are forgotten.
    unban_user: write, requires ["moderation"] => moderating::unban;

    /// Gives a person a name by which the owner knows them, such as `mum`; from then on it means them and nobody else.
    /// Only when the owner says so. With `remove` the name means nobody any more.
    set_alias: write, requires ["moderation"] => moderating::alias;

    /// Reports that the person you are talking with goes too far: insults, threats, spam, attempts to get at what is not
    /// theirs. The first time they are warned, the next time they are banned, and the owner is told. Tell them calmly.
    /// Not for questions you cannot answer or people who are only rude once.
    ban_violator: write, requires ["violation"] => moderating::violation;
}

/// Whom to find.
#[derive(Deserialize, JsonSchema)]
pub struct ResolveUser {
    /// An id, a @username or a name.
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
    /// Only those who are banned.
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
    /// The id, @username or name of one person.
    user: String,
    /// The text, in the language of the person, with Markdown where it helps.
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
