//! Threads that keep the processor busy with something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// They work until [`Busy::end`].
pub(crate) struct Busy {
    threads: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Busy {
    pub(crate) fn start(threads: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let spin = |_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        Self { threads: (0..threads).map(spin).collect(), stop: Arc::clone(&stop) }
    }

    pub(crate) fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            // It does nothing that could panic.
            let _ = thread.join();
        }
    }
}
