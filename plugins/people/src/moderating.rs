//! Who is answered, and what the owner calls people.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::violation::Verdict;
use steward_sdk::{Failure, Output, moderation};

/// Whom it is about.
#[derive(Deserialize, JsonSchema)]
pub struct User {
    user: String,
}

pub fn ban(arguments: User) -> Result<Output, Failure> {
    let who = moderation::ban(arguments.user.trim())?;
    Ok(format!("Banned: {who}. What they write is not answered any more.").into())
}

pub fn unban(arguments: User) -> Result<Output, Failure> {
    let who = moderation::unban(arguments.user.trim())?;
    Ok(format!("Not banned any more: {who}. Warnings and the conversation with them are forgotten.").into())
}

/// A name and whom it means.
#[derive(Deserialize, JsonSchema)]
pub struct Alias {
    user: Option<String>,
    alias: String,
    /// Take the name away.
    remove: Option<bool>,
}

pub fn alias(arguments: Alias) -> Result<Output, Failure> {
    let alias = arguments.alias.trim();
    if arguments.remove.unwrap_or(false) {
        let who = moderation::drop_alias(alias)?;
        return Ok(format!("The name {alias} no longer means anybody; it meant {who}.").into());
    }
    let user = arguments.user.as_deref().map(str::trim).filter(|user| !user.is_empty());
    let user = user.ok_or_else(|| Failure::invalid("`user` is missing: say by id or @username whom the name means"))?;
    let who = moderation::give_alias(user, alias)?;
    Ok(format!("From now on {alias} means {who}.").into())
}

/// What somebody did.
#[derive(Deserialize, JsonSchema)]
pub struct Reason {
    /// A sentence for the owner.
    reason: String,
}

pub fn violation(arguments: Reason) -> Result<Output, Failure> {
    let reason = arguments.reason.trim();
    if reason.is_empty() {
        return Err(Failure::invalid("`reason` is empty: say in a sentence what they did"));
    }
    Ok(match steward_sdk::violation::report(reason)? {
        Verdict::Warned => "They are warned: tell them that the next time they are banned. The owner is told.",
        Verdict::Banned => "They are banned, and the owner is told.",
    }
    .into())
}
