//! Documents by kind. The first line of an input is the file's name; what follows is the file, or the files packed in it.

use plugin_documents::part::Wanted;

use super::{Check, headed};
use crate::zip;

pub(super) fn prepare() -> anyhow::Result<Check> {
    Ok(Box::new(|input| {
        let (name, data) = headed(input);
        read(&name, data);
    }))
}

/// The same with the archive made of a text, so that its parts are broken and not its packing.
pub(super) fn prepare_packed() -> anyhow::Result<Check> {
    Ok(Box::new(|input| {
        let (name, text) = headed(input);
        if let Ok(data) = zip::packed(text) {
            read(&name, &data);
        }
    }))
}

fn read(name: &str, data: &[u8]) {
    for (page, from, limit) in [(None, None, None), (Some(2), None, Some(7)), (None, Some(5), Some(1))] {
        if let Ok(wanted) = Wanted::new(page, from, limit)
            && let Err(failure) = plugin_documents::read(name, data.to_vec(), &wanted)
        {
            assert!(!format!("{failure:?}").is_empty());
        }
    }
}
