//! A plugin with tools that try ways out of the sandbox with whatever they are told: names of files, links, addresses,
//! headers, claims about who is calling.
//!
//! It is compiled by the build script of the tests and only ever run by them.

use std::ffi::{CString, c_char, c_int};
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, NoArguments, http, run};

steward_sdk::plugin! {
    /// Reads a file.
    read_path: read, requires [] => read_path;

    /// Reads a file again and again and gives the first text that is not the expected one.
    read_until_other: read, requires [] => read_until_other;

    /// Writes a file.
    write_path: write, requires [] => write_path;

    /// Deletes a file.
    remove_path: destructive, requires [] => remove_path;

    /// Renames a file.
    rename_path: write, requires [] => rename_path;

    /// Makes a symbolic link.
    link_path: write, requires [] => link_path;

    /// Makes a hard link.
    hard_link_path: write, requires [] => hard_link_path;

    /// Opens a file more and more times, closing it never.
    hoard_files: read, requires [] => hoard_files;

    /// Opens a folder more and more times to be listed, closing it never.
    hoard_folders: read, requires [] => hoard_folders;

    /// Begins more and more requests, sending none.
    hoard_requests: read, requires [] => hoard_requests;

    /// Makes a file so many bytes long without writing to it.
    grow_file: write, requires [] => grow_file;

    /// Writes one byte so far behind the end of a file.
    write_far: write, requires [] => write_far;

    /// Writes the same bytes to the beginning of a file again and again.
    rewrite: write, requires [] => rewrite;

    /// Appends to a file again and again.
    append_again: write, requires [] => append_again;

    /// Makes many small things: files, folders, links, names of one file, or folders within each other.
    make_many: write, requires [] => make_many;

    /// Requests an address, with a header if one is given.
    fetch: read, requires [] => fetch;

    /// Gives all it finds in its environment and its arguments.
    environment: read, requires [] => environment;

    /// Says who is calling, whatever it is told about that.
    who: read, requires [] => who;
}

/// A file.
#[derive(Deserialize, JsonSchema)]
struct At {
    path: String,
}

fn read_path(arguments: At) -> Result<String, Failure> {
    Ok(fs::read_to_string(arguments.path)?)
}

/// A file, and what it should say.
#[derive(Deserialize, JsonSchema)]
struct Expected {
    path: String,
    text: String,
    times: u32,
}

fn read_until_other(arguments: Expected) -> Result<String, Failure> {
    // A file that cannot be read at this moment is no way out, so the next moment is tried.
    let other = (0..arguments.times)
        .filter_map(|_| fs::read_to_string(&arguments.path).ok())
        .find(|text| *text != arguments.text);
    Ok(other.unwrap_or_else(|| "nothing else".to_owned()))
}

/// A file and its new text.
#[derive(Deserialize, JsonSchema)]
struct Text {
    path: String,
    text: String,
}

fn write_path(arguments: Text) -> Result<String, Failure> {
    fs::write(arguments.path, arguments.text)?;
    Ok("written".to_owned())
}

fn remove_path(arguments: At) -> Result<String, Failure> {
    fs::remove_file(arguments.path)?;
    Ok("removed".to_owned())
}

/// Two names.
#[derive(Deserialize, JsonSchema)]
struct FromTo {
    from: String,
    to: String,
}

fn rename_path(arguments: FromTo) -> Result<String, Failure> {
    fs::rename(arguments.from, arguments.to)?;
    Ok("renamed".to_owned())
}

fn link_path(arguments: FromTo) -> Result<String, Failure> {
    symlink(&arguments.from, &arguments.to)?;
    Ok("linked".to_owned())
}

