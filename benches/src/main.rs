//! Figures of Steward, each next to something it can be compared with in the same run: `make bench` takes them all,
//! `cargo run --release -p steward-benches -- call memory` those that are named.
//!
//! Nothing here asserts on time; how to read the figures stands in `README.md`.

mod alive;
mod bare;
mod busy;
mod call;
mod crowd;
mod figures;
mod growth;
mod guest;
mod hosts;
mod load;
mod memory;
mod messages;
mod process;
mod retrieval;
mod sandbox;
mod scene;
mod search;
mod sessions;
mod startup;
mod steward;
mod terminal;

use std::process::ExitCode;

/// The parts in the order they are taken, and what each is about.
const PARTS: [(&str, &str); 11] = [
    ("call", "a tool call through the sandbox against the same function called natively"),
    ("hosts", "a tool call against hosts that do less, or link or compile at each call"),
    ("alive", "instances alive at once, and the memory of each"),
    ("load", "loading a plugin for the first time and again"),
    ("startup", "from the start of the program until it is ready"),
    ("memory", "resident memory when idle"),
    ("growth", "memory and processor time over a thousand messages of an owner"),
    ("messages", "messages a second through the whole path"),
    ("sessions", "200 people who write at the same moment"),
    ("search", "searching memory with ten thousand, a hundred thousand and a million passages"),
    ("retrieval", "how often the right passage is found, by words, by meaning and by both"),
];

#[tokio::main]
async fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    if named.first().is_some_and(|name| name == search::CHILD) {
        return match search::child(&named) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error:#}");
                ExitCode::FAILURE
            }
        };
    }
    if let Some(unknown) = named.iter().find(|name| !PARTS.iter().any(|(part, _)| part == name)) {
        eprintln!("There is no part `{unknown}`. Name some of these, or none for all:");
        PARTS.iter().for_each(|(part, about)| eprintln!("  {part:<9} {about}"));
        return ExitCode::FAILURE;
    }
    println!("{}\n", machine());
    for (part, about) in PARTS {
        if !named.is_empty() && !named.iter().any(|name| name == part) {
            continue;
        }
        println!("{part}: {about}\n");
        if let Err(error) = take(part).await {
            eprintln!("{part}: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn take(part: &str) -> anyhow::Result<()> {
    match part {
        "call" => call::take().await,
        "hosts" => hosts::take().await,
        "alive" => alive::take().await,
        "load" => load::take().await,
        "startup" => startup::take().await,
        "memory" => memory::take().await,
        "growth" => growth::take().await,
        "messages" => messages::take().await,
        "sessions" => sessions::take().await,
        "search" => search::take().await,
        _ => retrieval::take().await,
    }
}

/// Where and how the figures come about, in one line.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    let build = if cfg!(debug_assertions) { "DEBUG build: these figures mean nothing" } else { "release build" };
    format!("{} · {cores} cores · load {load} before · {build}", jiff::Zoned::now().strftime("%Y-%m-%d %H:%M"))
}
