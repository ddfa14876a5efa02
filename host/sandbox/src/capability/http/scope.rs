//! The scope of a plugin's `http` grant: which hosts, ports and methods, as its manifest lists them.
//!
//! Only what a grant says is decided here; which addresses may be reached at all is the business of `address`.

use std::str::FromStr;

use http::Method;
use url::{Host, Url};

use crate::grant::HttpGrant;

/// Hosts, ports and methods a plugin may use, made from its grant.
///
/// `*.example.com` stands for every name below `example.com` and not for that name itself, `*` for every host. A host
/// with its own port, `example.net:8443`, is granted at that port alone, all others at the ports of the grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpScope {
    hosts: Vec<HostRule>,
    methods: Vec<Method>,
    ports: Vec<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct HostRule {
    pattern: Pattern,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Any,
    /// The domain with a dot before it.
    Below(String),
    Exact(String),
}

/// What of a request a scope does not cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Host,
    Port,
    Method,
}

impl HttpScope {
    /// Whether the scope covers a request. `host` is lower case and without a final dot, as [`host_of`] gives it;
    /// `any_port` is set where the owner opened this host and port by name.
    pub(crate) fn covers(&self, method: &Method, host: &str, port: u16, any_port: bool) -> Result<(), Missing> {
        let mut rules = self.hosts.iter().filter(|rule| rule.pattern.fits(host)).peekable();
        if rules.peek().is_none() {
            return Err(Missing::Host);
        }
        let in_ports = |rule: &HostRule| rule.port.map_or_else(|| self.ports.contains(&port), |own| own == port);
        if !any_port && !rules.any(in_ports) {
            return Err(Missing::Port);
        }
        if self.methods.contains(method) { Ok(()) } else { Err(Missing::Method) }
    }
}

impl HttpScope {
    /// Whether the grant names exactly this host, and not only a wildcard that it fits.
    pub(crate) fn names(&self, host: &str) -> bool {
        self.hosts.iter().any(|rule| matches!(&rule.pattern, Pattern::Exact(_)) && rule.pattern.fits(host))
    }
}

impl TryFrom<&HttpGrant> for HttpScope {
    type Error = String;

    /// # Errors
    /// What of the grant cannot be understood, with what to write instead.
    fn try_from(grant: &HttpGrant) -> Result<Self, String> {
        if grant.hosts.is_empty() {
            return Err("`hosts` is empty: list the hosts the plugin needs, or \"*\" for all".to_owned());
        }
        let hosts = grant.hosts.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        let methods = grant.methods.iter().map(|name| method(name)).collect::<Result<_, _>>()?;
        Ok(Self { hosts, methods, ports: grant.ports.clone() })
    }
}

fn method(name: &str) -> Result<Method, String> {
    const OFFERED: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let known = OFFERED.into_iter().find(|known| known.as_str() == name);
    known.ok_or_else(|| {
        format!("`{name}` is not a method that can be granted: use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS")
    })
}

impl FromStr for HostRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a host: write a name such as `example.org`, `*.example.org`, `example.org:8443` or `*`"
            )
        };
        let (below, rest) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        if text == "*" {
            return Ok(Self { pattern: Pattern::Any, port: None });
        }
        if rest.contains(['/', '@', '*', '?', '#', ' ']) {
            return Err(wrong());
        }
        let url = Url::parse(&format!("http://{rest}")).map_err(|_| wrong())?;
        let host = host_of(&url).ok_or_else(wrong)?;
        let port = rest.rsplit_once(':').filter(|_| !rest.ends_with(']')).map(|(_, port)| port.parse::<u16>());
        let port = port.transpose().map_err(|_| wrong())?;
        let pattern = if below { Pattern::Below(format!(".{host}")) } else { Pattern::Exact(host) };
        Ok(Self { pattern, port })
    }
}

/// A host of a grant as requests are compared with it: lower case, names of other scripts in their own notation.
///
/// # Errors
/// It is not a host, with what to write instead.
pub(crate) fn host_shown(text: &str) -> Result<String, String> {
    let HostRule { pattern, port } = text.parse()?;
    let host = match pattern {
        Pattern::Any => "*".to_owned(),
        Pattern::Below(suffix) => format!("*{suffix}"),
        Pattern::Exact(name) => name,
    };
    Ok(port.map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
}

impl Pattern {
    fn fits(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            // The suffix begins with a dot, so `badexample.org` is not below `example.org`.
            Self::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_str()),
            Self::Exact(name) => host == name,
        }
    }
}

/// The host of an address as grants compare it: lower case, punycode, without a final dot; IPv6 without brackets.
pub(crate) fn host_of(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => Some(name.trim_end_matches('.').to_owned()).filter(|name| !name.is_empty()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Result<HttpScope, String> {
        let grant: HttpGrant = toml::from_str(text).unwrap();
        HttpScope::try_from(&grant)
    }

    fn check(scope: &HttpScope, url: &str) -> Result<(), Missing> {
        let url = Url::parse(url).unwrap();
        scope.covers(&Method::GET, &host_of(&url).unwrap(), url.port_or_known_default().unwrap(), false)
    }

    #[test]
    fn hosts_are_exact_below_a_domain_or_all() {
        let some = scope(r#"hosts = ["Example.org", "*.example.com", "[2606:4700::1]"]"#).unwrap();
        assert_eq!(check(&some, "https://example.org/x"), Ok(()));
        assert_eq!(check(&some, "https://EXAMPLE.org./x"), Ok(()));
        assert_eq!(check(&some, "https://a.b.example.com"), Ok(()));
        assert_eq!(check(&some, "https://[2606:4700::1]/"), Ok(()));
        for other in ["https://example.com", "https://a.example.org", "https://badexample.com", "https://1.1.1.1"] {
            assert_eq!(check(&some, other), Err(Missing::Host), "{other}");
        }
        assert_eq!(check(&scope(r#"hosts = ["*"]"#).unwrap(), "http://anything.test"), Ok(()));
    }

    #[test]
    fn ports_and_methods_are_the_usual_ones_unless_listed() {
        let usual = scope(r#"hosts = ["*", "example.org:8443"]"#).unwrap();
        assert_eq!(check(&usual, "http://example.com:8080"), Err(Missing::Port));
        assert_eq!(check(&usual, "https://example.org:8443"), Ok(()));
        assert_eq!(usual.covers(&Method::GET, "example.com", 8080, true), Ok(()));
        assert_eq!(usual.covers(&Method::POST, "example.com", 443, false), Err(Missing::Method));
        let wider = scope("hosts = [\"*\"]\nmethods = [\"POST\"]\nports = [25]").unwrap();
        assert_eq!(wider.covers(&Method::POST, "example.com", 25, false), Ok(()));
        assert_eq!(wider.covers(&Method::GET, "example.com", 25, false), Err(Missing::Method));
    }

    #[test]
    fn a_wrong_grant_is_refused_by_name() {
        for (text, told) in [
            ("hosts = []", "`hosts` is empty"),
            (r#"hosts = ["https://example.org"]"#, "`https://example.org` is not a host"),
            (r#"hosts = ["a.*.org"]"#, "`a.*.org` is not a host"),
            (r#"hosts = ["example.org:99999"]"#, "is not a host"),
            ("hosts = [\"*\"]\nmethods = [\"CONNECT\"]", "`CONNECT` is not a method"),
        ] {
            let error = scope(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
