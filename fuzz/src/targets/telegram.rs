//! What comes from Telegram and what is sent there.

use steward_channel::telegram::fuzzing;

use super::Check;

pub(super) fn prepare_updates() -> anyhow::Result<Check> {
    Ok(Box::new(fuzzing::update))
}

pub(super) fn prepare_markdown() -> anyhow::Result<Check> {
    Ok(Box::new(|input| fuzzing::markdown(&String::from_utf8_lossy(input))))
}
