//! Names of memory files: what a model may call them and what they are called on disk.

use steward_sdk::Failure;

/// The file of lasting facts.
pub const FACTS: &str = "MEMORY.md";

/// The folder of the transcripts.
const SESSIONS: &str = "sessions/";

/// The file of standing instructions.
pub const HEARTBEAT: &str = "HEARTBEAT.md";

/// The log of a day, `YYYY-MM-DD`.
pub fn of_day(date: &str) -> String {
    format!("memory/{date}.md")
}

/// Whether this is the path of a day's log.
pub fn is_day(path: &str) -> bool {
    day_of(path).is_some()
}

fn day_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix("memory/")?.strip_suffix(".md")?;
    is_date(name).then_some(name)
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
}

/// Takes `:3-5` or `:3` off the end of a path as memory_search names it: the first line and the last.
pub fn split_lines(asked: &str) -> (&str, Option<(usize, usize)>) {
    let picked = || {
        let (path, lines) = asked.trim().rsplit_once(':')?;
        let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
        Some((path, Some((first.parse().ok()?, last.parse().ok()?))))
    };
    picked().unwrap_or((asked, None))
}

/// The file meant by what was asked for. `today` is `YYYY-MM-DD`.
pub fn resolve(asked: &str, today: &str) -> Result<String, Failure> {
    let name = asked.trim().trim_start_matches("./").trim_start_matches("/workspace/").trim_start_matches('/');
    let bare = name.strip_suffix(".md").unwrap_or(name);
    match bare.to_lowercase().as_str() {
        "" | "memory" => return Ok(FACTS.to_owned()),
        "heartbeat" => return Ok(HEARTBEAT.to_owned()),
        "today" | "сегодня" => return Ok(of_day(today)),
        _ => {}
    }
    if bare.strip_prefix(SESSIONS).is_some_and(|name| !name.is_empty() && !name.contains('/')) {
        return Ok(format!("{bare}.md"));
    }
    let day = bare.strip_prefix("memory/").unwrap_or(bare);
    if is_date(day) {
        return Ok(of_day(day));
    }
    Err(Failure::invalid(format!(
        "`path` is `{asked}`, but memory has only {FACTS}, {HEARTBEAT}, days such as memory/{today}.md and transcripts \
         such as sessions/NAME.md; read other files with the tool `read`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_by_several_names() {
        for (asked, path) in [
            ("MEMORY.md", "MEMORY.md"),
            ("memory", "MEMORY.md"),
            ("./MEMORY.md", "MEMORY.md"),
            ("/workspace/HEARTBEAT.md", "HEARTBEAT.md"),
            ("today", "memory/2026-11-20.md"),
            ("2026-11-02", "memory/2026-11-02.md"),
            ("2026-11-02.md", "memory/2026-11-02.md"),
            ("memory/2026-11-02.md", "memory/2026-11-02.md"),
            ("sessions/owner-1.md", "sessions/owner-1.md"),
            ("sessions/Разговор", "sessions/Разговор.md"),
        ] {
            assert_eq!(resolve(asked, "2026-11-20").unwrap(), path, "{asked}");
        }
    }

    #[test]
    fn other_files_are_refused_with_a_way_out() {
        for asked in [
            "notes.md",
            "../MEMORY.md",
            "memory/../../etc/passwd",
            "memory/2026-1-2.md",
            "sessions/",
            "sessions/a/b.md",
        ] {
            let failure = resolve(asked, "2026-11-20").unwrap_err();
            assert!(matches!(failure, Failure::Invalid(text) if text.contains("memory has only")), "{asked}");
        }
    }

    #[test]
    fn lines_may_be_picked_as_a_search_names_them() {
        assert_eq!(split_lines("MEMORY.md:3-5"), ("MEMORY.md", Some((3, 5))));
        assert_eq!(split_lines(" today:7 "), ("today", Some((7, 7))));
        for asked in ["MEMORY.md", "sessions/a:b.md", "MEMORY.md:3-", "MEMORY.md:-5"] {
            assert_eq!(split_lines(asked), (asked, None));
        }
    }

    #[test]
    fn a_day_is_told_from_other_files() {
        assert!(is_day("memory/2026-11-20.md"));
        assert!(!is_day("MEMORY.md") && !is_day("memory/notes-of-me.md"));
    }
}
