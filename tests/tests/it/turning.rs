//! A folder of the workspace that turns into a link out of it and back, all the time.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Turns until it is stopped.
pub(crate) struct Turning {
    stop: Arc<AtomicBool>,
    turner: JoinHandle<()>,
}

impl Turning {
    /// `name` in the workspace is now and then a folder with a harmless `secret.txt`, now and then a link to the folder
    /// above, and now and then not there.
    pub(crate) fn start(workspace: &Path, name: &str) -> Self {
        let [real, link, turning] = ["real", "link", name].map(|name| workspace.join(name));
        std::fs::create_dir(&real).unwrap();
        std::fs::write(real.join("secret.txt"), "harmless").unwrap();
        symlink("..", &link).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let turner = std::thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                for face in [&real, &link] {
                    std::fs::rename(face, &turning).unwrap();
                    std::fs::rename(&turning, face).unwrap();
                }
            }
        });
        Self { stop, turner }
    }

    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.turner.join().unwrap();
    }
}
