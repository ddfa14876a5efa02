//! The commands of a chat, which are answered without a model. [`COMMANDS`] is the one list of them: the parser, `/help`, the
//! menus of channels and docs/reference/commands.md follow from it, and no other code knows a command by its name.

mod answers;
#[cfg(test)]
mod reference;
mod usage;

use futures::future::BoxFuture;
use jiff::Timestamp;
use steward_agent::{Address, Decision, Language, Role};
use steward_channel::MenuEntry;
use steward_store::{LetterId, Person, StoreError};

use crate::app::Host;

/// One command.
pub(crate) struct Command {
    /// Without the slash.
    name: &'static str,
    argument: Argument,
    who: Who,
    /// What it does, in words that follow its name.
    effect: Words,
    /// Whether `/help` lists it.
    help: bool,
    /// How a channel's menu describes it, where the menu has it.
    menu: Option<Words>,
    handler: Handler,
}

/// English and Russian.
struct Words(&'static str, &'static str);

impl Words {
    fn in_language(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.0,
            Language::Ru => self.1,
        }
    }
}

/// What may follow a name. A text that does not fit is no command, so the model reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    None,
    /// A code of `steward pair`.
    Invitation,
    /// The same, or nothing.
    MaybeInvitation,
    /// The code of a question that waits for a decision, or nothing.
    MaybeQuestion,
}

impl Argument {
    fn fits(self, argument: Option<&str>) -> bool {
        match (self, argument) {
            (Self::Invitation, None) | (Self::None, Some(_)) => false,
            (Self::MaybeQuestion, Some(code)) => Decision::is_code(code),
            _ => true,
        }
    }

    /// As the reference writes it.
    #[cfg(test)]
    fn form(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Invitation => " CODE",
            Self::MaybeInvitation | Self::MaybeQuestion => " [CODE]",
        }
    }
}

/// Who may use a command.
enum Who {
    Everyone,
    /// Owners; everybody else gets this answer instead.
    Owners(Handler),
}

/// What a handler works with besides the host.
pub(crate) struct Given<'a> {
    pub(crate) person: &'a Person,
    pub(crate) language: Language,
    pub(crate) address: &'a Address,
    pub(crate) argument: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// What becomes of a command.
pub(crate) enum Outcome {
    Reply(String),
    /// All has been done, and there is nothing to say.
    Silence,
    /// The reply shows these letters.
    Letters(String, Vec<LetterId>),
    /// The session stops what it is doing; the reply is for where there is nothing to stop.
    Stop(String),
    /// The session forgets the conversation and then replies.
    Clear(String),
}

type Answering<'a> = BoxFuture<'a, Result<Outcome, StoreError>>;
type Handler = for<'a> fn(&'a Host, Given<'a>) -> Answering<'a>;

/// All commands, in the order in which people see them.
static COMMANDS: &[Command] = &[
    Command {
        name: "start",
        // A link to the bot sends the code with it.
        argument: Argument::MaybeInvitation,
        who: Who::Everyone,
        effect: Words("says hello", "здоровается"),
        help: false,
        menu: Some(Words("Say hello", "Поздороваться")),
        handler: answers::welcome,
    },
    Command {
        name: "help",
        argument: Argument::None,
        who: Who::Everyone,
        effect: Words("shows this", "показывает эту справку"),
        help: true,
        menu: Some(Words("What I can do", "Что я умею")),
        handler: answers::help,
    },
    Command {
        name: "stop",
        argument: Argument::None,
        who: Who::Everyone,
        effect: Words("ends what I am doing at once", "сразу прекращает то, что я делаю"),
        help: true,
        menu: Some(Words("Stop what I am doing now", "Остановить то, что я делаю")),
        handler: answers::stop,
    },
    Command {
        name: "clear",
        argument: Argument::None,
        who: Who::Everyone,
        effect: Words(
            "forgets this conversation (not your memory files)",
            "забывает этот разговор (но не файлы памяти)",
        ),
        help: true,
        menu: Some(Words("Begin a new conversation", "Начать разговор заново")),
        handler: answers::clear,
    },
    Command {
        name: "usage",
        argument: Argument::None,
        who: Who::Everyone,
        effect: Words("shows what was used", "показывает расход"),
        help: true,
        menu: Some(Words("What was used so far, and how I am", "Сколько израсходовано и как я себя чувствую")),
        handler: answers::usage,
    },
    Command {
        name: "plugins",
        argument: Argument::None,
        who: Who::Owners(answers::help),
        effect: Words("shows what I can use", "показывает, чем я пользуюсь"),
        help: true,
        menu: Some(Words("What I can use", "Чем я пользуюсь")),
        handler: answers::plugins,
    },
    Command {
        name: "mail",
        argument: Argument::None,
        who: Who::Owners(answers::help),
        effect: Words("shows gathered messages from outside", "показывает собранные сообщения извне"),
        help: true,
        menu: Some(Words("Gathered messages from outside", "Собранные сообщения извне")),
        handler: answers::mail,
    },
    Command {
        name: Decision::Approve.word(),
        argument: Argument::MaybeQuestion,
        who: Who::Owners(answers::not_an_owner),
        effect: Words(
            "says yes to a question; without a code, lists the questions that wait",
            "отвечает на вопрос «да»; без кода показывает, какие вопросы ждут",
        ),
        help: false,
        menu: None,
        handler: answers::approve,
    },
    Command {
        name: Decision::Deny.word(),
        argument: Argument::MaybeQuestion,
        who: Who::Owners(answers::not_an_owner),
        effect: Words(
            "says no to a question; without a code, lists the questions that wait",
            "отвечает на вопрос «нет»; без кода показывает, какие вопросы ждут",
        ),
        help: false,
        menu: None,
        handler: answers::deny,
    },
    Command {
        name: Decision::Show.word(),
        argument: Argument::MaybeQuestion,
        who: Who::Owners(answers::not_an_owner),
        effect: Words(
            "shows the whole call that a question is about; without a code, lists the questions that wait",
            "показывает весь вызов, о котором вопрос; без кода показывает, какие вопросы ждут",
        ),
        help: false,
        menu: None,
        handler: answers::show,
    },
    Command {
        name: "pair",
        argument: Argument::Invitation,
        who: Who::Everyone,
        effect: Words(
            "lets in somebody who was invited: the code is from `steward pair`",
            "впускает приглашённого: код выдаёт `steward pair`",
        ),
        help: false,
        menu: None,
        // Codes are redeemed and answered at the door, before this.
        handler: answers::help,
    },
];

