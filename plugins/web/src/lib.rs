//! The web plugin: pages of the web as Markdown a model can read.
//!
//! Where it may go is the host's decision on each request, and so is that strangers wrote what a page says: the host marks
//! the answer, so that it is not taken for an order.

pub mod address;
pub mod article;
pub mod content;
pub mod packing;
pub mod page;
pub mod refresh;
pub mod status;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use steward_sdk::http::Response;
use steward_sdk::{Failure, Output, http, run};

use crate::page::Page;

/// What a server is told of who asks.
const USER_AGENT: &str = "Mozilla/5.0 (compatible; Steward/0.1; personal assistant)";

/// The most bytes of a page that are read: its tree has to fit into the memory of one call.
const SIZE_LIMIT: usize = 2 << 20;

const TIMEOUT: Duration = Duration::from_secs(25);

/// How often a page may send its reader on by itself.
const SENT_ON: usize = 3;

steward_sdk::plugin! {
    /// Reads a web page as Markdown: the article, or else the whole page. Long pages come in parts: the answer says
    /// with which `offset` to go on.
    web_fetch: read, requires ["http"] => web_fetch;
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
pub struct WebFetch {
    url: String,
    offset: Option<usize>,
}

fn web_fetch(arguments: WebFetch) -> Result<Output, Failure> {
    let mut response = fetch(address::complete(&arguments.url)?)?;
    for _ in 0..SENT_ON {
        let Some(next) = page::sent_on(&response) else { break };
        response = fetch(next.into())?;
    }
    let page = Page::read(&response)?;
    let part = page.part(arguments.offset.unwrap_or(0))?;
    let structured = json!({"url": page.url, "title": page.title, "total": part.total, "next_offset": part.next});
    Ok(Output::from(part.text).structured(structured))
}

fn fetch(url: String) -> Result<Response, Failure> {
    let response = http::get(url)
        .header("user-agent", USER_AGENT)
        .header("accept", "text/html,application/xhtml+xml,text/markdown,text/plain,application/json;q=0.9,*/*;q=0.5")
        .header("accept-language", format!("{},en;q=0.7", run::locale()))
        .limit(SIZE_LIMIT)
        .timeout(TIMEOUT)
        .send()?;
    status::check(&response)?;
    packing::unpacked(response, SIZE_LIMIT)
}
