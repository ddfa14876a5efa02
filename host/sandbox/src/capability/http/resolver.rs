//! Turns names into addresses and keeps those that are not public from being connected to. The check is between
//! looking up and connecting, so a name cannot answer differently the second time.

use std::io;
use std::net::SocketAddr;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;

/// Looks a name up; tests put their own here.
pub(crate) type Lookup = fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// What the machine's own resolver says.
pub(crate) fn system(name: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    // The port is filled in when the connection is made.
    async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect()) }.boxed()
}

/// Why a name gave no address to connect to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    #[error("the name leads to an address that is not on the public internet")]
    Nearer,
    #[error("the name could not be found: {0}")]
    Unknown(io::Error),
}

/// The public addresses of a name; others are left out.
///
/// # Errors
/// [`LookupError::Nearer`] if there are addresses and none is public.
pub(crate) async fn public_addresses(lookup: Lookup, name: &str) -> Result<Vec<SocketAddr>, LookupError> {
    let found = lookup(name.to_owned()).await.map_err(LookupError::Unknown)?;
    if found.is_empty() {
        return Err(LookupError::Unknown(io::ErrorKind::NotFound.into()));
    }
    let public: Vec<_> = found.into_iter().filter(|address| is_public(address.ip())).collect();
    if public.is_empty() { Err(LookupError::Nearer) } else { Ok(public) }
}

/// The resolver of the client that may connect to public addresses only.
pub(crate) struct PublicOnly(pub(crate) Lookup);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.0;
        Box::pin(async move { Ok(Box::new(public_addresses(lookup, name.as_str()).await?.into_iter()) as Addrs) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(_: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        async { Ok(vec!["127.0.0.1:0".parse().unwrap(), "93.184.216.34:0".parse().unwrap()]) }.boxed()
    }

    #[tokio::test]
    async fn addresses_that_are_not_public_are_left_out() {
        let left = public_addresses(mixed, "example.org").await.unwrap();
        assert_eq!(left, ["93.184.216.34:0".parse().unwrap()]);
    }

    #[tokio::test]
    async fn a_name_of_this_machine_leads_nowhere() {
        assert!(matches!(public_addresses(system, "localhost").await, Err(LookupError::Nearer)));
    }
}