/// A message that is a command.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    command: &'static Command,
    argument: Option<&'a str>,
}

/// The command a message consists of; `/stop@my_bot` counts, `/stop it` does not.
pub(crate) fn read(text: &str) -> Option<Said<'_>> {
    let mut words = text.split_whitespace();
    let name = words.next()?.strip_prefix('/')?.split('@').next()?;
    let argument = words.next();
    let command = COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name))?;
    (words.next().is_none() && command.argument.fits(argument)).then_some(Said { command, argument })
}

impl<'a> Said<'a> {
    /// The code that shall let its sender in.
    pub(crate) fn invitation(self) -> Option<&'a str> {
        let invites = matches!(self.command.argument, Argument::Invitation | Argument::MaybeInvitation);
        self.argument.filter(|_| invites)
    }

    /// Does what the person may have done.
    ///
    /// # Errors
    /// Something could not be read or written down.
    pub(crate) async fn obey(
        self,
        host: &Host,
        person: &Person,
        language: Language,
        address: &Address,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let handler = match self.command.who {
            Who::Owners(otherwise) if person.role != Role::Owner => otherwise,
            Who::Owners(_) | Who::Everyone => self.command.handler,
        };
        handler(host, Given { person, language, address, argument: self.argument, now }).await
    }
}

/// The lines of `/help` for somebody of this role.
pub(crate) fn help_lines(language: Language, role: &Role) -> String {
    let shown = COMMANDS.iter().filter(|one| one.help && (*role == Role::Owner || matches!(one.who, Who::Everyone)));
    let lines: Vec<_> = shown.map(|one| format!("/{} {}", one.name, one.effect.in_language(language))).collect();
    lines.join("\n")
}

/// What the menus of channels offer.
pub(crate) fn menu() -> Vec<MenuEntry> {
    let entry = |one: &Command| {
        let words = one.menu.as_ref()?;
        Some(MenuEntry { command: one.name, english: words.0, russian: words.1 })
    };
    COMMANDS.iter().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<&'static str> {
        read(text).map(|said| said.command.name)
    }

    #[test]
    fn only_a_bare_command_is_one() {
        assert_eq!(name("/stop"), Some("stop"));
        assert_eq!(name(" /Help@steward_bot "), Some("help"));
        assert_eq!(name("/stop it"), None);
        assert_eq!(name("/unknown"), None);
        assert_eq!(name("stop"), None);
    }

    #[test]
    fn a_decision_names_its_question_or_none() {
        let code = |text: &'static str| read(text).and_then(|said| said.argument);
        assert_eq!((name(" /Approve@our_bot\n"), code(" /Approve@our_bot\n")), (Some("approve"), None));
        assert_eq!((name("/show"), code("/show")), (Some("show"), None));
        assert_eq!((name("/approve K7QX"), code("/approve K7QX")), (Some("approve"), Some("K7QX")));
        assert!(["approve", "", "/approve K7QX please", "/approve ../x"].into_iter().all(|text| name(text).is_none()));
    }

    #[test]
    fn a_code_that_lets_in_is_of_two_commands() {
        let code = |text: &'static str| read(text).and_then(Said::invitation);
        assert_eq!(code("/pair ABCD-EFGH"), Some("ABCD-EFGH"));
        assert_eq!(code("/start abcdefgh"), Some("abcdefgh"));
        assert_eq!(code("/start"), None);
        assert_eq!(code("pair ABCD"), None);
        assert_eq!(code("/pair my flat please"), None);
        assert_eq!(code("/approve ABCD"), None, "that is the code of a question");
        assert_eq!(name("/pair"), None, "without its code it is a text like any other");
    }

    #[test]
    fn every_command_is_there_once_and_has_its_words_in_both_languages() {
        for (at, one) in COMMANDS.iter().enumerate() {
            assert!(COMMANDS[..at].iter().all(|before| before.name != one.name), "{}", one.name);
            // What a menu of Telegram takes.
            assert!((1..=32).contains(&one.name.len()) && one.name.chars().all(|c| c.is_ascii_lowercase()));
            for words in [Some(&one.effect), one.menu.as_ref()].into_iter().flatten() {
                assert!(words.0.is_ascii() && !words.1.is_ascii() && words.1.len() <= 256, "{}", one.name);
            }
        }
    }

    #[test]
    fn help_lists_what_one_may_use() {
        let owner = help_lines(Language::En, &Role::Owner);
        let guest = help_lines(Language::En, &Role::External);
        assert!(owner.contains("/mail shows gathered messages from outside") && !guest.contains("/mail"));
        assert!(guest.contains("/stop ends what I am doing at once"));
    }
}
