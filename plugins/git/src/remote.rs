//! The address of a repository elsewhere, read so that it is known what git would do with it.

use steward_sdk::Failure;
use url::Url;

/// An address git may be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    url: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// By https or http, without a name or a password in it.
    Web { host: String, path: String },
    /// By ssh or git's own protocol.
    Host { host: String, path: String },
    /// A folder.
    Local,
}

impl Remote {
    /// Reads an address in one of the forms git knows.
    ///
    /// # Errors
    /// One that names a program to run, that carries a password, or that is none.
    pub fn read(text: &str) -> Result<Self, Failure> {
        let url = text.trim().to_owned();
        let wrong = |why: &str| Failure::invalid(format!("the address `{}` {why}", url.escape_debug()));
        if url.is_empty() || url.starts_with('-') || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(wrong("is none: write it as `https://github.com/owner/name`"));
        }
        // Git takes a word before two colons for a program; in an address two colons are version 6.
        let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if url.split_once("::").is_some_and(|(before, _)| is_word(before)) {
            return Err(wrong("names a program to run, which is not done"));
        }
        let place = match url.split_once("://") {
            Some(_) => with_scheme(&url).map_err(wrong)?,
            None => without_scheme(&url),
        };
        Ok(Self { url, place })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The last part of its path: `name` of `https://host/owner/name.git`.
    pub fn name(&self) -> &str {
        let name = self.url.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
        name.strip_suffix(".git").unwrap_or(name)
    }

    /// The host, with its port where that is another than usual.
    pub fn host(&self) -> Option<&str> {
        match &self.place {
            Place::Web { host, .. } | Place::Host { host, .. } => Some(host),
            Place::Local => None,
        }
    }

    /// # Errors
    /// One that git is not sent to, with the address to use instead.
    pub fn check_reached(&self) -> Result<(), Failure> {
        match &self.place {
            Place::Host { host, path } => Err(Failure::invalid(format!(
                "ssh and git:// are not used, for only https passes the rules on where requests may go: use \
                 `https://{host}/{path}`, and have the owner keep a token for it, such as \
                 `steward secret set GITHUB_TOKEN --host {host}`"
            ))),
            Place::Web { .. } | Place::Local => Ok(()),
        }
    }

    /// `owner/name`.
    pub fn project(&self) -> Option<&str> {
        match &self.place {
            Place::Web { path, .. } | Place::Host { path, .. } => Some(path),
            Place::Local => None,
        }
    }
}

fn with_scheme(url: &str) -> Result<Place, &'static str> {
    let read = Url::parse(url).map_err(|_| "cannot be read")?;
    let host = match (read.host_str(), read.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let path = project(read.path());
    match read.scheme() {
        "file" => Ok(Place::Local),
        "http" | "https" if !read.username().is_empty() || read.password().is_some() => {
            Err("has a name or a password in it: keep a token with `steward secret set` instead")
        }
        "http" | "https" if !host.is_empty() => Ok(Place::Web { host, path }),
        "ssh" | "git" if !host.is_empty() && !host.starts_with('-') => Ok(Place::Host { host, path }),
        _ => Err("is of a kind that is not used: use https or ssh"),
    }
}

/// `git@host:owner/name`, or a path.
fn without_scheme(url: &str) -> Place {
    match url.split_once(':') {
        Some((before, path)) if !before.contains('/') && !before.is_empty() => {
            let host = before.rsplit('@').next().unwrap_or(before).to_owned();
            Place::Host { host, path: project(path) }
        }
        _ => Place::Local,
    }
}

fn project(path: &str) -> String {
    let path = path.trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, host: Option<&str>, project: Option<&str>, name: &str) {
        let remote = Remote::read(url).unwrap();
        assert_eq!((remote.host(), remote.project(), remote.name()), (host, project, name), "{url}");
    }

    #[test]
    fn every_usual_form_is_read() {
        check("https://github.com/o/r.git", Some("github.com"), Some("o/r"), "r");
        check("https://git.example.org:8443/g/sub/r/", Some("git.example.org:8443"), Some("g/sub/r"), "r");
        check("git@github.com:o/r.git", Some("github.com"), Some("o/r"), "r");
        check("ssh://git@host/o/r", Some("host"), Some("o/r"), "r");
        check("mirror/r.git", None, None, "r");
        check("file:///work/r.git", None, None, "r");
        assert_eq!(Remote::read("./r.git").unwrap().place, Place::Local);
    }

    #[test]
    fn what_is_not_reached_is_told_with_the_address_that_is() {
        for other in ["git@github.com:o/r.git", "ssh://git@github.com/o/r", "git://github.com/o/r"] {
            let told = Remote::read(other).unwrap().check_reached().unwrap_err();
            assert!(matches!(&told, Failure::Invalid(text) if text.contains("`https://github.com/o/r`")), "{told:?}");
        }
        for reached in ["https://github.com/o/r", "r.git"] {
            assert!(Remote::read(reached).unwrap().check_reached().is_ok());
        }
    }

    #[test]
    fn what_would_run_a_program_or_carry_a_password_is_refused() {
        for wrong in [
            "ext::sh -c touch% x",
            "ext::sh",
            "fd::17",
            "--upload-pack=touch",
            "https://olga:secret@github.com/o/r",
            "https://token@github.com/o/r",
            "ftp://a.org/r",
            "ssh://-oProxyCommand=x/r",
            "a b",
            "",
        ] {
            assert!(Remote::read(wrong).is_err(), "{wrong}");
        }
    }
}
