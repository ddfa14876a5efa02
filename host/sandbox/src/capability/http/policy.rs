//! What holds for the requests of every plugin, and the decision on a single request. Pure: nothing is resolved and
//! nothing is sent here.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use url::{Host, Url};

use super::address::is_public;
use super::denial::Denial;
use super::scope::{HttpScope, Missing, host_of};
use super::stand_in::StandIns;
use crate::record::dry::Held;

/// What holds for the requests of every plugin.
#[derive(Clone, Debug)]
pub struct HttpPolicy {
    /// The proxy all requests go through. It resolves names itself, so behind one only the addresses that are known
    /// here are checked.
    pub proxy: Option<Url>,
    /// `host:port` of services that may be reached although their addresses are not public, by plugins whose grant
    /// names the host.
    pub allow_private: Vec<String>,
    pub connect_timeout: Duration,
    /// How long the head of a response, or the next part of its body, is waited for.
    pub read_timeout: Duration,
    /// The longest response, in bytes after decompression.
    pub response_limit: u64,
    /// The longest request body, in bytes.
    pub request_limit: u64,
    /// How many requests one call may send.
    pub requests_per_call: u32,
    /// Answers instead of those of other machines, for a plugin that is tested: then no request leaves.
    pub stand_ins: Option<StandIns>,
    /// Looks names up in place of the machine's own resolver.
    #[cfg(test)]
    pub(crate) lookup: Option<super::resolver::Lookup>,
    /// In a dry run: requests that do more than ask are noted here and not sent.
    pub held: Option<Arc<Held>>,
}

impl Default for HttpPolicy {
    fn default() -> Self {
        Self {
            proxy: None,
            allow_private: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            response_limit: 10 << 20,
            request_limit: 10 << 20,
            requests_per_call: 64,
            stand_ins: None,
            #[cfg(test)]
            lookup: None,
            held: None,
        }
    }
}

/// A host and port, as a policy opens them and a request asks for them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Destination {
    /// Lower case, without a final dot; IPv6 without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Destination {
    /// Where a request to this address goes; `None` for one without host, or of a scheme other than http and https.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        Some(Self { host: host_of(url)?, port: url.port_or_known_default()? })
    }

    /// Reads `localhost:8080` or `[::1]:8080`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let port = text.rsplit_once(':').and_then(|(_, port)| port.parse().ok())?;
        let url = Url::parse(&format!("http://{text}")).ok()?;
        let bare = url.path() == "/" && url.username().is_empty() && url.password().is_none();
        Some(Self { host: host_of(&url)?, port }).filter(|_| bare && url.query().is_none() && url.fragment().is_none())
    }
}

/// How a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Only to public addresses.
    Public,
    /// To whatever address the name has: the owner of the installation opened this host and port.
    Opened,
}

/// Decides on a request from what is known without resolving a name.
pub(crate) fn decide(
    scope: &HttpScope,
    opened: &[Destination],
    method: &Method,
    url: &Url,
) -> Result<(Destination, Way), Denial> {
    let to = Destination::of(url).ok_or(Denial::Address)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Denial::Credentials { host: to.host });
    }
    let open = opened.contains(&to);
    let nearby = match url.host() {
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        _ => is_local_name(&to.host),
    };
    match scope.covers(method, &to.host, to.port, open) {
        Err(Missing::Host) => Err(Denial::Host { host: to.host }),
        // Another port would be refused as well: what is in the way is where the host stands.
        Err(Missing::Port) if nearby => Err(Denial::Private(to)),
        Err(Missing::Port) => Err(Denial::Port { host: to.host, port: to.port }),
        Err(Missing::Method) => Err(Denial::Method { method: method.clone(), host: to.host }),
        Ok(()) if open => Ok((to, Way::Opened)),
        Ok(()) if nearby => Err(Denial::Private(to)),
        Ok(()) => Ok((to, Way::Public)),
    }
}

/// Names that are nobody's on the internet (RFC 6761, RFC 6762 and what routers and clouds use). Behind a proxy that
/// resolves names itself this is what keeps it from being asked for its own neighbours.
fn is_local_name(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    !host.contains('.') || matches!(last, "localhost" | "local" | "internal" | "intranet" | "lan" | "home" | "onion")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::HttpGrant;

    fn ask(hosts: &[&str], opened: &[&str], url: &str) -> Result<(Destination, Way), Denial> {
        let grant = HttpGrant { hosts: hosts.iter().map(|&host| host.to_owned()).collect(), ..HttpGrant::default() };
        let opened: Vec<_> = opened.iter().map(|text| Destination::parse(text).unwrap()).collect();
        decide(&HttpScope::try_from(&grant).unwrap(), &opened, &Method::GET, &Url::parse(url).unwrap())
    }

    #[test]
    fn a_grant_for_every_host_is_none_for_the_neighbourhood() {
        assert_eq!(ask(&["*"], &[], "https://example.org/a").unwrap().1, Way::Public);
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://169.254.169.254/latest/meta-data",
            "http://localhost/",
            "http://printer.local/",
            "http://metadata.google.internal/",
            "http://router/",
            "http://LOCALHOST./",
        ] {
            assert!(matches!(ask(&["*"], &[], url), Err(Denial::Private(_))), "{url}");
        }
    }

    #[test]
    fn a_private_service_is_opened_by_host_and_port() {
        let opened = ["127.0.0.1:8080", "[::1]:8081"];
        assert_eq!(ask(&["*"], &opened, "http://127.0.0.1:8080/x").unwrap().1, Way::Opened);
        assert_eq!(ask(&["*"], &opened, "http://[::1]:8081/x").unwrap().1, Way::Opened);
        assert!(matches!(ask(&["*"], &opened, "http://127.0.0.1:80/"), Err(Denial::Private(_))));
        assert!(matches!(ask(&["*"], &opened, "http://127.0.0.1:8081/"), Err(Denial::Private(_))));
        // Opening a service grants it to nobody.
        assert!(matches!(ask(&["example.org"], &opened, "http://127.0.0.1:8080/"), Err(Denial::Host { .. })));
    }

    #[test]
    fn names_with_credentials_and_other_schemes_are_refused() {
        assert!(matches!(ask(&["*"], &[], "https://user:word@example.org/"), Err(Denial::Credentials { .. })));
        assert!(matches!(ask(&["*"], &[], "https://example.org@10.0.0.1/"), Err(Denial::Credentials { .. })));
        assert!(matches!(ask(&["*"], &[], "ftp://example.org/"), Err(Denial::Address)));
    }

    #[test]
    fn opened_services_need_a_port_and_nothing_else() {
        assert!(Destination::parse("localhost:1").is_some());
        for wrong in ["localhost", "a b:1", "host:99999", "http://host:1", "host:1/path", "u@host:1", "[::1]"] {
            assert_eq!(Destination::parse(wrong), None, "{wrong}");
        }
    }
}
