//! What came of a command, in words for the model and as JSON.

use serde_json::json;
use steward_sdk::Output;
use steward_sdk::process::{Ending, Finished};

/// The exit code, then the output, then the errors apart from it.
pub fn report(finished: &Finished) -> Output {
    let (output, errors) = (finished.output.text(), finished.errors.text());
    let mut text = match &finished.ending {
        Ending::Ended(why) => format!("The command was ended: {why}. What it had done by then stays done."),
        Ending::Killed(signal) => format!("The command was ended by signal {signal}."),
        Ending::Exited(code) => format!("The command ended with exit code {code}."),
    };
    match (output.trim_end(), errors.trim_end()) {
        ("", "") => text.push_str(" It printed nothing."),
        (output, "") => text.push_str(&format!("\n{output}")),
        ("", errors) => text.push_str(&format!("\n[standard error]\n{errors}")),
        (output, errors) => text.push_str(&format!("\n{output}\n[standard error]\n{errors}")),
    }
    let code = match finished.ending {
        Ending::Exited(code) => Some(code),
        Ending::Killed(_) | Ending::Ended(_) => None,
    };
    Output::text(text).structured(json!({"exit_code": code, "stdout": output, "stderr": errors}))
}

#[cfg(test)]
mod tests {
    use steward_sdk::process::Printed;

    use super::*;

    fn told(ending: Ending, output: &str, errors: &str) -> String {
        let printed = |text: &str| Printed { data: text.into(), left_out: 0, left_out_at: 0 };
        report(&Finished { ending, output: printed(output), errors: printed(errors) }).text
    }

    #[test]
    fn the_model_reads_how_it_ended_and_what_it_printed() {
        assert_eq!(told(Ending::Exited(0), "one\n", ""), "The command ended with exit code 0.\none");
        assert_eq!(told(Ending::Exited(2), "", "no\n"), "The command ended with exit code 2.\n[standard error]\nno");
        assert_eq!(told(Ending::Exited(0), "", ""), "The command ended with exit code 0. It printed nothing.");
        let late = told(Ending::Ended("it took longer than 5 s".into()), "a\n", "b\n");
        assert!(late.starts_with("The command was ended: it took longer than 5 s."), "{late}");
        assert!(late.ends_with("done.\na\n[standard error]\nb"), "{late}");
        assert!(told(Ending::Killed(9), "", "").starts_with("The command was ended by signal 9."));
    }

    #[test]
    fn a_program_reads_the_parts() {
        let printed = Printed { data: b"x".to_vec(), left_out: 0, left_out_at: 0 };
        let finished = Finished { ending: Ending::Exited(3), output: printed.clone(), errors: printed };
        assert_eq!(report(&finished).structured, Some(json!({"exit_code": 3, "stdout": "x", "stderr": "x"})));
    }
}
