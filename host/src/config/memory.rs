//! `[memory]`: what is offered from memory, and when conversations go into it.

use std::time::Duration;

use anyhow::bail;
use jiff::SignedDuration;
use serde::Deserialize;

use super::environment::Environment;
use super::search::{Search, SearchFile};

/// What memory does by itself.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Tokens of the passages that go with a message; 0 for none.
    pub offer_tokens: u32,
    /// How long nothing must be said until a conversation counts as ended and its facts go into the log of the day;
    /// `None` for never.
    pub distil_after: Option<Duration>,
    /// How memory is searched.
    pub search: Search,
}

/// The section as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MemoryFile {
    /// How much of what is found in memory is shown to the model with a message; `0` for none.
    ///
    /// Values: tokens, at most 10000
    offer_tokens: u32,
    /// How long nobody must have written before a conversation's facts go to the log; `0` for never.
    ///
    /// Values: minutes, or a time such as `"90s"` or `"2h"`; at most a day
    distil_after: Time,
    search: SearchFile,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "minutes, such as 30, or a time, such as \"90s\" or \"2h\"")]
enum Time {
    Minutes(u32),
    Text(String),
}

impl Default for MemoryFile {
    fn default() -> Self {
        Self { offer_tokens: 600, distil_after: Time::Minutes(30), search: SearchFile::default() }
    }
}

impl MemoryFile {
    pub(super) fn checked(self, environment: &Environment, proxy: Option<&str>) -> anyhow::Result<Memory> {
        const MOST_TOKENS: u32 = 10_000;
        if self.offer_tokens > MOST_TOKENS {
            bail!("memory.offer_tokens: {} is out of range. Use 0 to {MOST_TOKENS}.", self.offer_tokens);
        }
        let search = self.search.checked(environment, proxy)?;
        Ok(Memory { offer_tokens: self.offer_tokens, distil_after: self.distil_after.checked()?, search })
    }
}

impl Time {
    fn checked(&self) -> anyhow::Result<Option<Duration>> {
        const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
        let (time, written) = match self {
            Self::Minutes(minutes) => (Some(Duration::from_secs(u64::from(*minutes) * 60)), minutes.to_string()),
            Self::Text(text) => {
                let time = text.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
                (time, format!("“{text}”"))
            }
        };
        match time {
            Some(Duration::ZERO) => Ok(None),
            Some(time) if time <= LONGEST => Ok(Some(time)),
            _ => bail!(
                "memory.distil_after: {written} cannot be used. Write minutes, such as 30, or a time up to a day, such as \
                 \"90s\" or \"2h\"; 0 for never."
            ),
        }
    }
}
