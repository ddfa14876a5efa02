//! A yes or no of the person at the terminal, where a command needs one and `--yes` was not given.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::bail;

use super::output::ask;

/// Asks on the terminal; anything but a yes is a no.
///
/// # Errors
/// Nobody is there.
pub(super) async fn agrees(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is here to agree to that: nothing was changed. In a script, agree with --yes");
    }
    ask(question)?;
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    Ok(is_yes(&line.await??))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "д" | "да")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        assert!(["y\n", " Yes ", "Да\n", "д"].into_iter().all(is_yes));
        assert!(["", "\n", "n", "yep", "нет"].into_iter().all(|answer| !is_yes(answer)));
    }
}
