//! One request to the listener of another process with the same settings: whether it is there and what it says.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;

use crate::settings::Settings;

/// For all of it.
const TIME: Duration = Duration::from_secs(5);
/// Bytes of the answer.
const LONGEST: usize = 1 << 20;

/// Why nothing was learned.
#[derive(Debug, Error)]
pub enum ProbeError {
    #[error("nothing listens on {0}: {1}")]
    Absent(SocketAddr, io::Error),
    #[error("{0} did not answer in time")]
    Slow(SocketAddr),
    #[error("what listens on {0} does not answer as it should: {1}")]
    Odd(SocketAddr, String),
}

/// Asks for a path with the key of the settings; gives the status and the body.
///
/// # Errors
/// If nothing is there, or it is something else.
pub async fn probe(settings: &Settings, path: &str) -> Result<(StatusCode, Bytes), ProbeError> {
    let address = settings.near();
    let odd = |error: &dyn std::error::Error| ProbeError::Odd(address, error.to_string());
    let asked = async {
        let stream = TcpStream::connect(address).await.map_err(|error| ProbeError::Absent(address, error))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| odd(&error))?;
        let mut request = Request::get(path).header(header::HOST, address.to_string());
        if let Some(key) = settings.key() {
            request = request.header(header::AUTHORIZATION, key.bearer());
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(|error| odd(&error))?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(|error| odd(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LONGEST).collect().await.map_err(|error| odd(&*error))?;
            Ok((status, body.to_bytes()))
        };
        tokio::pin!(exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            // The connection may end together with the answer.
            _ = connection => exchange.await,
        }
    };
    tokio::time::timeout(TIME, asked).await.unwrap_or(Err(ProbeError::Slow(address)))
}
