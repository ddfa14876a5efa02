//! A small configuration becomes the page it should.

use super::*;
use crate::tests::made as sources;

const CONFIG: &str = r##"//! Settings.
struct File {
    /// Folder for the database.
    ///
    /// Environment: `STEWARD_DATA`
    /// Default: `data`
    data: Option<PathBuf>,
    /// # People
    ///
    /// See [People](people.md).
    access: Admission,
    http: Http,
}
struct Http {
    /// Places on your own network that tools may reach, as `host:port`.
    allow_private: Vec<String>,
}
enum Unused { A }
"##;

const ACCESS: &str = r##"
pub struct Admission {
    /// Who may write.
    /// Default: `paired`
    open_to: Option<OpenTo>,
    /// Messages a minute, of a person who is not an owner;
    /// see [`Admission`].
    messages: u32,
    limits: Limits,
}
#[serde(rename_all = "kebab-case")]
pub enum OpenTo { Everyone, OnlyPaired, Owners }
impl Default for Admission {
    fn default() -> Self {
        let limits = Limits::default();
        Self { open_to: None, messages: 1_020, limits }
    }
}
pub struct Limits { kept: Kept }
#[serde(untagged, expecting = "days, such as 30")]
pub enum Kept { Days(u32), Text(String) }
impl Default for Limits { fn default() -> Self { Self { kept: Kept::Days(30) } } }
"##;

const ENVIRONMENT: &str =
    "/// The configuration file.\n/// Default: `steward.toml`\nconst CONFIG: &str = \"STEWARD_CONFIG\";\n";

fn made(access: &str) -> (String, Vec<String>) {
    let sources = sources(&[
        ("host/src/config/file.rs", CONFIG),
        ("host/src/config/access.rs", access),
        ("host/src/config/environment.rs", ENVIRONMENT),
    ]);
    let (text, problems) = page(&sources, "# Settings\n\nWhere they are.\n\n## Old\n\n| gone |\n");
    (text, problems.iter().map(ToString::to_string).collect())
}

#[test]
fn each_setting_has_a_row_with_what_it_says_and_its_type_says() {
    let (text, problems) = made(&ACCESS.replace("{ kept", "{ /** How long it is kept. */ kept"));
    assert_eq!(problems, [""; 0]);
    let expected = "\
# Settings

Where they are.

## General

| `steward.toml` | environment | values | default | meaning |
| --- | --- | --- | --- | --- |
| `data` | `STEWARD_DATA` | a text | `data` | Folder for the database. |
| `http.allow_private` |  | texts: `[\"…\", \"…\"]` | none | Places on your own network that tools may reach, as `host:port`. |
|  | `STEWARD_CONFIG` | a text | `steward.toml` | The configuration file. |

## People

See [People](people.md).

| `steward.toml` | environment | values | default | meaning |
| --- | --- | --- | --- | --- |
| `access.open_to` |  | `everyone`, `only-paired` or `owners` | `paired` | Who may write. |
| `access.messages` |  | a number | `1020` | Messages a minute, of a person who is not an owner; see `Admission`. |
| `access.limits.kept` |  | days, such as 30 | `30` | How long it is kept. |
";
    assert_eq!(text, expected);
}

#[test]
fn a_setting_that_does_not_say_what_it_is_for_is_told() {
    let (_, problems) = made(ACCESS);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let told = "the setting `access.limits.kept` has no doc comment";
    assert!(problems[0].starts_with("host/src/config/access.rs:") && problems[0].contains(told), "{problems:?}");
    let (_, problems) = made(&ACCESS.replace("1_020", "computed()"));
    assert!(problems[0].contains("access.messages` has no default that can be read"), "{problems:?}");
}
