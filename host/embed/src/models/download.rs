//! One file, fetched to the disk. What was fetched stays when the connection breaks, and is gone on from; it counts
//! only when its sum is right.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use sha2::{Digest, Sha256};
use url::Url;

use super::catalogue::ModelFile;
use super::hub::Hub;
use crate::EmbedError;
use crate::http::explain;
use crate::retry::{Again, Failure, pause};

/// How much is read of a file at once.
const PIECE: usize = 1 << 16;

/// Fetches what is missing of a file, and checks the whole of it. `done` hears how many bytes are there.
pub(super) async fn download(
    hub: &Hub,
    url: &Url,
    file: &ModelFile,
    path: &Path,
    done: &mut (dyn FnMut(u64) + Send),
) -> Result<(), EmbedError> {
    let mut part = Part::open(path, file).await?;
    let mut repetition = 0;
    while part.bytes < file.bytes {
        done(part.bytes);
        let Failure { error, again } = match fetch(hub, url, file, &mut part, done).await {
            Ok(()) => continue,
            Err(failure) => failure,
        };
        match pause(again, repetition) {
            Some(wait) if repetition < hub.retries => hub.pauses.spend(wait).await,
            _ => return Err(error),
        }
        tracing::debug!("{} is continued at byte {}: {error}", file.name, part.bytes);
        repetition += 1;
    }
    done(part.bytes);
    part.finish(file).await
}

/// One request, and what comes of it.
async fn fetch(
    hub: &Hub,
    url: &Url,
    file: &ModelFile,
    part: &mut Part,
    done: &mut (dyn FnMut(u64) + Send),
) -> Result<(), Failure> {
    let address = hub.address();
    let unreachable = |reason: String| Failure {
        error: EmbedError::Unreachable { address: address.clone(), reason },
        again: Again::Soon,
    };
    let final_error = |error: EmbedError| Failure { error, again: Again::Never };
    // A range of a compressed file would be none of the file.
    let request = hub.client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
    let request = if part.bytes > 0 { request.header(RANGE, format!("bytes={}-", part.bytes)) } else { request };
    let mut response = request.send().await.map_err(|error| unreachable(explain(&error)))?;
    let status = response.status();
    if status == StatusCode::RANGE_NOT_SATISFIABLE || (status.is_success() && !goes_on(&response, part.bytes)) {
        part.begin_again().await.map_err(final_error)?;
    }
    if !status.is_success() {
        return Err(complaint(&address, file.name, status));
    }
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(explain(&error)))? {
        part.write(chunk.to_vec()).await.map_err(final_error)?;
        if part.bytes > file.bytes {
            break;
        }
        done(part.bytes);
    }
    if part.bytes < file.bytes { Err(unreachable("the file ended too early".to_owned())) } else { Ok(()) }
}

/// Whether an answer begins where what is there ends. A server may send the whole file whatever it was asked for.
fn goes_on(response: &Response, bytes: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    match response.status() {
        StatusCode::PARTIAL_CONTENT => range.is_some_and(|range| range.starts_with(&format!("bytes {bytes}-"))),
        _ => bytes == 0,
    }
}

fn complaint(address: &str, file: &str, status: StatusCode) -> Failure {
    let address = address.to_owned();
    let reason = format!("{file}: HTTP {}", status.as_u16());
    match status.as_u16() {
        401 | 403 => {
            let reason = format!("{reason}; the server does not give it to everybody");
            Failure { error: EmbedError::Invalid { address, reason }, again: Again::Never }
        }
        416 => Failure { error: EmbedError::Invalid { address, reason }, again: Again::Soon },
        429 | 503 => Failure { error: EmbedError::Overloaded { address, reason }, again: Again::Soon },
        500.. => Failure { error: EmbedError::Unreachable { address, reason }, again: Again::Soon },
        _ => {
            let reason = format!("{reason}; does this server have the model?");
            Failure { error: EmbedError::Invalid { address, reason }, again: Again::Never }
        }
    }
}

/// What is there of a file, and its sum so far.
struct Part {
    path: PathBuf,
    file: Arc<File>,
    sum: Sha256,
    bytes: u64,
}

impl Part {
    /// Reads what an earlier download left. More than the file may have is thrown away.
    async fn open(path: &Path, expected: &ModelFile) -> Result<Self, EmbedError> {
        let (path, most) = (path.to_owned(), expected.bytes);
        let open = move || {
            let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
            let file = file.map_err(|error| EmbedError::file(&path, error))?;
            let (mut sum, mut bytes) = (Sha256::new(), 0);
            let mut piece = vec![0; PIECE];
            loop {
                match (&file).read(&mut piece).map_err(|error| EmbedError::file(&path, error))? {
                    0 => break,
                    read => {
                        sum.update(&piece[..read]);
                        bytes += read as u64;
                    }
                }
                if bytes > most {
                    file.set_len(0).map_err(|error| EmbedError::file(&path, error))?;
                    (sum, bytes) = (Sha256::new(), 0);
                    break;
                }
            }
            Ok(Self { path, file: Arc::new(file), sum, bytes })
        };
        off_the_async_threads(open).await
    }

    async fn write(&mut self, chunk: Vec<u8>) -> Result<(), EmbedError> {
        self.sum.update(&chunk);
        self.bytes += chunk.len() as u64;
        self.with_file(move |file| file.write_all(&chunk)).await
    }

    async fn begin_again(&mut self) -> Result<(), EmbedError> {
        (self.sum, self.bytes) = (Sha256::new(), 0);
        self.with_file(|file| file.set_len(0)).await
    }

    /// Sees to it that the file is on the disk and is the right one; a wrong one is emptied, so that the next download
    /// does not go on from it.
    async fn finish(mut self, expected: &ModelFile) -> Result<(), EmbedError> {
        let found = hexadecimal(&std::mem::take(&mut self.sum).finalize());
        if found == expected.sha256 {
            return self.with_file(|file| file.sync_all()).await;
        }
        self.begin_again().await?;
        let (file, expected) = (expected.name.to_owned(), expected.sha256.to_owned());
        Err(EmbedError::WrongSum { file, expected, found })
    }

    async fn with_file(
        &self,
        work: impl FnOnce(&mut &File) -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), EmbedError> {
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        off_the_async_threads(move || work(&mut &*file).map_err(|error| EmbedError::file(path, error))).await
    }
}

/// For what may wait for a disk.
pub(super) async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EmbedError> + Send + 'static,
) -> Result<T, EmbedError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(EmbedError::Stopped { reason: error.to_string() }))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
