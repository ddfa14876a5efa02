//! A request and its changes in words, English and Russian. What the author wrote is marked as such and shown so that
//! nothing in it can hide.

use std::cmp::Ordering;

use steward_agent::{Language, Origin, Role, bytes};

use super::scope;
use super::{Approved, AskedCapability, AskedTool, Change, Consent, Doubt, Extent, Request};
use crate::capability::Capability;
use crate::grant::{Access, CapabilitySet, Requirement};
use crate::limits::Limits;
use crate::lines::{Lines, joined, shown};
use crate::roles::Roles;
use crate::scope::{Row, Sentence};

impl Consent {
    /// What the owner is asked to agree to, what changed first. `limits` are what a call is held to.
    pub fn text(&self, language: Language, limits: &Limits) -> String {
        let mut lines = Lines::new(language);
        head(&self.request, self.author.as_deref(), &mut lines);
        changed(self.approved.as_ref(), &mut lines);
        body(&self.request, limits, &mut lines);
        lines.text()
    }

    /// What changed since the approved version, and nothing else.
    pub fn changes_text(&self, language: Language) -> String {
        let mut lines = Lines::new(language);
        changed(self.approved.as_ref(), &mut lines);
        lines.text()
    }
}

fn head(request: &Request, author: Option<&str>, lines: &mut Lines) {
    let Request { name, version, description, kind, hash, size, .. } = request;
    lines.line(&format!("{} {} ({})", shown(name), shown(version), bytes(*size as u64)));
    lines.item(kind.words(lines.language()));
    let says = lines.pick("Its author says", "Автор пишет");
    lines.item(&format!("{says}: {}", shown(description)));
    lines.item(&format!("BLAKE3 {hash}"));
    match author {
        Some(key) => lines.item(&format!("{} {key}", lines.pick("Signed with the key", "Подписан ключом"))),
        None => lines.item(lines.pick("Not signed", "Не подписан")),
    }
}

fn changed(approved: Option<&Approved>, lines: &mut Lines) {
    let Some(Approved { version, doubts, changes }) = approved else { return };
    let version = shown(version);
    doubts.iter().for_each(|doubt| lines.line(&doubt.text(lines.language())));
    if changes.is_empty() {
        let same =
            lines.pick("It asks for the same as the approved version", "Просит о том же, что и одобренная версия");
        lines.line(&format!("{same} {version}."));
        return;
    }
    let since = lines.pick("Changed since the approved version", "Изменилось после одобренной версии");
    lines.line(&format!("{since} {version}:"));
    let (wider, other): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.widens());
    for (sign, changes) in [("+", wider), ("-", other)] {
        changes.into_iter().for_each(|change| lines.item(&format!("{sign} {}", change.text(lines.language()))));
    }
}

fn body(request: &Request, limits: &Limits, lines: &mut Lines) {
    if request.capabilities.is_empty() {
        lines.head("It can reach nothing outside itself.", "Ни к чему снаружи доступа нет.");
    } else {
        lines.head("It asks to:", "Просит разрешения:");
        request.capabilities.iter().for_each(|one| capability(one, lines));
    }
    if !request.declined.is_empty() {
        let names = joined(&request.declined);
        let text = lines.pick(
            "It declines these, and calls to them fail:",
            "Отказывается от этого; такие вызовы завершатся ошибкой:",
        );
        lines.line(&format!("{text} {names}"));
    }
    if !request.unused.is_empty() {
        let names = joined(&request.unused);
        let text = lines.pick(
            "In its manifest but not in the binary, so it has no effect:",
            "Есть в манифесте, но не в программе, поэтому не действует:",
        );
        lines.line(&format!("{text} {names}"));
    }
    lines.line(&limits.text(lines.language()));
    if !request.tools.is_empty() {
        lines.head("Its tools, as it describes them itself:", "Инструменты, по его собственному описанию:");
        request.tools.iter().for_each(|one| tool(one, lines));
    }
    offered(request, lines);
}

/// Which tools are offered to more people than the owners, and which to nobody. What the configuration says of roles is
/// not known here.
fn offered(request: &Request, lines: &mut Lines) {
    let reach = request.capabilities.iter();
    let reach =
        reach.fold(CapabilitySet::EMPTY, |set, one| set.union(CapabilitySet::EMPTY.with(&one.name, one.access)));
    let roles = Roles::default();
    let others: Vec<_> = roles.names().filter(|role| **role != Role::Owner).collect();
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for tool in &request.tools {
        let requirements = tool.requires.iter().filter_map(|text| Requirement::parse(text));
        let needs = requirements.fold(CapabilitySet::EMPTY, |set, one| set.union(one.set()));
        if !reach.contains(needs) {
            closed.push(tool.name.clone());
        } else if others.iter().any(|role| roles.set(role, Origin::Chat).contains(needs)) {
            open.push(tool.name.clone());
        }
    }
    if !open.is_empty() {
        let text = lines.pick("Also offered to people who are not owners:", "Доступны и тем, кто не владелец:");
        lines.line(&format!("{text} {}", joined(&open)));
    }
    if !closed.is_empty() {
        let text = lines.pick(
            "Offered to nobody, because it declines what they require:",
            "Недоступны никому: плагин отказался от того, что им нужно:",
        );
        lines.line(&format!("{text} {}", joined(&closed)));
    }
}

