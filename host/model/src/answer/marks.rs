//! The marks that may stand in an answer's text, and what each means. Those of reasoning are matched without regard to
//! case; a mark in backticks or in a fence is a quotation.

use crate::written::{self, Dialect};

/// What reasoning is wrapped in, in lower case.
const THOUGHTS: [(&str, &[&str]); 23] = [
    ("<think>", &["</think>"]),
    ("<thinking>", &["</thinking>"]),
    ("<thought>", &["</thought>"]),
    ("<thoughts>", &["</thoughts>"]),
    ("<reasoning>", &["</reasoning>"]),
    ("<reason>", &["</reason>"]),
    ("<reflection>", &["</reflection>"]),
    ("<scratchpad>", &["</scratchpad>"]),
    ("<seed:think>", &["</seed:think>"]),
    ("<mm:think>", &["</mm:think>"]),
    ("<longcat_think>", &["</longcat_think>"]),
    ("<ant_thinking>", &["</ant_thinking>"]),
    ("<antthinking>", &["</antthinking>"]),
    ("[think]", &["[/think]"]),
    ("◁think▷", &["◁/think▷"]),
    ("<|think|>", &["<|/think|>", "<|end_of_thought|>"]),
    ("<|thinking|>", &["<|/thinking|>"]),
    ("<|thought|>", &["<|/thought|>"]),
    // Gemma has one channel, that of its thoughts, and names it behind the mark.
    ("<|channel>", &["<channel|>"]),
    ("<channel>thought", &["</channel>"]),
    ("<|begin_of_thought|>", &["<|end_of_thought|>"]),
    ("<|start_thinking|>", &["<|end_thinking|>"]),
    ("<unused94>", &["<unused95>"]),
];

/// Tokens of chat templates that mean nothing to a reader.
const TOKENS: [&str; 25] = [
    "<|end|>",
    "<|call|>",
    "<|return|>",
    "<|message|>",
    "<|im_end|>",
    "<|im_start|>assistant",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|begin_of_solution|>",
    "<|end_of_solution|>",
    "<|start_response|>",
    "<|end_response|>",
    "<|begin_of_box|>",
    "<|end_of_box|>",
    "<|assistant|>",
    "<end_of_turn>",
    "<start_of_turn>model",
    "<｜end▁of▁sentence｜>",
    "<｜assistant｜>",
    "<|end▁of▁sentence|>",
    "<|end_of_sentence|>",
    "<turn|>",
    "<|turn>model",
];

/// What begins a channel's header.
const HEADERS: [&str; 2] = ["<|channel|>", "<|start|>"];

/// What models make up behind a call: the answer they did not wait for.
const MADE_UP: [&str; 8] = [
    "<tool_response>",
    "<tool_result>",
    "<tool_results>",
    "<function_results>",
    "<function_response>",
    "<|im_start|>user",
    "<|tool_response|>",
    "observation:",
];

/// Ends of calls that had ended already.
const LEFTOVERS: [&str; 6] =
    ["</tool_call>", "</tool_calls>", "</function_calls>", "</function>", "<|tool_calls_section_end|>", "</s>"];

/// What a mark means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// Reasoning begins, until one of these.
    Thought(&'static [&'static str]),
    /// Reasoning ends that nothing began.
    ThoughtEnd,
    Token,
    Header,
    Call(&'static str, &'static Dialect),
    /// What follows is made up, if a call stands before.
    MadeUp,
    /// Nothing, if a call stands before.
    Leftover,
}

/// A mark found in the text.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) at: usize,
    pub(super) len: usize,
    pub(super) meaning: Meaning,
}

/// Every mark with its meaning; those of calls only where they are looked for.
fn marks(calls: bool) -> impl Iterator<Item = (&'static str, Meaning)> {
    let thoughts = THOUGHTS.iter().map(|(open, close)| (*open, Meaning::Thought(close)));
    let ends = THOUGHTS.iter().flat_map(|(_, close)| close.iter().map(|close| (*close, Meaning::ThoughtEnd)));
    let tokens = TOKENS.iter().map(|token| (*token, Meaning::Token));
    let headers = HEADERS.iter().map(|token| (*token, Meaning::Header));
    let written = written::marks().filter(move |_| calls).map(|(mark, dialect)| (mark, Meaning::Call(mark, dialect)));
    let made_up = MADE_UP.iter().filter(move |_| calls).map(|mark| (*mark, Meaning::MadeUp));
    let leftovers = LEFTOVERS.iter().filter(move |_| calls).map(|mark| (*mark, Meaning::Leftover));
    // gpt-oss behind a server that dropped its marks: `analysis…assistantfinal…`.
    let stripped = std::iter::once(("assistantfinal", Meaning::ThoughtEnd));
    thoughts.chain(ends).chain(tokens).chain(headers).chain(written).chain(made_up).chain(leftovers).chain(stripped)
}

