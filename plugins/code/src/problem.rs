//! An error of a script in words a model can act on: what is wrong, and on which lines of the script.

use boa_engine::JsError;

use crate::evaluation::DEEPEST;

/// Lines of a trace that are told.
const FRAMES: usize = 8;

/// What is wrong. Places outside of the script, such as the function around it, are left out.
pub fn problem(error: &JsError, script: &str) -> String {
    let last = script.lines().count().max(1);
    let text = error.to_string();
    let (mut message, mut frames) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let (said, place) = place(line);
        match (line.starts_with("    at "), place) {
            (true, Place::Line(number)) if number <= last => frames.push(format!("{said} (line {number})")),
            (true, _) => {}
            (false, Place::Line(number)) if number <= last => message.push(format!("{said} (line {number})")),
            (false, Place::Line(_) | Place::Elsewhere) => message.push(said.to_owned()),
            (false, Place::None) => message.push(line.to_owned()),
        }
    }
    // The same function within itself is told once.
    frames.dedup();
    let left_out = frames.len().saturating_sub(FRAMES);
    frames.truncate(FRAMES);
    if left_out > 0 {
        frames.push(format!("    and {left_out} more"));
    }
    let message = match message.join("\n") {
        // These come from the interpreter and cannot be caught by a script.
        message if message.starts_with("RuntimeLimitError") || message.starts_with("EnginePanic") => {
            format!("RangeError: the script went too deep: {DEEPEST} calls within each other are the most. Use a loop.")
        }
        message => message,
    };
    [message].into_iter().chain(frames).collect::<Vec<_>>().join("\n")
}

/// Where a line of an error's text says that it was.
enum Place {
    Line(usize),
    Elsewhere,
    None,
}

/// Takes the place off a line: `f (script:2:5)` is in line 2.
fn place(line: &str) -> (&str, Place) {
    let Some((said, place)) = line.rsplit_once(" (").and_then(|(said, place)| Some((said, place.strip_suffix(')')?)))
    else {
        return (line, Place::None);
    };
    match place.strip_prefix("script:").map(|place| place.split(':').next().and_then(|number| number.parse().ok())) {
        Some(Some(number)) => (said, Place::Line(number)),
        Some(None) => (said, Place::Elsewhere),
        None if place == "native" => (said, Place::Elsewhere),
        None => (line, Place::None),
    }
}
