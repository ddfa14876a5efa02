//! `STEWARD_LOG`: what is logged. A word that is neither a level nor a part of Steward would log nothing, and nobody
//! would know, so it is a mistake like any other in the configuration.

use anyhow::{Context as _, bail};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::Environment;
use super::environment::LOG as KEY;

const DEFAULT: &str = "warn,steward=info,steward_channel=info,steward_model=info,steward_sandbox=info,steward_serve=info,\
     steward_store=info";

/// What the program itself logs as. Anything else is a library's, of which only the form can be checked.
const OURS: [&str; 12] = [
    "steward",
    "steward_agent",
    "steward_author",
    "steward_channel",
    "steward_embed",
    "steward_index",
    "steward_memory",
    "steward_model",
    "steward_sandbox",
    "steward_serve",
    "steward_store",
    "plugin",
];

/// # Errors
/// What of it says nothing that could be logged.
pub(crate) fn filter(environment: &Environment) -> anyhow::Result<EnvFilter> {
    let Some(text) = environment.get(KEY) else { return Ok(EnvFilter::new(DEFAULT)) };
    // With a span or its fields it is a thing for those who know the form. In the plain form a space would become part of
    // a name that nothing has.
    let text = if text.contains('[') { text.to_owned() } else { text.replace(' ', "") };
    if !text.contains('[') {
        text.split(',').filter(|part| !part.is_empty()).try_for_each(check)?;
    }
    EnvFilter::try_new(&text).with_context(|| format!("{KEY}: “{text}” cannot be read. {REMEDY}"))
}

const REMEDY: &str = "Write a level (off, error, warn, info, debug, trace), or levels for parts, such as \
                      `warn,steward_sandbox=debug`.";

fn check(part: &str) -> anyhow::Result<()> {
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
    let (target, level) = match part.split_once('=') {
        Some((target, level)) => (target, Some(level)),
        None if is_level(part) => return Ok(()),
        None => (part, None),
    };
    if let Some(wrong) = level.filter(|level| !is_level(level)) {
        bail!("{KEY}: “{wrong}” is not a level. {REMEDY}");
    }
    let of = target.split("::").next().unwrap_or_default();
    match (OURS.contains(&of), level) {
        (true, _) => Ok(()),
        (false, Some(_)) if !of.starts_with("steward") && !of.is_empty() => Ok(()),
        _ => bail!("{KEY}: “{part}” is neither a level nor a part of Steward ({}). {REMEDY}", OURS.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let environment = Environment::from_iter([(KEY.to_owned(), text.to_owned())]);
        filter(&environment).map(|filter| filter.to_string()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn what_can_be_logged_is() {
        for text in ["debug", "DEBUG", "warn,steward_sandbox=trace", "steward_store", "info, hyper=debug", "off"] {
            assert!(read(text).is_ok(), "{text}: {:?}", read(text));
        }
        assert_eq!(read(" ").unwrap(), filter(&Environment::default()).unwrap().to_string());
        assert!(read("steward::run[turn]=debug").is_ok());
    }

    #[test]
    fn what_would_log_nothing_is_a_mistake_that_names_itself() {
        for (text, told) in [
            ("inof", "“inof” is neither a level nor a part"),
            ("warn,steward_sandbx=debug", "“steward_sandbx=debug” is neither"),
            ("steward=loud", "“loud” is not a level"),
            ("warn, steward_sandbx = debug", "“steward_sandbx=debug” is neither"),
        ] {
            let error = read(text).unwrap_err();
            assert!(
                error.contains(KEY) && error.contains(told) && error.contains("off, error, warn"),
                "{text}: {error}"
            );
        }
    }
}
