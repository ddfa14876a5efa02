//! The states of a task: what models call them, and what the contract calls them.

use steward_sdk::Failure;

/// Every state, as the contract names it.
pub const ALL: [&str; 5] = ["open", "in_progress", "done", "declined", "cancelled"];

/// The state meant by a word, in English or Russian.
pub fn named(word: &str) -> Result<&'static str, Failure> {
    let plain = word.trim().to_lowercase().replace([' ', '-'], "_");
    let status = match plain.as_str() {
        "open" | "new" | "todo" | "pending" | "открыта" | "новая" => "open",
        "in_progress" | "started" | "active" | "в_работе" => "in_progress",
        "done" | "completed" | "complete" | "finished" | "closed" | "готово" | "сделано" | "выполнена" => {
            "done"
        }
        "declined" | "rejected" | "refused" | "отклонена" | "отказ" => "declined",
        "cancelled" | "canceled" | "отменена" => "cancelled",
        _ => {
            return Err(Failure::invalid(format!("`status` is `{word}`, but it is one of {}", ALL.join(", "))));
        }
    };
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_goes_by_several_words() {
        for (word, status) in [
            ("done", "done"),
            ("Completed", "done"),
            ("in progress", "in_progress"),
            ("In-Progress", "in_progress"),
            ("canceled", "cancelled"),
            ("отклонена", "declined"),
        ] {
            assert_eq!(named(word).unwrap(), status);
        }
        assert!(ALL.iter().all(|status| named(status).unwrap() == *status));
        let failure = named("perhaps").unwrap_err();
        assert!(failure.text().contains("open, in_progress, done, declined, cancelled"));
    }
}
