//! The targets: one for each parser of what people, pages, servers, files, plugins and repositories bring.

mod dates;
mod documents;
mod models;
mod pages;
mod plugins;
mod repositories;
mod search;
mod telegram;

/// What is done with one input. It panics if the parser is wrong.
pub type Check = Box<dyn FnMut(&[u8])>;

/// A parser that is fed with broken input.
#[derive(Clone, Copy)]
pub struct Target {
    /// Also the folder of its seeds.
    pub name: &'static str,
    /// Makes what inputs are given to.
    pub prepare: fn() -> anyhow::Result<Check>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "dates", prepare: dates::prepare },
    Target { name: "documents", prepare: documents::prepare },
    Target { name: "packed", prepare: documents::prepare_packed },
    Target { name: "html", prepare: pages::prepare_html },
    Target { name: "charsets", prepare: pages::prepare_charsets },
    Target { name: "pages", prepare: pages::prepare },
    Target { name: "openai", prepare: models::prepare_openai },
    Target { name: "anthropic", prepare: models::prepare_anthropic },
    Target { name: "updates", prepare: telegram::prepare_updates },
    Target { name: "markdown", prepare: telegram::prepare_markdown },
    Target { name: "queries", prepare: search::prepare_queries },
    Target { name: "passages", prepare: search::prepare_passages },
    Target { name: "manifests", prepare: plugins::prepare_manifests },
    Target { name: "sections", prepare: plugins::prepare_sections },
    Target { name: "functions", prepare: plugins::prepare_functions },
    Target { name: "arguments", prepare: plugins::prepare_arguments },
    Target { name: "git_settings", prepare: repositories::prepare_git_settings },
];

/// The first line and what follows it: names and kinds stand before contents.
fn headed(input: &[u8]) -> (String, &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    (String::from_utf8_lossy(&input[..end]).into_owned(), input.get(end + 1..).unwrap_or_default())
}
