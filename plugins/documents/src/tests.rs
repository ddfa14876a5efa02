//! Whole documents, as they are and as somebody would make them to break their reader. Each is made here.

pub(crate) mod made;

mod books;
mod hostile;
mod office;
mod pdfs;
mod reading;
mod words;

use steward_sdk::{Failure, Output};

use crate::part::Wanted;
use crate::read;

/// The first part of a document, as a model gets it.
fn ask(name: &str, data: &[u8]) -> Result<Output, Failure> {
    read(name, data.to_vec(), &Wanted::new(None, None, None).unwrap())
}

/// The same as a program gets it: title and text.
fn check(name: &str, data: &[u8]) -> (Option<String>, String) {
    let answer = ask(name, data).unwrap().structured.unwrap();
    (answer["title"].as_str().map(str::to_owned), answer["text"].as_str().unwrap().to_owned())
}
