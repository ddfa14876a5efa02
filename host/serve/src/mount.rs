//! What other parts put on the listener: a name, a path, routes, and who may use them.

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use crate::gate::{Caller, refuse_without_key};

/// Routes of one part of the program, below one path.
#[derive(Clone, Debug)]
pub struct Mount {
    /// What people call it, in the log and where the listener is described.
    pub name: &'static str,
    /// Begins with `/` and is all or the beginning of the paths of its routes. `/` takes what no other mount does.
    pub path: &'static str,
    /// The routes, as seen from `path`.
    pub router: Router,
    pub access: Access,
}

/// Who may use a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Callers with the key, if there is one; otherwise everyone who reaches the listener.
    KeyHolders,
    /// Everyone. The handlers find a [`Caller`] among the request's extensions and decide what strangers get.
    Everyone,
}

/// Two mounts that cannot be there together, or a path that is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MountError {
    #[error("{name} cannot be mounted at “{path}”: a path begins with / and has no variable parts")]
    Path { name: &'static str, path: &'static str },
    #[error("{one} and {other} are mounted at the same path")]
    Overlap { one: &'static str, other: &'static str },
}

/// One router of all mounts.
pub(crate) fn assembled(mounts: Vec<Mount>) -> Result<Router, MountError> {
    check(&mounts)?;
    let mut all = Router::new().fallback(unknown);
    for Mount { path, router, access, .. } in mounts {
        let router = match access {
            Access::KeyHolders => router.layer(from_fn(key_holders_only)),
            Access::Everyone => router,
        };
        all = if path == "/" { all.fallback_service(router) } else { all.nest(path, router) };
    }
    Ok(all)
}

fn check(mounts: &[Mount]) -> Result<(), MountError> {
    for (at, one) in mounts.iter().enumerate() {
        let (name, path) = (one.name, one.path);
        let well_formed = path == "/" || (path.starts_with('/') && !path.ends_with('/') && !path.contains(['{', '*']));
        if !well_formed {
            return Err(MountError::Path { name, path });
        }
        if let Some(other) = mounts[..at].iter().find(|other| overlap(other.path, path)) {
            return Err(MountError::Overlap { one: other.name, other: name });
        }
    }
    Ok(())
}

fn overlap(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        outer != "/" && inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    one == other || within(one, other) || within(other, one)
}

async fn key_holders_only(request: Request, next: Next) -> Response {
    match request.extensions().get::<Caller>() {
        Some(Caller::Trusted) => next.run(request).await,
        _ => refuse_without_key(),
    }
}

/// Whoever has no key is not told what there is.
async fn unknown(request: Request) -> Response {
    match request.extensions().get::<Caller>() {
        Some(Caller::Trusted) => (StatusCode::NOT_FOUND, "There is nothing at this path.\n").into_response(),
        _ => refuse_without_key(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(name: &'static str, path: &'static str) -> Mount {
        Mount { name, path, router: Router::new(), access: Access::KeyHolders }
    }

    fn error(mounts: &[Mount]) -> Option<MountError> {
        assembled(mounts.to_vec()).err()
    }

    #[test]
    fn mounts_have_paths_of_their_own() {
        assert_eq!(error(&[mount("page", "/"), mount("health", "/health"), mount("more", "/healthy")]), None);
        let (one, two) = (mount("one", "/hooks"), mount("two", "/hooks/mail"));
        for pair in [[one.clone(), two.clone()], [two, one.clone()], [one.clone(), one]] {
            let (one, other) = (pair[0].name, pair[1].name);
            assert_eq!(error(&pair), Some(MountError::Overlap { one, other }));
        }
        let roots = [mount("a", "/"), mount("b", "/")];
        assert_eq!(error(&roots), Some(MountError::Overlap { one: "a", other: "b" }));
        for path in ["", "health", "/health/", "/{id}", "/*"] {
            assert_eq!(error(&[mount("odd", path)]), Some(MountError::Path { name: "odd", path }), "{path}");
        }
    }
}