/// The first mark in the held text that is not quoted; of those at one place the longest.
pub(super) fn find(shown: &str, held: &str, lower: &str, calls: bool) -> Option<Found> {
    let place = |(mark, meaning): (&'static str, Meaning)| {
        let at = lower.match_indices(mark).map(|(at, _)| at).find(|at| counts(shown, held, *at, mark, meaning))?;
        Some(Found { at, len: mark.len(), meaning })
    };
    marks(calls).filter_map(place).min_by_key(|found| (found.at, usize::MAX - found.len))
}

/// Whether a mark at that place means what it says.
fn counts(shown: &str, held: &str, at: usize, mark: &str, meaning: Meaning) -> bool {
    let before = || -> String { [shown, &held[..at]].concat() };
    match meaning {
        Meaning::ThoughtEnd if mark == "assistantfinal" => before().starts_with("analysis"),
        Meaning::ThoughtEnd => {
            let before = before();
            !in_code(&before) && !ends_example(&before, mark)
        }
        Meaning::Thought(_) | Meaning::Token | Meaning::Header => {
            let before = before();
            !in_code(&before) && !in_fence(&before)
        }
        Meaning::Call(_, dialect) => {
            let before = before();
            let begins_line = || line(&before).trim().is_empty();
            !in_code(&before) && !in_fence(&before) && !is_cited(&before) && (!dialect.begins_line || begins_line())
        }
        Meaning::MadeUp if mark == "observation:" => line(&before()).trim().is_empty(),
        Meaning::MadeUp | Meaning::Leftover => true,
    }
}

fn line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or_default()
}

/// Within backticks on its line.
fn in_code(before: &str) -> bool {
    let line = line(before);
    line.matches('`').count() % 2 == 1 && !line.trim_start().starts_with("```")
}

/// Within a fence that was opened and not closed.
fn in_fence(before: &str) -> bool {
    fenced(before).is_some()
}

/// What stands in a fence that was opened and not closed, from its first line on.
fn fenced(before: &str) -> Option<&str> {
    let (mut open, mut at) = (None, 0);
    for line in before.split_inclusive('\n') {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            open = open.xor(Some(at));
        }
        at += line.len();
    }
    open.map(|at| &before[at..])
}

/// Whether this end of reasoning belongs to a beginning in the same fence: both are shown as an example. An end alone
/// counts there too, for reasoning may break off within a fence.
fn ends_example(before: &str, end: &str) -> bool {
    let Some(fenced) = fenced(before).map(str::to_ascii_lowercase) else { return false };
    let begun = THOUGHTS.iter().filter(|(_, close)| close.contains(&end)).filter_map(|(open, _)| fenced.rfind(open));
    begun.max() > fenced.rfind(end)
}

/// In quotation marks, or on a line that cites.
fn is_cited(before: &str) -> bool {
    before.ends_with(['"', '\'', '“', '«', '‘', '(']) || line(before).trim_start().starts_with('>')
}

/// How many bytes at the end of the held text may be the beginning of a mark that counts there.
pub(super) fn partial(shown: &str, held: &str, lower: &str, calls: bool) -> usize {
    let begun = marks(calls).filter_map(|(mark, meaning)| {
        let len = begun(lower, mark);
        (len > 0 && counts(shown, held, held.len() - len, mark, meaning)).then_some(len)
    });
    begun.max().unwrap_or(0)
}

pub(super) fn partial_of(lower: &str, marks: &[&str]) -> usize {
    marks.iter().map(|mark| begun(lower, mark)).max().unwrap_or(0)
}

fn begun(text: &str, mark: &str) -> usize {
    let cuts = mark.char_indices().map(|(at, _)| at).rev();
    cuts.filter(|len| *len > 0).find(|len| text.ends_with(&mark[..*len])).unwrap_or(0)
}