fn capability(asked: &AskedCapability, lines: &mut Lines) {
    let language = lines.language();
    let known = Capability::named(&asked.name);
    let level = known.filter(|one| one.levels).map(|_| format!(" ({})", access(asked.access, language)));
    let summary = known.map_or("", |one| one.summary(language));
    lines.item(&format!("{}{}", shown(&asked.name), level.unwrap_or_default()));
    lines.item(&format!("  {summary}"));
    for row in scope::all_of(&asked.name) {
        let extent = asked.scopes.get(row.key);
        let told = extent.map(|extent| sentences(row, extent, language)).unwrap_or_default();
        told.iter().for_each(|line| lines.item(&format!("  {line}")));
    }
    if !asked.interfaces.is_empty() {
        let by = lines.pick("imported as", "импорт");
        lines.item(&format!("  {by} {}", joined(&asked.interfaces)));
    }
}

/// What a scope means, a line each; nothing of one that is empty.
fn sentences(row: &Row, extent: &Extent, language: Language) -> Vec<String> {
    let pick = |(en, ru): Sentence| if language == Language::En { en } else { ru };
    let with = |text: &str| pick(row.sentence).replace("{}", text);
    let items = match extent {
        Extent::Amount(number) => return vec![with(&number.to_string())],
        Extent::Items(items) => items,
    };
    let meaning = |item: &String| row.special.iter().find(|(special, _)| item == special).map(|(_, text)| pick(*text));
    let mut lines: Vec<_> = items.iter().filter_map(meaning).map(str::to_owned).collect();
    let plain: Vec<_> = items.iter().filter(|item| meaning(item).is_none()).collect();
    if !plain.is_empty() {
        lines.push(with(&joined(plain)));
    }
    lines
}

impl Limits {
    /// What a call is held to, in one line.
    pub fn text(&self, language: Language) -> String {
        let Self { memory, time, output, attachments, write, .. } = self;
        let [memory, output, files] = [*memory, *output, *attachments].map(|size| bytes(size as u64));
        let (write, time) = (bytes(*write), time.as_secs());
        match language {
            Language::En => format!(
                "A call has {memory} of memory, {time} s, {output} of answer, {files} of attachments, {write} to files."
            ),
            Language::Ru => format!(
                "Вызову дано: память {memory}, время {time} с, ответ {output}, вложения {files}, запись {write}."
            ),
        }
    }
}

fn tool(tool: &AskedTool, lines: &mut Lines) {
    let effect = tool.effect.in_words(lines.language());
    let requires = match tool.requires.as_slice() {
        [] => String::new(),
        requires => format!("; {} {}", lines.pick("requires", "требует"), joined(requires)),
    };
    lines.item(&format!("{} ({effect}{requires}): {}", shown(&tool.name), shown(&tool.description)));
}

fn access(access: Access, language: Language) -> &'static str {
    match (access, language) {
        (Access::None, Language::En) => "nothing",
        (Access::None, Language::Ru) => "ничего",
        (Access::Read, Language::En) => "only read",
        (Access::Read, Language::Ru) => "только чтение",
        (Access::Write, Language::En) => "read and write",
        (Access::Write, Language::Ru) => "чтение и запись",
    }
}

impl Doubt {
    /// The doubt in one line.
    pub fn text(&self, language: Language) -> String {
        let key = |key: &Option<String>| match (key, language) {
            (Some(key), _) => key.clone(),
            (None, Language::En) => "none".to_owned(),
            (None, Language::Ru) => "нет".to_owned(),
        };
        match (self, language) {
            (Self::Author { before: Some(before), now }, Language::En) => format!(
                "! It is not by the author of the installed version. Key before: {before}. Key now: {}.",
                key(now)
            ),
            (Self::Author { before: Some(before), now }, Language::Ru) => {
                format!("! Автор не тот, что у установленной версии. Ключ прежде: {before}. Ключ теперь: {}.", key(now))
            }
            (Self::Author { before: None, now }, Language::En) => {
                format!("! The installed version was not signed. From now on only the key {} can update it.", key(now))
            }
            (Self::Author { before: None, now }, Language::Ru) => {
                format!("! Установленная версия не подписана. Теперь обновлять её сможет только ключ {}.", key(now))
            }
            (Self::OtherFile { before, now }, Language::En) => format!(
                "! Neither version is signed, so nobody can tell whether the same author made both files.\n  \
                 Installed: {before}\n  New:       {now}"
            ),
            (Self::OtherFile { before, now }, Language::Ru) => format!(
                "! Обе версии не подписаны, и неизвестно, один ли автор сделал оба файла.\n  \
                 Установлен: {before}\n  Новый:      {now}"
            ),
            (Self::Version { before, now, known }, language) => versions(shown(before), shown(now), *known, language),
        }
    }
}

