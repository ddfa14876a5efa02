//! What a guest reaches of its folders: WASI's own implementation, with the folders of the grant and with every change
//! paid for first. It decides nothing about names; wasmtime resolves them beneath the folder they are given for.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use steward_agent::Source;
use steward_beneath::Folder;
use steward_store::StoreError;
use tokio::task::spawn_blocking;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::FsPerms;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream, ErrorCode,
    Filesize, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::open::{self, Wanted};
use super::quota::{Counted, NAME, OverQuota};
use super::{Files, rights};
use crate::foreign::{ForeignMarks, Lowering, Matter};
use crate::state::CallState;

/// Marks the view for the linker.
pub(super) struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = FilesView<'a>;
}

/// The folders of one call.
pub(super) struct FilesView<'a> {
    files: &'a Files,
    foreign: Foreign<'a>,
    ctx: &'a mut WasiFilesystemCtx,
    table: &'a mut ResourceTable,
}

/// What is known of foreign files, and the call that meets one.
#[derive(Clone, Copy)]
struct Foreign<'a> {
    marks: &'a ForeignMarks,
    lowering: &'a Lowering,
}

/// Files that later prompts hold as the owner's orders, wherever they lie.
const INSTRUCTIONS: [&str; 2] = ["MEMORY.md", "HEARTBEAT.md"];

impl Foreign<'_> {
    /// Notes that the call has opened a file, or looks into a folder, that is foreign.
    async fn opened(self, file: Arc<std::fs::File>, path: &str) -> FsResult<()> {
        let unknown = |error: StoreError| {
            tracing::error!(%error, "whether a file is foreign cannot be told");
            FsError::from(ErrorCode::Io)
        };
        if self.marks.any().await.map_err(unknown)? && self.marks.is_foreign(file).await.map_err(unknown)? {
            let name = path.rsplit('/').find(|part| !matches!(*part, "" | ".")).unwrap_or("workspace");
            self.lowering.receive(Source::File(name.to_owned()));
        }
        Ok(())
    }

    /// Asks before what lies at one of these paths is changed, if it is one of the files of orders.
    async fn ask_to_change(self, paths: &[&str]) -> FsResult<()> {
        let names = paths.iter().filter_map(|path| path.rsplit('/').next());
        let mut orders = names.filter_map(|name| INSTRUCTIONS.iter().find(|one| one.eq_ignore_ascii_case(name)));
        let Some(name) = orders.next() else { return Ok(()) };
        match self.lowering.ask_about_call(Matter::Instructions, name).await {
            Ok(_) => Ok(()),
            Err(refused) => {
                self.lowering.refuse(refused);
                Err(ErrorCode::NotPermitted.into())
            }
        }
    }
}

impl From<OverQuota> for FsError {
    fn from(_: OverQuota) -> Self {
        ErrorCode::Quota.into()
    }
}

pub(super) fn view(state: &mut CallState) -> FilesView<'_> {
    let foreign = Foreign { marks: &state.backing.marks, lowering: &state.lowering };
    FilesView { files: state.parts.of(), foreign, ctx: state.wasi.filesystem(), table: &mut state.table }
}

impl<'a> FilesView<'a> {
    fn wasi(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView { ctx: self.ctx, table: self.table }
    }

    /// The file behind a descriptor, unless it is a folder; then WASI's own implementation says so.
    fn file(&self, fd: &Resource<Descriptor>) -> FsResult<Option<Arc<std::fs::File>>> {
        Ok(match self.table.get(fd)? {
            Descriptor::File(file) => Some(Arc::clone(&file.file)),
            Descriptor::Dir(_) => None,
        })
    }

