//! Reading from ZIP archives, which may be made to unpack to far more than they seem: all that is unpacked of one
//! archive has a bound, and so has the number of its files.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};
use steward_sdk::Failure;

/// The most files an archive may hold. A book of a thousand chapters and pictures has some thousands.
const MOST_FILES: usize = 20_000;

/// The most bytes that are unpacked of one archive. Nothing keeps them all.
const UNPACKED: u64 = 96 << 20;

/// An archive in memory.
pub struct Archive<'a> {
    zip: ZipSliceArchive<&'a [u8]>,
    files: HashMap<String, Packed>,
    /// Bytes that may still be unpacked.
    left: Cell<u64>,
}

#[derive(Clone, Copy)]
struct Packed {
    at: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    is_locked: bool,
}

impl<'a> Archive<'a> {
    /// # Errors
    /// It is no archive, or holds too many files.
    pub fn open(data: &'a [u8]) -> Result<Self, Failure> {
        let zip = ZipArchive::from_slice(data).map_err(|error| damaged(&error))?;
        let mut files = HashMap::new();
        let mut entries = zip.entries();
        while let Some(entry) = entries.next_entry().map_err(|error| damaged(&error))? {
            let path = entry.file_path();
            let Ok(name) = std::str::from_utf8(path.as_bytes()) else { continue };
            let (at, method, is_locked) = (entry.wayfinder(), entry.compression_method(), entry.flags().is_encrypted());
            // Some programs write the names of Windows.
            files.entry(name.replace('\\', "/")).or_insert(Packed { at, method, is_locked });
            if files.len() > MOST_FILES {
                return Err(Failure::failed(format!("holds more than {MOST_FILES} files, as no document does")));
            }
        }
        Ok(Self { zip, files, left: Cell::new(UNPACKED) })
    }

    pub fn holds(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// A file of the archive to be read from its beginning; `None` if there is none of that name.
    ///
    /// # Errors
    /// It is locked, or packed in a way no document is.
    pub fn file(&self, name: &str) -> Result<Option<impl BufRead + use<'_, 'a>>, Failure> {
        let Some(packed) = self.files.get(name) else { return Ok(None) };
        if packed.is_locked {
            return Err(Failure::failed("is locked by a password: ask for a version without one"));
        }
        let data = self.zip.get_entry(packed.at).map_err(|error| damaged(&error))?.data();
        let source = match packed.method {
            CompressionMethod::STORE => Source::Stored(data),
            CompressionMethod::DEFLATE => Source::Deflated(DeflateDecoder::new(data)),
            other => return Err(Failure::failed(format!("is packed by method {}, as no document is", other.as_u16()))),
        };
        Ok(Some(BufReader::with_capacity(64 << 10, Bounded { source, left: &self.left })))
    }

    /// A whole file of at most so many bytes.
    ///
    /// # Errors
    /// It is longer, damaged or locked.
    pub fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Failure> {
        let Some(file) = self.file(name)? else { return Ok(None) };
        let mut data = Vec::new();
        file.take(most + 1).read_to_end(&mut data).map_err(|error| broken(&error))?;
        if data.len() as u64 > most {
            return Err(Failure::failed(format!("has a `{name}` of more than {} KB, which is not read", most >> 10)));
        }
        Ok(Some(data))
    }
}

enum Source<'a> {
    Stored(&'a [u8]),
    Deflated(DeflateDecoder<&'a [u8]>),
}

/// What is unpacked is taken off what is left for the whole archive.
struct Bounded<'l, 'a> {
    source: Source<'a>,
    left: &'l Cell<u64>,
}

impl Read for Bounded<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.source {
            Source::Stored(data) => data.read(buffer)?,
            Source::Deflated(data) => data.read(buffer)?,
        };
        match self.left.get().checked_sub(read as u64) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other(format!("it unpacks to more than {} MB", UNPACKED >> 20))),
        }
        Ok(read)
    }
}

/// What went wrong while a file of an archive was unpacked.
pub fn broken(error: &io::Error) -> Failure {
    Failure::failed(format!("cannot be unpacked ({error}): it is damaged or made to break its reader; send it again"))
}

fn damaged(error: &rawzip::Error) -> Failure {
    Failure::failed(format!("is damaged or incomplete ({error}): it has to be sent or downloaded again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made::{Zip, zip};

    #[test]
    fn files_are_found_by_their_names() {
        let data = zip(&[("a/b.txt", b"hello"), ("empty", b"")]);
        let archive = Archive::open(&data).unwrap();
        assert_eq!(archive.read("a/b.txt", 5).unwrap().unwrap(), b"hello");
        assert_eq!(archive.read("empty", 5).unwrap().unwrap(), b"");
        assert_eq!(archive.read("c", 5).unwrap(), None);
        assert!(archive.read("a/b.txt", 4).unwrap_err().text().contains("`a/b.txt` of more than"));
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let data = Zip::default().zeros("bomb", 200 << 20).finish();
        assert!(data.len() < 1 << 20);
        let archive = Archive::open(&data).unwrap();
        let mut file = archive.file("bomb").unwrap().unwrap();
        let error = io::copy(&mut file, &mut io::sink()).unwrap_err();
        assert!(broken(&error).text().contains("unpacks to more than 96 MB"));
        assert!(Archive::open(&zip(&[])).is_ok_and(|archive| !archive.holds("x")));
        assert!(Archive::open(b"PK\x03\x04 and no more").is_err_and(|failure| failure.text().contains("damaged")));
    }

    #[test]
    fn an_archive_of_endless_files_is_refused() {
        let names: Vec<_> = (0..=MOST_FILES).map(|number| number.to_string()).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert!(Archive::open(&zip(&files)).is_err_and(|failure| failure.text().contains("more than 20000 files")));
    }
}