fn versions(before: String, now: String, known: Option<Ordering>, language: Language) -> String {
    match (known, language) {
        (Some(Ordering::Equal), Language::En) => format!("! It has the same version {now} and other content."),
        (Some(Ordering::Equal), Language::Ru) => format!("! Та же версия {now}, но другое содержимое."),
        (Some(_), Language::En) => format!("! Version {now} is older than the installed {before}."),
        (Some(_), Language::Ru) => format!("! Версия {now} старше установленной {before}."),
        (None, Language::En) => format!("! Version {now} may be older than the installed {before}."),
        (None, Language::Ru) => format!("! Версия {now} может быть старше установленной {before}."),
    }
}

impl Change {
    /// The change in one line.
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Ru => self.russian(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Capability { name, added: true } => format!("{}: new. {}", shown(name), meaning(name, Language::En)),
            Self::Capability { name, added: false } => format!("{}: no longer", shown(name)),
            Self::Access { capability, to } => format!("{}: now {}", shown(capability), access(*to, Language::En)),
            Self::Scope { capability, key, added, removed } => {
                parts(capability, key, [("also", added, ""), ("no longer", removed, "")])
            }
            Self::Amount { capability, key, from, to } => {
                format!("{}: {} {to}, before {from}", shown(capability), shown(key))
            }
            Self::Limit { key, from, to } => {
                let number = |limit: &Option<u64>| limit.map_or("all that is allowed".to_owned(), |it| it.to_string());
                format!("limit {}: {}, before {}", shown(key), number(to), number(from))
            }
            Self::Tool { name, effect: of, added } => {
                let now = if *added { "new tool" } else { "no longer there: tool" };
                format!("{now} {} ({})", shown(name), of.in_words(Language::En))
            }
            Self::Effect { tool, from, to } => {
                let less = if to < from { ", so you are asked about it less" } else { "" };
                let (from, to) = (from.in_words(Language::En), to.in_words(Language::En));
                format!("tool {}: {to}, before: {from}{less}", shown(tool))
            }
            Self::Requires { tool, added, removed } => {
                let tool = format!("tool {}", shown(tool));
                parts(
                    &tool,
                    "requires",
                    [("also", added, ""), ("no longer", removed, ", so more people are offered it")],
                )
            }
            Self::Kind { to, .. } => format!("another kind of guest: {}", to.words(Language::En)),
        }
    }

    fn russian(&self) -> String {
        match self {
            Self::Capability { name, added: true } => {
                format!("{}: новое. {}", shown(name), meaning(name, Language::Ru))
            }
            Self::Capability { name, added: false } => format!("{}: больше нет", shown(name)),
            Self::Access { capability, to } => format!("{}: теперь {}", shown(capability), access(*to, Language::Ru)),
            Self::Scope { capability, key, added, removed } => {
                parts(capability, key, [("ещё и", added, ""), ("больше не", removed, "")])
            }
            Self::Amount { capability, key, from, to } => {
                format!("{}: {} {to}, было {from}", shown(capability), shown(key))
            }
            Self::Limit { key, from, to } => {
                let number = |limit: &Option<u64>| {
                    limit.map_or("сколько разрешено".to_owned(), |it| it.to_string())
                };
                format!("предел {}: {}, было {}", shown(key), number(to), number(from))
            }
            Self::Tool { name, effect: of, added } => {
                let now = if *added {
                    "новый инструмент"
                } else {
                    "больше нет инструмента"
                };
                format!("{now} {} ({})", shown(name), of.in_words(Language::Ru))
            }
            Self::Effect { tool, from, to } => {
                let less =
                    if to < from { ", поэтому о нём будут спрашивать реже" } else { "" };
                let (from, to) = (from.in_words(Language::Ru), to.in_words(Language::Ru));
                format!("инструмент {}: {to}, было: {from}{less}", shown(tool))
            }
            Self::Requires { tool, added, removed } => {
                let tool = format!("инструмент {}", shown(tool));
                parts(
                    &tool,
                    "требует",
                    [("ещё и", added, ""), ("больше не", removed, ", доступен большему числу людей")],
                )
            }
            Self::Kind { to, .. } => format!("другой вид плагина: {}", to.words(Language::Ru)),
        }
    }
}

fn meaning(capability: &str, language: Language) -> &'static str {
    Capability::named(capability).map_or("", |one| one.summary(language))
}

/// `http: hosts: also a.org; no longer b.org`.
fn parts(of: &str, key: &str, parts: [(&str, &Vec<String>, &str); 2]) -> String {
    let parts = parts.into_iter().filter(|(_, items, _)| !items.is_empty());
    let parts: Vec<_> = parts.map(|(word, items, end)| format!("{word} {}{end}", joined(items))).collect();
    format!("{}: {}: {}", shown(of), shown(key), parts.join("; "))
}
