//! Why a request was refused, in words that name the remedy.

use std::fmt;

use http::Method;
use steward_agent::bytes;

use super::policy::Destination;
use crate::grant::GrantedIn;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// The grant itself cannot be understood.
    Grant(String),
    /// Not an http or https address with a host.
    Address,
    /// An address of more bytes than are sent.
    AddressLength {
        limit: usize,
    },
    /// A name and password before the host: they hide where an address leads.
    Credentials {
        host: String,
    },
    Host {
        host: String,
    },
    Port {
        host: String,
        port: u16,
    },
    Method {
        method: Method,
        host: String,
    },
    /// The host is, or resolves to, an address that is not on the public internet.
    Private(Destination),
    /// Nobody here can resolve the host, and it is none that is left to the proxy.
    NotPublic(Destination),
    /// This machine cannot send any.
    Machine(String),
    /// More requests than one call may send.
    Requests {
        limit: u32,
    },
    RequestBody {
        limit: u64,
    },
    ResponseBody {
        limit: u64,
        host: String,
    },
    /// This is a dry run.
    Held {
        method: Method,
        host: String,
    },
    /// Answers stand in for other machines, and none does for this request.
    NoStandIn {
        method: Method,
        url: String,
    },
    /// A secret would go where it may not, or cannot be put in; in words that never hold its value.
    Secret(String),
    /// Foreign text was read before, and nobody agreed to the request.
    Foreign(String),
}

impl Denial {
    /// The refusal with what can be done about it by whoever wrote the plugin's grant.
    pub(crate) fn text(&self, granted_in: &GrantedIn) -> String {
        let add = |what: String, key: &str| format!("{self}: the owner can add {what} to {}", granted_in.place(key));
        match self {
            Self::Host { host } => add(quoted(host, None), "http.hosts"),
            Self::Port { host, port } => add(quoted(host, Some(*port)), "http.hosts"),
            Self::Method { method, .. } => add(format!("\"{method}\""), "http.methods"),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(why) | Self::Foreign(why) => f.write_str(why),
            Self::Held { method, host } => {
                write!(f, "this is a dry run: the {method} request to {host} was held back")
            }
            Self::NoStandIn { method, url } => write!(
                f,
                "this is a test, from which no request leaves, and nothing stands in for {method} {url}: add an \
                 [[http]] with that method and url to tests.toml"
            ),
            Self::Grant(problem) => write!(f, "the plugin's `http` grant is not valid: {problem}"),
            Self::Address => write!(f, "only http:// and https:// addresses with a host can be requested"),
            Self::AddressLength { limit } => write!(f, "the address is longer than {}", bytes(*limit as u64)),
            Self::Machine(problem) => write!(
                f,
                "no requests can be sent from this machine: {problem}. Check that its root certificates are installed \
                 (the package ca-certificates)"
            ),
            Self::Credentials { host } => {
                write!(
                    f,
                    "an address with a name or password before the host ({host}) is not requested: leave them out"
                )
            }
            Self::Host { host } => write!(f, "the plugin may not reach {host}, which its `http` grant does not list"),
            Self::Port { host, port } => write!(f, "the plugin may not reach {host} at port {port}"),
            Self::Method { method, host } => write!(f, "the plugin may not send {method} requests (to {host})"),
            Self::Private(Destination { host, port }) => write!(
                f,
                "{host} is not on the public internet, and plugins may not reach machines nearby. If this one is \
                 meant, add {} to `http.allow_private` in steward.toml",
                quoted(host, Some(*port))
            ),
            Self::NotPublic(Destination { host, port }) => write!(
                f,
                "{host} cannot be resolved here, and only names of the public internet are left to the proxy. If a \
                 machine nearby is meant, add {} to `http.allow_private` in steward.toml; it is then reached without the \
                 proxy",
                quoted(host, Some(*port))
            ),
            Self::Requests { limit } => {
                write!(f, "one call may send {limit} requests and no more: split the work into several calls")
            }
            Self::RequestBody { limit } => {
                write!(f, "the request's body is longer than the {} a request may have", bytes(*limit))
            }
            Self::ResponseBody { limit, host } => {
                write!(f, "the answer of {host} is longer than the {} a response may have", bytes(*limit))
            }
        }
    }
}

/// A host, and a port where it matters, as a manifest or the configuration writes them.
fn quoted(host: &str, port: Option<u16>) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    port.map_or_else(|| format!("\"{host}\""), |port| format!("\"{host}:{port}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_the_host_and_the_line_to_add() {
        let private = Denial::Private(Destination { host: "::1".to_owned(), port: 8080 });
        assert!(private.to_string().contains("\"[::1]:8080\""));
        let host = Denial::Host { host: "example.org".to_owned() };
        let text = host.text(&GrantedIn::Program("web".to_owned()));
        assert!(text.contains("add \"example.org\" to `http.hosts` under [plugins.web] in steward.toml"), "{text}");
        let text = host.text(&GrantedIn::Approval);
        assert!(text.contains("`http.hosts` in its plugin.toml, and install it again"), "{text}");
    }
}
