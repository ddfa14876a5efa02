//! The tools of this plugin: each is a function whose arguments are a struct.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::Failure;

steward_sdk::plugin! {
    /// Greets somebody by name. Use it when the person asks for a greeting.
    greet: read, requires [] => greet;
}

#[derive(Deserialize, JsonSchema)]
struct Greet {
    /// Whom to greet.
    name: String,
}

fn greet(Greet { name }: Greet) -> Result<String, Failure> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Failure::invalid("`name` is empty: say whom to greet"));
    }
    Ok(format!("Hello, {name}!"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_names_the_person() {
        let answer = steward_sdk::call(TOOLS, "greet", r#"{"name":"Ann"}"#);
        let text = answer.map(|answer| answer.text);
        assert_eq!(text.as_deref(), Ok("Hello, Ann!"));
        let nobody = steward_sdk::call(TOOLS, "greet", r#"{"name":""}"#);
        assert!(nobody.is_err());
    }
}
