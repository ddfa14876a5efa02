//! The two services that merge requests are opened at: what they call things and how they are asked.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use steward_sdk::http::{self, Request, Response};
use steward_sdk::{Failure, secrets};
use url::form_urlencoded::byte_serialize;

/// A kind of service.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    Github,
    Gitlab,
}

/// A project at a service.
pub struct Project {
    pub service: Service,
    /// The base address of the API, without a slash at its end.
    pub api: String,
    /// `owner/name`.
    pub path: String,
}

impl Service {
    /// Told from the name of the host.
    pub fn of_host(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        match () {
            () if host == "github.com" || host.contains("github") => Some(Self::Github),
            () if host == "gitlab.com" || host.contains("gitlab") => Some(Self::Gitlab),
            () => None,
        }
    }

    /// Where the API of a host is.
    pub fn api(self, host: &str) -> String {
        match (self, host) {
            (Self::Github, "github.com") => "https://api.github.com".to_owned(),
            (Self::Github, host) => format!("https://{host}/api/v3"),
            (Self::Gitlab, host) => format!("https://{host}/api/v4"),
        }
    }
}

impl Project {
    fn url(&self) -> String {
        match self.service {
            Service::Github => format!("{}/repos/{}", self.api, self.path),
            Service::Gitlab => {
                let path: String = byte_serialize(self.path.as_bytes()).collect();
                format!("{}/projects/{path}", self.api)
            }
        }
    }

    /// The branch that merge requests go to unless they say otherwise.
    pub fn default_branch(&self) -> Result<String, Failure> {
        let told = self.answer(self.signed(http::get(self.url())).send()?)?;
        let none = || Failure::failed(format!("{} does not say its default branch: name it with `target`", self.path));
        told["default_branch"].as_str().map(str::to_owned).ok_or_else(none)
    }

    /// Opens a merge request; gives its address.
    pub fn open(&self, title: &str, text: &str, source: &str, target: &str) -> Result<String, Failure> {
        let (folder, body, key) = match self.service {
            Service::Github => {
                ("pulls", json!({"title": title, "body": text, "head": source, "base": target}), "html_url")
            }
            Service::Gitlab => (
                "merge_requests",
                json!({"title": title, "description": text, "source_branch": source, "target_branch": target}),
                "web_url",
            ),
        };
        let request = http::post(format!("{}/{folder}", self.url()), body.to_string());
        let told = self.answer(self.signed(request).header("content-type", "application/json").send()?)?;
        Ok(told[key].as_str().unwrap_or("(it did not say where)").to_owned())
    }

    fn signed(&self, request: Request) -> Request {
        // A token follows no redirect.
        let request = request.redirects(0).header("user-agent", "steward").header("accept", "application/json");
        match self.service {
            Service::Github => {
                let token = format!("Bearer {}", secrets::placeholder("GITHUB_TOKEN"));
                request.header("authorization", token).header("x-github-api-version", "2022-11-28")
            }
            Service::Gitlab => request.header("private-token", secrets::placeholder("GITLAB_TOKEN")),
        }
    }

    fn answer(&self, response: Response) -> Result<Value, Failure> {
        let told: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let (status, path) = (response.status, &self.path);
        if response.is_success() {
            return Ok(told);
        }
        let why = reason(&told);
        Err(match status {
            401 | 403 => Failure::denied(format!("{} does not take the token (status {status}){why}", self.api)),
            404 => Failure::not_found(format!("{} knows no {path} for this token (status 404){why}", self.api)),
            409 | 422 | 400 => Failure::invalid(format!("{path} refuses it (status {status}){why}")),
            429 | 500..=599 => Failure::unavailable(format!("{} cannot do it now (status {status}){why}", self.api)),
            _ => Failure::failed(format!("{} answered with status {status}{why}", self.api)),
        })
    }
}

/// What a service says of an error, shortened.
fn reason(told: &Value) -> String {
    let errors = told["errors"].as_array().into_iter().flatten();
    let errors = errors.filter_map(|error| error["message"].as_str().or(error.as_str()).map(str::to_owned));
    let message = match &told["message"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let words: Vec<String> = message.into_iter().chain(errors).collect();
    let words: String = words.join("; ").chars().take(500).collect();
    if words.is_empty() { words } else { format!(": {words}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(service: Service, host: &str) -> Project {
        Project { service, api: service.api(host), path: "group/sub/r".to_owned() }
    }

    #[test]
    fn each_service_has_its_own_addresses() {
        assert_eq!(project(Service::Github, "github.com").url(), "https://api.github.com/repos/group/sub/r");
        assert_eq!(project(Service::Gitlab, "gitlab.com").url(), "https://gitlab.com/api/v4/projects/group%2Fsub%2Fr");
        assert_eq!(Service::of_host("gitlab.example.org"), Some(Service::Gitlab));
        assert_eq!(Service::Github.api("github.example.org"), "https://github.example.org/api/v3");
        assert_eq!(Service::of_host("git.example.org"), None);
    }

    #[test]
    fn what_went_wrong_is_told_in_the_service_s_words() {
        let response = |status, body: Value| Response { status, body: body.to_string().into(), ..Response::default() };
        let answer = |status, body| project(Service::Github, "github.com").answer(response(status, body));
        let taken = json!({"message": "Validation Failed", "errors": [{"message": "A pull request already exists"}]});
        assert!(matches!(answer(422, taken), Err(Failure::Invalid(text)) if text.contains("already exists")));
        assert!(matches!(answer(401, json!({"message": "Bad credentials"})), Err(Failure::Denied(_))));
        assert!(matches!(answer(404, json!({"message": ["404 Not found"]})), Err(Failure::NotFound(_))));
        assert!(matches!(answer(502, Value::Null), Err(Failure::Unavailable(_))));
        assert_eq!(answer(200, json!({"a": 1})).unwrap(), json!({"a": 1}));
    }
}
