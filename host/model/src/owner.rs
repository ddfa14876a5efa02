//! Whose a message is: which server, speaking for which family of models, gets back what was sent with it.

use steward_agent::ServerState;

/// The mark of a server and a model there. Another version of the same family takes what the earlier one sent; another
/// family behind the same address, as with OpenRouter, does not.
pub(crate) fn mark(address: &str, model: &str) -> String {
    format!("{address} {}", family(model))
}

/// `deepseek/deepseek-chat:free` and `DeepSeek-V3.2` are `deepseek`.
pub(crate) fn family(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model);
    name.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

/// The state, if that server sent it.
pub(crate) fn own<'a>(state: Option<&'a ServerState>, mark: &str) -> Option<&'a ServerState> {
    state.filter(|state| state.from == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_the_first_word_of_a_model_s_name() {
        let cases = [
            ("gemini-2.5-pro", "gemini"),
            ("models/gemini-3-pro-preview", "gemini"),
            ("google/gemini-2.5-flash:free", "gemini"),
            ("DeepSeek-V3.2", "deepseek"),
            ("qwen3-coder:30b", "qwen"),
            ("", ""),
        ];
        for (model, expected) in cases {
            assert_eq!(family(model), expected, "{model}");
        }
        assert_ne!(mark("https://a/v1", "gpt-5"), mark("https://b/v1", "gpt-5"));
    }
}
