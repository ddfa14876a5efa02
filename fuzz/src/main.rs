//! `steward-fuzz SECONDS [TARGET …]`: feeds each target for so long. `make fuzz SECONDS=60` is the usual way to it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use steward_fuzz::{Outcome, TARGETS, Target, campaign};

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().context("say for how many seconds: steward-fuzz SECONDS [TARGET …]")?;
    let seconds = seconds.parse().with_context(|| format!("`{seconds}` is not a number of seconds"))?;
    let named: Vec<String> = arguments.collect();
    let targets = chosen(&named)?;
    let failures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("failures");
    // Another number, other inputs; it is in the name of what is kept.
    let number = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut all_held = true;
    for target in targets {
        let outcome = campaign(target, Duration::from_secs(seconds), number, &failures)?;
        all_held &= matches!(outcome, Outcome::Held(_));
        tell(target, &outcome);
        if matches!(outcome, Outcome::Hangs(_)) {
            // The thread that hangs would disturb the next target.
            break;
        }
    }
    Ok(if all_held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(named: &[String]) -> anyhow::Result<Vec<Target>> {
    let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    if let Some(unknown) = named.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no target `{unknown}`: use one of {}", known.join(", "));
    }
    let is_chosen = |target: &&Target| named.is_empty() || named.iter().any(|name| name == target.name);
    Ok(TARGETS.iter().filter(is_chosen).copied().collect())
}

fn tell(target: Target, outcome: &Outcome) {
    let name = target.name;
    let keep = |file: &Path| {
        format!("Copy {} to fuzz/seeds/{name}/ and run `cargo nextest run -p steward-fuzz`.", file.display())
    };
    match outcome {
        Outcome::Held(count) => println!("{name:<12} held {count} inputs"),
        Outcome::Failed(file) => println!("{name:<12} FAILED, as said above. {}", keep(file)),
        Outcome::Hangs(file) => println!("{name:<12} HANGS. {}", keep(file)),
    }
}
