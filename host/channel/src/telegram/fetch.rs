//! Receiving files. Nothing is kept in memory as a whole, and no more than the limit is ever read, whatever size the
//! server told.

use std::path::Path;

use serde::Deserialize;
use steward_agent::Attachment;
use teloxide::payloads::GetFile;
use teloxide::types::FileId;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::client::{CallError, Client};
use crate::FetchError;

/// What Telegram's own servers give to bots.
const CLOUD_LIMIT: u64 = 20 << 20;
/// What we take from a server of one's own.
const OWN_LIMIT: u64 = 50 << 20;

#[derive(Deserialize)]
struct File {
    file_path: Option<String>,
    file_size: Option<u64>,
}

/// Copies the file to `into` and returns its bytes.
pub(super) async fn fetch(
    client: &Client,
    attachment: &Attachment,
    into: &mut (dyn AsyncWrite + Send + Unpin),
) -> Result<u64, FetchError> {
    let limit = if client.is_own_server() { OWN_LIMIT } else { CLOUD_LIMIT };
    if attachment.size.is_some_and(|size| size > limit) {
        return Err(FetchError::TooLarge { limit });
    }
    let file: File = client.call(&GetFile::new(FileId(attachment.remote_id.clone()))).await.map_err(refused)?;
    if file.file_size.is_some_and(|size| size > limit) {
        return Err(FetchError::TooLarge { limit });
    }
    let path = file.file_path.ok_or(FetchError::Gone)?;
    let bytes = if Path::new(&path).is_absolute() && client.is_own_server() {
        copy_local(client, &path, limit, into).await?
    } else {
        download(client, &path, limit, into).await?
    };
    into.flush().await.map_err(not_written)?;
    Ok(bytes)
}

async fn download(
    client: &Client,
    path: &str,
    limit: u64,
    into: &mut (dyn AsyncWrite + Send + Unpin),
) -> Result<u64, FetchError> {
    let mut response = client.download(path).await.map_err(refused)?;
    match response.status().as_u16() {
        200 => {}
        404 | 410 => return Err(FetchError::Gone),
        code => return Err(FetchError::Later(format!("Telegram answered {code}"))),
    }
    let mut bytes = 0;
    while let Some(chunk) = client.chunk(&mut response).await.map_err(refused)? {
        bytes += chunk.len() as u64;
        if bytes > limit {
            return Err(FetchError::TooLarge { limit });
        }
        into.write_all(&chunk).await.map_err(not_written)?;
    }
    Ok(bytes)
}

/// A server of one's own in local mode names the place on its disk instead of sending the file.
async fn copy_local(
    client: &Client,
    path: &str,
    limit: u64,
    into: &mut (dyn AsyncWrite + Send + Unpin),
) -> Result<u64, FetchError> {
    let unreadable = |error: std::io::Error| {
        let path = client.without_token(path);
        FetchError::Later(format!(
            "the Telegram server keeps the file at {path}, which cannot be read here ({error}): share that folder with \
             Steward, or run the server without --local"
        ))
    };
    let mut file = tokio::fs::File::open(path).await.map_err(unreadable)?.take(limit + 1);
    let bytes = tokio::io::copy(&mut file, into).await.map_err(unreadable)?;
    if bytes > limit { Err(FetchError::TooLarge { limit }) } else { Ok(bytes) }
}

fn refused(error: CallError) -> FetchError {
    if error.says("file is too big") {
        return FetchError::TooLarge { limit: CLOUD_LIMIT };
    }
    match error.code() {
        Some(400) => FetchError::Gone,
        _ => FetchError::Later(error.to_string()),
    }
}

fn not_written(error: std::io::Error) -> FetchError {
    FetchError::Later(format!("it cannot be stored: {error}"))
}