#[expect(unsafe_code, reason = "the standard library makes no symbolic links on this target yet, its C library does")]
fn symlink(target: &str, path: &str) -> std::io::Result<()> {
    unsafe extern "C" {
        #[link_name = "symlink"]
        fn c_symlink(target: *const c_char, path: *const c_char) -> c_int;
    }
    let (target, path) = (CString::new(target)?, CString::new(path)?);
    // SAFETY: both are texts with a zero at the end that live until the call returns.
    match unsafe { c_symlink(target.as_ptr(), path.as_ptr()) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

fn hard_link_path(arguments: FromTo) -> Result<String, Failure> {
    fs::hard_link(arguments.from, arguments.to)?;
    Ok("linked".to_owned())
}

fn hoard_files(arguments: At) -> Result<String, Failure> {
    let mut open = Vec::new();
    loop {
        open.push(fs::File::open(&arguments.path)?);
    }
}

fn hoard_folders(arguments: At) -> Result<String, Failure> {
    let mut open = Vec::new();
    loop {
        open.push(fs::read_dir(&arguments.path)?);
    }
}

fn hoard_requests(_: NoArguments) -> Result<String, Failure> {
    use wasip2::http::types::{Fields, OutgoingRequest};
    let mut begun = Vec::new();
    loop {
        begun.push(OutgoingRequest::new(Fields::new()));
    }
}

/// A file and a number of bytes.
#[derive(Deserialize, JsonSchema)]
struct Sized {
    path: String,
    bytes: u64,
}

fn grow_file(arguments: Sized) -> Result<String, Failure> {
    fs::OpenOptions::new().write(true).create(true).truncate(false).open(arguments.path)?.set_len(arguments.bytes)?;
    Ok("grown".to_owned())
}

fn write_far(arguments: Sized) -> Result<String, Failure> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(arguments.path)?;
    file.seek(SeekFrom::Start(arguments.bytes))?;
    file.write_all(b"x")?;
    Ok("written".to_owned())
}

/// A file, and how much is written to it how often.
#[derive(Deserialize, JsonSchema)]
struct Again {
    path: String,
    bytes: u32,
    times: u32,
}

fn rewrite(arguments: Again) -> Result<String, Failure> {
    let text = vec![b'x'; arguments.bytes as usize];
    (0..arguments.times).try_for_each(|_| fs::write(&arguments.path, &text))?;
    Ok("written".to_owned())
}

fn append_again(arguments: Again) -> Result<String, Failure> {
    let text = vec![b'x'; arguments.bytes as usize];
    let mut file = fs::OpenOptions::new().append(true).create(true).open(arguments.path)?;
    (0..arguments.times).try_for_each(|_| file.write_all(&text))?;
    Ok("written".to_owned())
}

/// A folder, and what is made in it.
#[derive(Deserialize, JsonSchema)]
struct Many {
    folder: String,
    what: String,
    count: u32,
}

fn make_many(arguments: Many) -> Result<String, Failure> {
    let Many { folder, what, count } = arguments;
    let first = format!("{folder}/first");
    fs::write(&first, "x")?;
    let mut deep = folder.clone();
    for number in 0..count {
        let name = format!("{folder}/{number}");
        match &*what {
            "files" => fs::write(name, "")?,
            "folders" => fs::create_dir(name)?,
            "links" => symlink("first", &name)?,
            "names" => fs::hard_link(&first, name)?,
            _ => {
                deep.push_str("/d");
                fs::create_dir(&deep)?;
            }
        }
    }
    Ok(format!("{count} made"))
}

/// An address and a header.
#[derive(Deserialize, JsonSchema)]
struct Page {
    url: String,
    method: Option<String>,
    header: Option<(String, String)>,
}

fn fetch(arguments: Page) -> Result<String, Failure> {
    let mut request = http::Request::new(arguments.method.as_deref().unwrap_or("GET"), arguments.url);
    if let Some((name, value)) = arguments.header {
        request = request.header(name, value);
    }
    Ok(request.send()?.text())
}

fn environment(_: NoArguments) -> Result<String, Failure> {
    let variables: Vec<_> = std::env::vars().collect();
    let arguments: Vec<_> = std::env::args().collect();
    Ok(format!("{variables:?} {arguments:?}"))
}

/// Claims.
#[derive(Deserialize, JsonSchema)]
struct Claims {
    #[expect(dead_code, reason = "a claim is heard and not believed")]
    role: Option<String>,
    #[expect(dead_code, reason = "a claim is heard and not believed")]
    person: Option<String>,
}

fn who(_: Claims) -> Result<String, Failure> {
    let caller = run::caller();
    Ok(format!("{} {} {}", caller.role, caller.name, caller.origin))
}
