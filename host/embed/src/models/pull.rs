//! Installs a model: its files are gathered in a folder next to its place, which is renamed in one step when all are
//! right.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::catalogue::Model;
use super::download::{download, off_the_async_threads};
use super::hub::Hub;
use super::record::{RECORD, Record, Sum};
use super::verify;
use crate::EmbedError;

/// Held while a model is gathered, so that two who install it do not write into each other's files.
const LOCK: &str = ".lock";

/// How far an installation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being fetched.
    pub file: &'a str,
    /// Bytes of the whole model that are there.
    pub done: u64,
    /// Bytes of the whole model.
    pub total: u64,
}

/// Installs a model as the folder `<folder>/<name>`, and says where it is. One that is there and whole is left alone.
///
/// What was fetched when this is dropped or fails stays in `<name>.part` and is continued the next time.
pub async fn pull(
    hub: &Hub,
    model: &Model,
    folder: &Path,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<PathBuf, EmbedError> {
    let target = folder.join(model.name);
    let (there, expected) = (target.clone(), *model);
    if off_the_async_threads(move || Ok(is_installed(&there, &expected))).await? {
        return Ok(target);
    }
    let part = folder.join(format!("{}.part", model.name));
    let _lock = begin(model, &part).await?;
    let mut before = 0;
    for file in model.files {
        let mut done = |bytes: u64| progress(Progress { file: file.name, done: before + bytes, total: model.bytes() });
        download(hub, &hub.url(model, file.name), file, &part.join(file.name), &mut done).await?;
        before += file.bytes;
    }
    let (record, to) = (record(model), target.clone());
    off_the_async_threads(move || finish(&record, &part, &to)).await?;
    Ok(target)
}

/// Whether the very files are there.
fn is_installed(target: &Path, model: &Model) -> bool {
    let same = Record::read(target).is_ok_and(|found| found == Some(record(model)));
    same && verify(target).is_ok()
}

/// Makes the folder where files are gathered, with all folders in it, takes the lock and looks whether there is room.
async fn begin(model: &Model, part: &Path) -> Result<File, EmbedError> {
    let (part, model) = (part.to_owned(), *model);
    off_the_async_threads(move || {
        for file in model.files {
            if let Some(folder) = part.join(file.name).parent() {
                fs::create_dir_all(folder)
                    .map_err(|error| EmbedError::File { path: folder.to_owned(), source: error })?;
            }
        }
        let path = part.join(LOCK);
        let lock = File::create(&path).map_err(|error| EmbedError::file(&path, error))?;
        match lock.try_lock() {
            Ok(()) => room(&model, &part).map(|()| lock),
            Err(TryLockError::WouldBlock) => Err(EmbedError::Busy { path: part }),
            Err(TryLockError::Error(error)) => Err(EmbedError::file(path, error)),
        }
    })
    .await
}

/// Whether what is not there yet fits on the disk.
fn room(model: &Model, part: &Path) -> Result<(), EmbedError> {
    let there = model.files.iter().filter_map(|file| Some(fs::metadata(part.join(file.name)).ok()?.len()));
    let needed = model.bytes().saturating_sub(there.sum());
    let disk = rustix::fs::statvfs(part).map_err(|error| EmbedError::file(part, error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if needed > free { Err(EmbedError::NoRoom { path: part.to_owned(), needed, free }) } else { Ok(()) }
}

fn record(model: &Model) -> Record {
    let sum = |bytes: u64, sha256: &str| Sum { bytes, sha256: sha256.to_owned() };
    Record {
        name: model.name.to_owned(),
        repository: model.repository.to_owned(),
        revision: model.revision.to_owned(),
        query_prefix: model.query_prefix.to_owned(),
        passage_prefix: model.passage_prefix.to_owned(),
        pooling: model.pooling,
        files: model.files.iter().map(|file| (file.name.to_owned(), sum(file.bytes, file.sha256))).collect(),
    }
}

/// Writes the record, sees to it that all is on the disk, and gives the folder its name. What had that name goes.
fn finish(record: &Record, part: &Path, target: &Path) -> Result<(), EmbedError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| EmbedError::file(path, error)
    };
    record.write(part)?;
    for folder in record.folders(part) {
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(at(&folder))?;
    }
    fs::remove_file(part.join(LOCK)).map_err(at(part))?;
    let old = target.with_file_name(format!("{}.old", record.name));
    remove(&old)?;
    if target.exists() {
        fs::rename(target, &old).map_err(at(target))?;
    }
    fs::rename(part, target).map_err(at(target))?;
    if let Some(folder) = target.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?;
    }
    remove(&old)
}

fn remove(folder: &Path) -> Result<(), EmbedError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(EmbedError::file(folder, error)),
        _ => Ok(()),
    }
}

impl Record {
    fn write(&self, folder: &Path) -> Result<(), EmbedError> {
        let path = folder.join(RECORD);
        let write = || {
            let json = serde_json::to_vec_pretty(self)?;
            let mut file = File::create(&path)?;
            std::io::Write::write_all(&mut file, &json)?;
            file.sync_all()
        };
        write().map_err(|error| EmbedError::file(&path, error))
    }

    /// The folder and those within it that hold files.
    fn folders(&self, folder: &Path) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> =
            self.files.keys().filter_map(|name| folder.join(name).parent().map(Path::to_owned)).collect();
        folders.push(folder.to_owned());
        folders.sort();
        folders.dedup();
        folders
    }
}

#[cfg(test)]
mod tests;
