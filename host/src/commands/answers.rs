//! What each command does. Nothing here decides who may use it.

use futures::FutureExt as _;
use steward_agent::{Decision, Language, Role};

use super::{Answering, Given, Outcome, usage as used};
use crate::app::Host;
use crate::{approval, digest, texts};

pub(super) fn welcome<'a>(_host: &'a Host, given: Given<'a>) -> Answering<'a> {
    let text = texts::welcome(given.language, &given.person.role, &given.person.name);
    replied(text)
}

pub(super) fn help<'a>(host: &'a Host, given: Given<'a>) -> Answering<'a> {
    let (language, role) = (given.language, &given.person.role);
    let text = texts::help(language, role, &super::help_lines(language, role));
    if *role == Role::Owner && host.models.rehearsing() {
        return replied(format!("{text}\n\n{}", texts::connect_a_model(language)));
    }
    replied(text)
}

pub(super) fn stop<'a>(_host: &'a Host, given: Given<'a>) -> Answering<'a> {
    let text = texts::nothing_to_stop(given.language);
    async move { Ok(Outcome::Stop(text)) }.boxed()
}

pub(super) fn clear<'a>(_host: &'a Host, given: Given<'a>) -> Answering<'a> {
    let text = texts::cleared(given.language);
    async move { Ok(Outcome::Clear(text)) }.boxed()
}

pub(super) fn usage<'a>(host: &'a Host, given: Given<'a>) -> Answering<'a> {
    async move { Ok(Outcome::Reply(used::text(host, given.language, given.person, given.now).await?)) }.boxed()
}

/// The plugins with their tools, and the installed ones that were left out.
pub(super) fn plugins<'a>(host: &'a Host, given: Given<'a>) -> Answering<'a> {
    async move { Ok(Outcome::Reply(installed(host, given.language).await)) }.boxed()
}

pub(super) fn mail<'a>(host: &'a Host, given: Given<'a>) -> Answering<'a> {
    async move {
        let (shown, text) = digest::mail(host, given.person.id, given.language).await?;
        Ok(Outcome::Letters(text, shown))
    }
    .boxed()
}

pub(super) fn approve<'a>(host: &'a Host, given: Given<'a>) -> Answering<'a> {
    decide(host, given, Decision::Approve)
}

pub(super) fn deny<'a>(host: &'a Host, given: Given<'a>) -> Answering<'a> {
    decide(host, given, Decision::Deny)
}

pub(super) fn show<'a>(host: &'a Host, given: Given<'a>) -> Answering<'a> {
    decide(host, given, Decision::Show)
}

/// For somebody who would decide what is an owner's to decide.
pub(super) fn not_an_owner<'a>(_host: &'a Host, given: Given<'a>) -> Answering<'a> {
    replied(approval::owners_only(given.language))
}

fn decide<'a>(host: &'a Host, given: Given<'a>, decision: Decision) -> Answering<'a> {
    async move {
        let (person, language) = (given.person, given.language);
        let said = match given.argument {
            Some(code) => approval::obey(host, (decision, code), person, language, given.address).await?,
            None => Some(approval::which(host, decision, person, language).await?),
        };
        Ok(said.map_or(Outcome::Silence, Outcome::Reply))
    }
    .boxed()
}

fn replied<'a>(text: String) -> Answering<'a> {
    async move { Ok(Outcome::Reply(text)) }.boxed()
}

async fn installed(host: &Host, language: Language) -> String {
    let catalogue = host.plugins.refreshed().await;
    let installed = match language {
        Language::En => ", installed",
        Language::Ru => ", установлен",
    };
    let mut lines = Vec::new();
    for plugin in catalogue.plugins() {
        let tools = catalogue.tools().filter(|tool| tool.plugin.name == plugin.name);
        let tools: Vec<_> = tools.map(|tool| format!("`{}`", tool.name)).collect();
        let whose = if plugin.installed { installed } else { "" };
        let version = steward_agent::prompt::one_line(&plugin.version);
        lines.push(format!("• **{}** {version}{whose}: {}", plugin.name, tools.join(", ")));
    }
    for (name, error) in catalogue.refused() {
        lines.push(format!("⚠️ **{name}**: {error}"));
    }
    lines.join("\n")
}
