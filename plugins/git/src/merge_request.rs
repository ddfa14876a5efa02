//! The tool `git_merge_request`.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output};

use crate::check;
use crate::git::Repository;
use crate::remote::Remote;
use crate::service::{Project, Service};

/// Which branch should be merged into which.
#[derive(Deserialize, JsonSchema)]
pub struct MergeRequest {
    folder: Option<String>,
    title: String,
    description: Option<String>,
    /// Else the branch checked out.
    source: Option<String>,
    /// Else the default branch.
    target: Option<String>,
    /// Else `origin`.
    remote: Option<String>,
    /// `owner/name`
    project: Option<String>,
    service: Option<Service>,
    /// `https://git.example.org/api/v4`
    api: Option<String>,
}

/// Opens a merge request.
pub fn merge_request(arguments: MergeRequest) -> Result<Output, Failure> {
    let title = arguments.title.trim();
    if title.is_empty() {
        return Err(Failure::invalid("`title` is empty: say what the merge request does"));
    }
    let name = check::remote("remote", arguments.remote.as_deref().unwrap_or("origin"))?;
    let repository = Repository::open(arguments.folder.as_deref())?;
    let source = match &arguments.source {
        Some(source) => check::branch("source", source)?,
        None => repository.branch()?,
    };
    let project = project(&arguments, &Remote::read(&repository.remote(&name)?)?)?;
    let target = match &arguments.target {
        Some(target) => check::branch("target", target)?,
        None => project.default_branch()?,
    };
    if source == target {
        return Err(Failure::invalid(format!("{source} cannot be merged into itself: commit to a branch of its own")));
    }
    let text = arguments.description.as_deref().unwrap_or_default();
    let address = project.open(title, text, &source, &target)?;
    Ok(format!("Opened a merge request of {source} into {target}: {address}").into())
}

fn project(arguments: &MergeRequest, remote: &Remote) -> Result<Project, Failure> {
    let service = arguments.service.or_else(|| Service::of_host(remote.host()?)).ok_or_else(|| {
        Failure::invalid("the remote does not tell what keeps it: say `service`, \"github\" or \"gitlab\"")
    })?;
    let api = match (&arguments.api, remote.host()) {
        (Some(api), _) => api.trim().trim_end_matches('/').to_owned(),
        (None, Some(host)) => service.api(host),
        (None, None) => return Err(Failure::invalid("the remote is a folder: say `api`, the address of the service")),
    };
    let path = arguments.project.as_deref().or_else(|| remote.project()).unwrap_or_default().trim_matches('/');
    let fits = |c: char| c.is_alphanumeric() || "./_-".contains(c);
    if !path.contains('/') || !path.chars().all(fits) || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(Failure::invalid(format!("`project`: `{path}` is not a project: write it as `owner/name`")));
    }
    Ok(Project { service, api, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(json: serde_json::Value, remote: &str) -> Result<(String, String), Failure> {
        let arguments: MergeRequest = serde_json::from_value(json).unwrap();
        project(&arguments, &Remote::read(remote).unwrap()).map(|project| (project.api, project.path))
    }

    #[test]
    fn the_project_is_that_of_the_remote_unless_said_otherwise() {
        let plain = serde_json::json!({"title": "x"});
        let github = ("https://api.github.com".to_owned(), "o/r".to_owned());
        assert_eq!(made(plain.clone(), "git@github.com:o/r.git").unwrap(), github);
        assert!(made(plain.clone(), "https://git.example.org/o/r").is_err());
        assert!(made(plain, "mirror/r.git").is_err());
        let said =
            serde_json::json!({"title": "x", "service": "gitlab", "api": "http://a:1/api/v4/", "project": "o/r"});
        assert_eq!(made(said, "mirror/r.git").unwrap(), ("http://a:1/api/v4".to_owned(), "o/r".to_owned()));
        let out = serde_json::json!({"title": "x", "project": "../../user"});
        assert!(made(out, "https://github.com/o/r").is_err());
    }
}
