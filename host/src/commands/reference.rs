//! The table of docs/reference/commands.md that follows from the list. A test compares it, and writes it with
//! `STEWARD_WRITE_DOCS=1` (`make docs`).

use std::path::Path;

use steward_agent::Language;

use super::{COMMANDS, Who};

/// What begins the table.
const HEAD: &str = "| in a chat | who | effect |\n| --- | --- | --- |\n";

#[test]
fn commands_are_those_of_the_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/commands.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(HEAD).unwrap();
    let after = rest.find("\n\n").map_or("\n", |end| &rest[end..]);
    let rows = COMMANDS.iter().map(|one| {
        let who = match one.who {
            Who::Everyone => "everyone",
            Who::Owners(_) => "owners",
        };
        format!("| `/{}{}` | {who} | {} |", one.name, one.argument.form(), one.effect.in_language(Language::En))
    });
    let wanted = format!("{before}{HEAD}{}{after}", rows.collect::<Vec<_>>().join("\n"));
    match std::env::var_os("STEWARD_WRITE_DOCS") {
        Some(_) => std::fs::write(&path, wanted).unwrap(),
        None => assert!(page == wanted, "docs/reference/commands.md is not what the code says: run `make docs`"),
    }
}
