//! The listener itself: it binds, accepts within its limits, hands requests to the mounts and ends gracefully. A port
//! that is taken does not end the program: the listener tries again until it gets it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::gate::{Gate, Local, pass};
use crate::limits::Limits;
use crate::mount::{Mount, MountError, assembled};
use crate::settings::Settings;

/// How long after a failure the address is tried again.
pub const RETRY: Duration = Duration::from_secs(30);
/// After the system could not accept a connection, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// The address cannot be listened on now.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: {source}; {}", remedy(.source))]
pub struct OpenError {
    pub address: SocketAddr,
    pub source: io::Error,
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "end the program that has this port, or choose another serve.address",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address: correct serve.address",
        io::ErrorKind::PermissionDenied => "this user may not use that port: choose one from 1024 in serve.address",
        _ => "choose another serve.address",
    }
}

/// Everything that is mounted, and where.
#[derive(Debug)]
pub struct Listener {
    settings: Settings,
    limits: Limits,
    router: Router,
    socket: Option<TcpListener>,
}

impl Listener {
    /// Nothing is listened on yet.
    ///
    /// # Errors
    /// If the mounts cannot be there together.
    pub fn new(settings: Settings, mounts: Vec<Mount>) -> Result<Self, MountError> {
        Self::with_limits(settings, mounts, Limits::default())
    }

    /// The same within other limits.
    ///
    /// # Errors
    /// If the mounts cannot be there together.
    pub fn with_limits(settings: Settings, mounts: Vec<Mount>, limits: Limits) -> Result<Self, MountError> {
        let gate = Arc::new(Gate { settings: settings.clone(), limits });
        let router = assembled(mounts)?.layer(from_fn_with_state(gate, pass));
        Ok(Self { settings, limits, router, socket: None })
    }

    /// Takes the address; from now on connections wait to be accepted. Gives the address with its real port.
    ///
    /// # Errors
    /// If it cannot be had now. [`Self::run`] tries again by itself.
    pub async fn open(&mut self) -> Result<SocketAddr, OpenError> {
        let address = self.settings.address();
        let failed = |source| OpenError { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let bound = socket.local_addr().map_err(failed)?;
        self.socket = Some(socket);
        Ok(bound)
    }

    /// Serves until `stop`; then it accepts nothing more, and what is being answered is finished.
    pub async fn run(mut self, stop: CancellationToken) {
        let Some(Some(socket)) = stop.run_until_cancelled(self.opened()).await else { return };
        serve(socket, &self.router, self.limits, &stop).await;
    }

    /// The socket, as soon as it can be had.
    async fn opened(&mut self) -> Option<TcpListener> {
        while self.socket.is_none() {
            tokio::time::sleep(RETRY).await;
            match self.open().await {
                Ok(address) => tracing::info!(%address, "listening now"),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        self.socket.take()
    }
}

async fn serve(socket: TcpListener, router: &Router, limits: Limits, stop: &CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    while let Some((stream, place)) = accepted(&socket, &places, stop).await {
        while let Some(ended) = connections.try_join_next() {
            report(ended);
        }
        let Ok(local) = stream.local_addr() else { continue };
        connections.spawn(connection(stream, local.ip(), router.clone(), limits, stop.clone(), place));
    }
    // Whoever connects now is told at once that nobody is here any more.
    drop(socket);
    let ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if tokio::time::timeout(limits.ending, ended).await.is_err() {
        tracing::debug!("connections that took too long to end are cut off");
    }
}

/// The next connection with its place among those at the same time; `None` once it is time to stop.
async fn accepted(
    socket: &TcpListener,
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let next = async {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        loop {
            match socket.accept().await {
                Ok((stream, _)) => return Some((stream, place)),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    stop.run_until_cancelled(next).await.flatten()
}

/// The other side gave up before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "answering a request broke off");
    }
}

/// One connection, kept for several requests. When it is time to stop, it ends after the one it is at.
async fn connection(
    stream: TcpStream,
    local: IpAddr,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    let service = TowerToHyperService::new(router.layer(Extension(Local(local))));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(limits.head);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}
