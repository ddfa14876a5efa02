//! `steward people`: whom the assistant knows, and what the owner at this machine decides about them. A host that is
//! running takes notice by itself, within a second.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use jiff::Timestamp;
use steward_agent::{Language, Role, visible_lines};
use steward_store::{Identity, Person, Store};

use super::agreement::agrees;
use super::output::say;
use crate::config::{Config, OpenTo};
use crate::{access, channels, rights, texts};

#[derive(Subcommand)]
pub(super) enum PeopleCommand {
    /// Everybody who is known, and which identities have an owner's rights
    List {
        /// Only those who are banned
        #[arg(long)]
        banned: bool,
    },
    /// One person: identities, names, tasks, scheduled work
    Show { who: String },
    /// Stop answering somebody; whatever runs for them ends
    Ban { who: String },
    /// Answer them again; warnings and the conversation with them are forgotten
    Unban { who: String },
    /// Put somebody into a role: external, owner, or one of the configuration
    Role {
        who: String,
        role: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Give somebody a name that means them from then on, or take one away
    Alias {
        /// Whom the name means; with --remove, the name
        who: String,
        #[arg(required_unless_present = "remove")]
        alias: Option<String>,
        /// The name no longer means anybody
        #[arg(long, conflicts_with = "alias")]
        remove: bool,
    },
    /// Take an identity, such as telegram:12345, from its person: whoever writes with it is a separate person again
    Unlink { identity: String },
    /// Say that two people are one: the second keeps name, role and conversation and gets what the first had
    Merge {
        who: String,
        into: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Delete what is kept of somebody: messages, tasks, data, files
    Forget {
        who: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// `WHO` is an id, a @username, channel:id, or a name that the owner gave or that fits one person they dealt with.
pub(super) async fn people(config: &Config, command: PeopleCommand) -> anyhow::Result<ExitCode> {
    let database = config.database();
    let store = tokio::task::spawn_blocking(move || Store::open(&database)).await??;
    let open_to = match config.admission.open_to {
        Some(open_to) => open_to,
        None => OpenTo::named(&store.open_to().await?),
    };
    let desk = Desk { config, store, open_to };
    let done = desk.serve(command).await;
    desk.store.close().await;
    done
}

struct Desk<'a> {
    config: &'a Config,
    store: Store,
    /// Whom the assistant answers.
    open_to: OpenTo,
}

impl Desk<'_> {
    async fn serve(&self, command: PeopleCommand) -> anyhow::Result<ExitCode> {
        match command {
            PeopleCommand::List { banned } => self.list(banned).await?,
            PeopleCommand::Show { who } => self.show(&who).await?,
            PeopleCommand::Ban { who } => {
                let person = self.named(&who).await?;
                self.store.set_banned(person.id, true).await?;
                self.tell(&person, "is banned: nothing they write is answered", "больше не получает ответов")?;
            }
            PeopleCommand::Unban { who } => {
                let person = self.named(&who).await?;
                if !person.banned && person.warnings == 0 {
                    self.tell(&person, "is not banned: nothing was changed", "не в блокировке: ничего не изменено")?;
                    return Ok(ExitCode::SUCCESS);
                }
                self.store.set_banned(person.id, false).await?;
                match person.banned {
                    true => self.tell(&person, "is answered again", "снова получает ответы")?,
                    false => self.tell(
                        &person,
                        "was not banned; the warnings are forgotten",
                        "не в блокировке; предупреждения забыты",
                    )?,
                }
            }
            PeopleCommand::Role { who, role, yes } => return self.role(&who, &role, yes).await,
            PeopleCommand::Alias { who, alias, remove } => self.alias(&who, alias.as_deref(), remove).await?,
            PeopleCommand::Unlink { identity } => self.unlink(&identity).await?,
            PeopleCommand::Merge { who, into, yes } => return self.merge(&who, &into, yes).await,
            PeopleCommand::Forget { who, yes } => return self.forget(&who, yes).await,
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn named(&self, who: &str) -> anyhow::Result<Person> {
        Ok(self.store.resolve_person(who).await?)
    }

    /// Says something about a person in the owner's language.
    fn tell(&self, person: &Person, en: &str, ru: &str) -> anyhow::Result<()> {
        let label = visible_lines(&person.label());
        say(&texts::say(self.config.language, format!("{label} {en}."), format!("{label}: {ru}.")))
    }

    async fn list(&self, banned: bool) -> anyhow::Result<()> {
        let identities = self.store.identities(None).await?;
        let people = self.store.list_people(banned).await?;
        if people.is_empty() {
            let (en, ru) = match banned {
                true => ("Nobody is banned.", "Никто не заблокирован."),
                false => ("Nobody is known yet.", "Пока никто не известен."),
            };
            return say(&texts::say(self.config.language, en, ru));
        }
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY).set_header([
            "id",
            "calls themselves",
            "@username",
            "you call them",
            "role",
            "known since",
            "last heard from",
            "identities",
        ]);
        for person in people {
            let of: Vec<_> = identities.iter().filter(|one| one.person == person.id).collect();
            table.add_row([
                person.id.to_string(),
                format!("\"{}\"", visible_lines(&person.name)),
                person.username.as_ref().map(|name| format!("@{}", visible_lines(name))).unwrap_or_default(),
                person.aliases.join("\n"),
                self.standing(&person, of.iter().copied()),
                self.when(person.known_since),
                self.when(person.last_seen),
                of.into_iter().map(shown).collect::<Vec<_>>().join("\n"),
            ]);
        }
        say(&table.to_string())
    }

    /// The role as it counts, and what else decides whether they are answered.
    fn standing<'i>(&self, person: &Person, identities: impl IntoIterator<Item = &'i Identity>) -> String {
        let role = rights::role(&self.config.roles, person.role.clone());
        let access = &self.config.admission;
        let listed = identities.into_iter().any(|one| channels::lets_in(access, &one.channel, &one.id));
        let now = Person { role: role.clone(), ..person.clone() };
        let mut text = match (access::is_let_in(self.open_to, &now, listed), &role) {
            (true, _) => role.to_string(),
            (false, Role::External) => "not let in".to_owned(),
            (false, _) => format!("{role}\nnot let in"),
        };
        if role != person.role {
            text.push_str(&format!("\n({} is gone)", person.role));
        }
        match (person.banned, person.warnings) {
            (true, _) => text.push_str("\nbanned"),
            (false, 0) => {}
            (false, warnings) => text.push_str(&format!("\nwarned {warnings}×")),
        }
        text
    }

    fn when(&self, at: Option<Timestamp>) -> String {
        at.map(|at| texts::wall_clock(at, &self.config.time_zone)).unwrap_or_default()
    }

    async fn show(&self, who: &str) -> anyhow::Result<()> {
        let person = self.named(who).await?;
        say(&visible_lines(&person.label()))?;
        let row = |name: &str, value: String| match value.is_empty() {
            true => Ok(()),
            false => say(&format!("  {name:<16} {value}")),
        };
        let identities = self.store.identities(Some(person.id)).await?;
        row("role", self.standing(&person, &identities).replace('\n', " "))?;
        row("you call them", person.aliases.join(", "))?;
        row("dealt with as", person.dealt_as.as_deref().map(visible_lines).unwrap_or_default())?;
        row("known since", self.when(person.known_since))?;
        row("last heard from", self.when(person.last_seen))?;
        for one in identities {
            row("identity", shown(&one))?;
        }
        let (tasks, jobs) = (self.store.tasks().own(person.id).await?, self.store.jobs().list(person.id).await?);
        row("tasks given", tasks.len().to_string())?;
        row("scheduled work", jobs.len().to_string())?;
        row("watched", self.store.list_subscriptions(person.id).await?.len().to_string())?;
        row("kept data", self.store.user_data().of(person.id).await?.len().to_string())
    }

    async fn role(&self, who: &str, role: &str, yes: bool) -> anyhow::Result<ExitCode> {
        let (person, role) = (self.named(who).await?, role_named(self.config, role)?);
        let label = visible_lines(&person.label());
        if role == Role::Owner && person.role != Role::Owner {
            let question = (
                format!("{label} gets every right you have, by each of their identities. Go on? [y/N] "),
                format!("{label} получит все ваши права. Продолжить? [y/N] "),
            );
            if !self.agrees(question, yes).await? {
                return Ok(ExitCode::FAILURE);
            }
        }
        self.store.set_role(person.id, role.clone(), Timestamp::now()).await?;
        self.tell(&person, &format!("is in the role {role} now"), &format!("теперь в роли {role}"))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn alias(&self, who: &str, alias: Option<&str>, remove: bool) -> anyhow::Result<()> {
        if remove {
            let person = self.store.drop_alias(who).await?;
            let who = visible_lines(who);
            return say(&texts::say(
                self.config.language,
                format!("{who} no longer means anybody; it meant the person with id {person}."),
                format!("Имя {who} больше никого не означает; раньше это был человек с id {person}."),
            ));
        }
        let (person, alias) = (self.named(who).await?, alias.unwrap_or_default());
        self.store.give_alias(person.id, alias, Timestamp::now()).await?;
        self.tell(&person, &format!("is who {alias} means now"), &format!("теперь под именем {alias}"))
    }

    async fn unlink(&self, identity: &str) -> anyhow::Result<()> {
        let Some((channel, id)) = identity.split_once(':') else {
            bail!("{identity} is not an identity: write channel and id, such as telegram:12345, as in the list");
        };
        let new = self.store.unlink_identity(channel.trim(), id.trim(), Timestamp::now()).await?;
        say(&match new {
            Some(new) => texts::say(
                self.config.language,
                format!("{identity} is a separate person now, id {new}, without any rights of the other."),
                format!("{identity} теперь отдельный человек, id {new}, без прав прежнего."),
            ),
            None => texts::say(
                self.config.language,
                format!("{identity} is forgotten: nobody had written with it."),
                format!("{identity} забыт: от него никто не писал."),
            ),
        })
    }

    async fn merge(&self, who: &str, into: &str, yes: bool) -> anyhow::Result<ExitCode> {
        let (from, into) = (self.named(who).await?, self.named(into).await?);
        let (old, new) = (visible_lines(&from.label()), visible_lines(&into.label()));
        say(&texts::say(
            self.config.language,
            format!("{old} becomes {new}, whose name, role ({}) and conversation count.", into.role),
            format!("{old} становится {new}; имя, роль ({}) и разговор остаются от второго.", into.role),
        ))?;
        if into.role == Role::Owner && from.role != Role::Owner {
            let question = (
                "Their identities get every right of an owner. Go on? [y/N] ".to_owned(),
                "Их учётные записи получат все права владельца. Продолжить? [y/N] ".to_owned(),
            );
            if !self.agrees(question, yes).await? {
                return Ok(ExitCode::FAILURE);
            }
        }
        self.store.merge_people(from.id, into.id, Timestamp::now()).await?;
        say(&texts::say(self.config.language, "They are one person now.", "Теперь это один человек."))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn forget(&self, who: &str, yes: bool) -> anyhow::Result<ExitCode> {
        let person = self.named(who).await?;
        let label = visible_lines(&person.label());
        let ban = match person.banned {
            true => (" The ban is forgotten too.", " Блокировка тоже забудется."),
            false => ("", ""),
        };
        let question = (
            format!("Messages, tasks, data and files of {label} are deleted for good.{} Go on? [y/N] ", ban.0),
            format!("Сообщения, задачи, данные и файлы {label} будут удалены навсегда.{} Продолжить? [y/N] ", ban.1),
        );
        if !self.agrees(question, yes).await? {
            return Ok(ExitCode::FAILURE);
        }
        self.store.forget_person(person.id).await?;
        let folders = [
            self.config.data.join("people").join(person.id.to_string()),
            self.config.data.join("index").join(format!("person-{}", person.id)),
        ];
        tokio::task::spawn_blocking(move || folders.iter().try_for_each(|folder| delete(folder))).await??;
        self.tell(&person, "is forgotten", "забыт")?;
        Ok(ExitCode::SUCCESS)
    }

    /// Asks unless `yes` was given, and says where nothing was changed.
    async fn agrees(&self, (en, ru): (String, String), yes: bool) -> anyhow::Result<bool> {
        let language = self.config.language;
        if yes {
            return Ok(true);
        }
        let agreed = agrees(&texts::say(language, en, ru)).await?;
        if !agreed {
            say(&nothing_changed(language))?;
        }
        Ok(agreed)
    }
}

fn nothing_changed(language: Language) -> String {
    texts::say(language, "Nothing was changed.", "Ничего не изменено.")
}

/// A role by its name.
///
/// # Errors
/// One that the configuration does not describe, with those there are.
pub(super) fn role_named(config: &Config, name: &str) -> anyhow::Result<Role> {
    match Role::from(name.trim().to_lowercase()) {
        Role::Group => bail!("a group is a chat and not a person: choose another role"),
        Role::Named(_) if !config.roles.contains_key(name.trim()) => {
            let known: Vec<&str> =
                ["external", "owner"].into_iter().chain(config.roles.keys().map(String::as_str)).collect();
            let name = visible_lines(name);
            bail!("there is no role {name}: use one of {}, or add [roles.{name}] to steward.toml", known.join(", "))
        }
        Role::Named(_) => Ok(Role::Named(name.trim().to_owned())),
        role => Ok(role),
    }
}

/// `telegram:5 (owner by configuration)`.
fn shown(one: &Identity) -> String {
    let right = one.right.map(|right| format!(" (owner by {})", right.as_str())).unwrap_or_default();
    visible_lines(&format!("{}:{}{right}", one.channel, one.id))
}

/// Links in it are deleted and not followed.
fn delete(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete {}: do so by hand", folder.display()))
        }
        _ => Ok(()),
    }
}
