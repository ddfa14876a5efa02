//! What a model may pass to git as a name. Anything that git could take for an option, a command or a way out is
//! refused before git sees it.

use steward_sdk::Failure;

/// A branch, tag or commit: `main`, `v1.2`, `HEAD~3`, `a1b2c3d`.
pub fn revision(name: &str, text: &str) -> Result<String, Failure> {
    let fits = |c: char| c.is_alphanumeric() || "./_-~^@+#".contains(c);
    checked(name, text, fits, "is not a branch or commit: write it as `main`, `HEAD~2` or `a1b2c3d`")
}

/// The name of a branch that git accepts.
pub fn branch(name: &str, text: &str) -> Result<String, Failure> {
    let fits = |c: char| c.is_alphanumeric() || "./_-+#".contains(c);
    let text = checked(name, text, fits, "is not a name for a branch: write it as `fix-login`")?;
    let wrong =
        text.contains("..") || text.contains("//") || text.starts_with(['/', '.']) || text.ends_with(['/', '.']);
    if wrong || text.split('/').any(|part| part.starts_with('.') || part.ends_with(".lock")) {
        return Err(Failure::invalid(format!("`{name}`: git takes no branch named `{text}`")));
    }
    Ok(text)
}

/// The name of a remote: `origin`.
pub fn remote(name: &str, text: &str) -> Result<String, Failure> {
    let fits = |c: char| c.is_alphanumeric() || "._-".contains(c);
    checked(name, text, fits, "is not the name of a remote: write it as `origin`")
}

/// A path in the repository. That it does not lead out is git's own rule.
pub fn path(name: &str, text: &str) -> Result<String, Failure> {
    // With a colon in front git reads rules of its own instead of a path.
    let wrong = text.trim().is_empty() || text.starts_with([':', '/']) || text.contains('\0');
    match wrong {
        true => {
            Err(Failure::invalid(format!("`{name}`: `{text}` is not a path in the repository, such as `src/main.rs`")))
        }
        false => Ok(text.to_owned()),
    }
}

/// A folder of the workspace for a new repository.
pub fn new_folder(text: &str) -> Result<String, Failure> {
    let text = text.trim().trim_end_matches('/');
    let parts = text.split('/');
    let wrong =
        text.is_empty() || text.starts_with(['-', '/']) || parts.clone().any(|part| matches!(part, "" | "." | ".."));
    match wrong || parts.into_iter().any(|part| part.eq_ignore_ascii_case(".git")) {
        true => Err(Failure::invalid(format!(
            "`folder`: `{text}` is not a new folder of the workspace, such as `projects/log`"
        ))),
        false => Ok(text.to_owned()),
    }
}

fn checked(name: &str, text: &str, fits: impl Fn(char) -> bool, wrong: &str) -> Result<String, Failure> {
    let text = text.trim();
    match text.is_empty() || text.starts_with('-') || text.len() > 200 || !text.chars().all(fits) {
        true => Err(Failure::invalid(format!("`{name}`: `{}` {wrong}", text.escape_debug()))),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_passes_for_an_option_or_a_command() {
        for wrong in ["--upload-pack=touch x", "-x", "", " ", "a b", "a;b", "$(x)", "a\nb", "main:refs/x"] {
            assert!(revision("from", wrong).is_err(), "{wrong}");
            assert!(branch("branch", wrong).is_err(), "{wrong}");
            assert!(remote("remote", wrong).is_err(), "{wrong}");
        }
        for wrong in ["a..b", "/a", "a/", ".a", "a/.b", "a.lock", "HEAD~1"] {
            assert!(branch("branch", wrong).is_err(), "{wrong}");
        }
        assert_eq!(revision("from", "HEAD~3").unwrap(), "HEAD~3");
        assert_eq!(branch("branch", " fix/login-2 ").unwrap(), "fix/login-2");
    }

    #[test]
    fn paths_and_folders_stay_where_they_belong() {
        for wrong in ["", ":(exclude)x", "/etc/passwd"] {
            assert!(path("paths", wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "..", "a/../b", "/a", "-a", "a/.git", "a//b"] {
            assert!(new_folder(wrong).is_err(), "{wrong}");
        }
        assert_eq!(new_folder("projects/log/").unwrap(), "projects/log");
    }
}
