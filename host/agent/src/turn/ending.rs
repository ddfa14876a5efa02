//! How a run ends, and why an answer has no text.

use crate::model::{Ending, ModelError, ModelReply};

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    Answered(Answer),
    Stopped,
    /// The limit of the run's time was reached.
    OutOfTime,
    Failed(ModelError),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    /// The built-in rehearsal model answered.
    pub rehearsal: bool,
    /// The model's answer was ended by the limit on tokens.
    pub cut: bool,
    /// The run's limit of steps or tokens made the model come to an end.
    pub hurried: bool,
    /// Why there is no text.
    pub silence: Option<Silence>,
}

/// Why a model said nothing, also when it was asked once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nothing is known.
    Unexplained,
    Refused,
    Filtered,
    /// It reasoned and then said nothing.
    OnlyReasoned,
    /// The limit on tokens was reached while it reasoned.
    ReasonedToTheLimit,
    WindowFull,
    /// Its call of a tool came to its own server in a form that could not be read.
    CallUnreadable,
    /// Its calls were cut by the limit on tokens, again and again.
    CallsCut,
}

impl Silence {
    pub(super) fn of(reply: &ModelReply) -> Option<Self> {
        reply.text.trim().is_empty().then_some(match reply.ending {
            Ending::Refused => Self::Refused,
            Ending::Filtered => Self::Filtered,
            Ending::WindowFull => Self::WindowFull,
            Ending::CallUnreadable => Self::CallUnreadable,
            Ending::Done if reply.cut => Self::ReasonedToTheLimit,
            Ending::Done if reply.reasoned => Self::OnlyReasoned,
            Ending::Done => Self::Unexplained,
        })
    }
}
