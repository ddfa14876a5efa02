//! What this process makes is for its user alone, whichever part of it makes it. The programs that tools run are the
//! user's own: they make files with the rights they would have without Steward.

use std::sync::OnceLock;

use rustix::fs::Mode;

/// The mask this process was started with.
static BEFORE: OnceLock<Mode> = OnceLock::new();

/// From now on, files and folders are made without rights for group and others.
pub fn keep_private() {
    BEFORE.get_or_init(|| rustix::process::umask(Mode::RWXG | Mode::RWXO));
}

/// The mask that programs are started with; nothing where this process kept its own.
pub(crate) fn mask_of_programs() -> Option<Mode> {
    BEFORE.get().copied()
}
