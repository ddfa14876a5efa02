//! Answers of model servers, as streams of both providers.

use std::sync::Once;

use steward_model::fuzzing::Reader;

use super::Check;

pub(super) fn prepare_openai() -> anyhow::Result<Check> {
    let reader = reader()?;
    Ok(Box::new(move |input| reader.openai(input)))
}

pub(super) fn prepare_anthropic() -> anyhow::Result<Check> {
    let reader = reader()?;
    Ok(Box::new(move |input| reader.anthropic(input)))
}

fn reader() -> anyhow::Result<Reader> {
    static CRYPTOGRAPHY: Once = Once::new();
    // Whoever was first has set the same.
    CRYPTOGRAPHY.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Ok(Reader::new()?)
}