    /// Notes that the call changes files; gives what asks before it changes orders.
    fn changing(&self) -> Foreign<'a> {
        self.files.changed.store(true, Ordering::Relaxed);
        self.foreign
    }

    /// A folder the guest may write to.
    fn writable(&self, fd: &Resource<Descriptor>) -> FsResult<Option<Folder>> {
        let Descriptor::Dir(dir) = self.table.get(fd)? else { return Ok(None) };
        let handle = matches!(dir.perms, FsPerms::ReadWrite).then(|| dir.dir.try_clone().ok()).flatten();
        Ok(handle.map(|handle| Folder::of(handle, Path::new("the workspace")).strict()))
    }

    fn pay_for_name(&self) -> FsResult<()> {
        Ok(self.files.quota.take(NAME)?)
    }

    /// Opens what lies at a path, whatever may have taken its place since it was looked at; `None` as of [`open::open`].
    async fn opened(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
        wanted: Wanted,
    ) -> FsResult<Option<Resource<Descriptor>>> {
        let Descriptor::Dir(dir) = self.table.get(fd)? else { return Ok(None) };
        let opened = open::open(&dir.clone(), path, wanted).await?;
        Ok(opened.map(|opened| self.table.push(opened)).transpose()?)
    }

    /// Whether anything lies at a path. What could only be waited for is refused.
    async fn is_there(&mut self, fd: &Resource<Descriptor>, flags: PathFlags, path: &str) -> FsResult<bool> {
        match self.wasi().stat_at(again(fd), flags, path.to_owned()).await {
            Ok(there) if open::is_refused(there.type_) => Err(open::refused()),
            there => Ok(there.is_ok()),
        }
    }

    /// The stream, paid for by what is written to it.
    fn counted(
        &mut self,
        stream: Resource<DynOutputStream>,
        place: Option<(Arc<std::fs::File>, u64)>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let inner = self.table.delete(stream)?;
        let counted: DynOutputStream = Box::new(Counted::new(inner, Arc::clone(&self.files.quota), place));
        Ok(self.table.push(counted)?)
    }
}

/// Another handle of the same resource, for asking about it before it is used.
fn again<T: 'static>(resource: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(resource.rep())
}

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let folders = self.files.folders.iter();
        folders.map(|(dir, name)| Ok((self.table.push(Descriptor::Dir(dir.clone()))?, name.clone()))).collect()
    }
}

impl types::Host for FilesView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        self.wasi().convert_error_code(error)
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        if self.table.get(&error)?.is::<OverQuota>() {
            return Ok(Some(ErrorCode::Quota));
        }
        self.wasi().filesystem_error_code(error)
    }
}

