//! A plain HTTP client for tests that speak to a stand-in themselves.

use std::time::Duration;

/// A client without proxy or retries.
///
/// # Panics
/// When it cannot be built, which a correct set-up rules out.
pub fn client() -> reqwest::Client {
    // Fails only where another test of this process has done it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build() {
        Ok(client) => client,
        Err(error) => panic!("no HTTP client: {error}"),
    }
}
