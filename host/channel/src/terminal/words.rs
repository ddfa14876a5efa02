//! What the chat itself says, in both languages.

use steward_agent::Language;

/// A line of the chat's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    Lost,
    Back,
    /// The daemon is of another version now.
    Version,
    /// How to leave.
    Leave,
    Stopping,
    /// The answer begins again.
    Again,
    Refused,
    /// How to answer a question.
    Decide,
    /// Nobody can answer a question.
    Nobody,
}

impl Note {
    pub(super) fn text(self, language: Language) -> &'static str {
        match language {
            Language::En => self.english(),
            Language::Ru => self.russian(),
        }
    }

    fn english(self) -> &'static str {
        match self {
            Self::Lost => "Steward is not there any more. Waiting for it to come back…",
            Self::Back => "Steward is back.",
            Self::Version => "Steward was updated. Leave with Ctrl-D and start the chat again.",
            Self::Leave => "Ctrl-D leaves the chat.",
            Self::Stopping => "Stopping…",
            Self::Again => "(the answer starts again)",
            Self::Refused => "Not sent",
            Self::Decide => "y: allow it · n: do not",
            Self::Nobody => "The input says neither yes nor no to this, so it is denied.",
        }
    }

    fn russian(self) -> &'static str {
        match self {
            Self::Lost => "Steward не отвечает. Жду, пока он вернётся…",
            Self::Back => "Steward снова на связи.",
            Self::Version => "Steward обновился. Выйдите по Ctrl-D и начните чат заново.",
            Self::Leave => "Выход из чата: Ctrl-D.",
            Self::Stopping => "Останавливаю…",
            Self::Again => "(ответ начинается заново)",
            Self::Refused => "Не отправлено",
            Self::Decide => "д: разрешить · н: отказать",
            Self::Nobody => "Во входных данных нет ни «да», ни «нет», поэтому отказано.",
        }
    }
}