impl HostDescriptor for FilesView<'_> {
    async fn write(&mut self, fd: Resource<Descriptor>, data: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        if let Some(file) = self.file(&fd)? {
            self.files.quota.take_at(&file, offset, data.len() as u64)?;
        }
        self.wasi().write(fd, data, offset).await
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        if let Some(file) = self.file(&fd)? {
            self.files.quota.take_at(&file, size, 0)?;
        }
        self.wasi().set_size(fd, size).await
    }

    fn write_via_stream(&mut self, fd: Resource<Descriptor>, at: Filesize) -> FsResult<Resource<DynOutputStream>> {
        let place = self.file(&fd)?.map(|file| (file, at));
        let stream = self.wasi().write_via_stream(fd, at)?;
        self.counted(stream, place)
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.wasi().append_via_stream(fd)?;
        self.counted(stream, None)
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let creates = open_flags.contains(OpenFlags::CREATE) || open_flags.contains(OpenFlags::TRUNCATE);
        if creates || flags.contains(DescriptorFlags::WRITE) {
            self.changing().ask_to_change(&[&path]).await?;
        }
        if !self.is_there(&fd, path_flags, &path).await? && open_flags.contains(OpenFlags::CREATE) {
            self.pay_for_name()?;
        }
        let opened = match self.opened(&fd, &path, Wanted { path_flags, open_flags, flags }).await? {
            Some(opened) => opened,
            None => self.wasi().open_at(fd, path_flags, path.clone(), open_flags, flags).await?,
        };
        if flags.contains(DescriptorFlags::READ)
            && let Some(file) = self.file(&opened)?
        {
            self.foreign.opened(file, &path).await?;
        }
        Ok(opened)
    }

    async fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.pay_for_name()?;
        self.wasi().create_directory_at(fd, path).await
    }

    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.changing().ask_to_change(&[&old_path, &new_path]).await?;
        self.pay_for_name()?;
        self.wasi().link_at(fd, path_flags, old_path, new_fd, new_path).await
    }

    async fn symlink_at(&mut self, fd: Resource<Descriptor>, old_path: String, new_path: String) -> FsResult<()> {
        self.changing().ask_to_change(&[&old_path, &new_path]).await?;
        self.pay_for_name()?;
        self.wasi().symlink_at(fd, old_path, new_path).await
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.changing().ask_to_change(&[&new_path]).await?;
        if let (Some(from), Some(to)) = (self.writable(&fd)?, self.writable(&new_fd)?) {
            let (old_path, new_path) = (old_path.clone(), new_path.clone());
            // Whatever it comes to, the renaming itself says what is wrong.
            let _ = spawn_blocking(move || rights::keep(&from, &old_path, &to, &new_path)).await;
        }
        self.wasi().rename_at(fd, old_path, new_fd, new_path).await
    }

    async fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.wasi().remove_directory_at(fd, path).await
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.wasi().unlink_file_at(fd, path).await
    }

    async fn set_times(&mut self, fd: Resource<Descriptor>, seen: NewTimestamp, made: NewTimestamp) -> FsResult<()> {
        self.wasi().set_times(fd, seen, made).await
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        seen: NewTimestamp,
        made: NewTimestamp,
    ) -> FsResult<()> {
        // A link itself is not opened; what it leads to is, by WASI's own implementation as well.
        if path_flags.contains(PathFlags::SYMLINK_FOLLOW) && self.is_there(&fd, path_flags, &path).await? {
            let Descriptor::Dir(dir) = self.table.get(&fd)? else { return Err(ErrorCode::NotDirectory.into()) };
            if let Some(opened) = open::open_for_times(&dir.clone(), &path).await? {
                let opened = self.table.push(opened)?;
                let set = self.wasi().set_times(again(&opened), seen, made).await;
                self.table.delete(opened)?;
                return set;
            }
        }
        self.wasi().set_times_at(fd, path_flags, path, seen, made).await
    }

    async fn read(&mut self, fd: Resource<Descriptor>, len: Filesize, at: Filesize) -> FsResult<(Vec<u8>, bool)> {
        self.wasi().read(fd, len, at).await
    }

    fn read_via_stream(&mut self, fd: Resource<Descriptor>, at: Filesize) -> FsResult<Resource<DynInputStream>> {
        self.wasi().read_via_stream(fd, at)
    }

    async fn read_directory(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> {
        let folder = match self.table.get(&fd)? {
            Descriptor::Dir(dir) => Some(Arc::clone(&dir.dir)),
            Descriptor::File(_) => None,
        };
        if let Some(folder) = folder {
            self.foreign.opened(folder, "").await?;
        }
        self.wasi().read_directory(fd).await
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.wasi().readlink_at(fd, path).await
    }

    async fn advise(&mut self, fd: Resource<Descriptor>, at: Filesize, len: Filesize, kind: Advice) -> FsResult<()> {
        self.wasi().advise(fd, at, len, kind).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.wasi().sync_data(fd).await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.wasi().sync(fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        self.wasi().get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        self.wasi().get_type(fd).await
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        self.wasi().stat(fd).await
    }

    async fn stat_at(&mut self, fd: Resource<Descriptor>, flags: PathFlags, path: String) -> FsResult<DescriptorStat> {
        self.wasi().stat_at(fd, flags, path).await
    }

    async fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        self.wasi().is_same_object(a, b).await
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        self.wasi().metadata_hash(fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        self.wasi().metadata_hash_at(fd, flags, path).await
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        HostDescriptor::drop(&mut self.wasi(), fd)
    }
}

impl HostDirectoryEntryStream for FilesView<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        self.wasi().read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        HostDirectoryEntryStream::drop(&mut self.wasi(), stream)
    }
}
