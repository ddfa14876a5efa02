//! Gives back the memory of what only a start needs. The start of a program runs through most of its own code once: a
//! compiler's tables, every relocation, the plugins inside the binary. Those pages would count as its memory for ever,
//! though it never looks at them again. It gives back nothing that is not, byte for byte, in the program's file.

use std::fs;
use std::io;
use std::time::Duration;

use rustix::mm::{Advice, madvise};
use tokio_util::sync::CancellationToken;

/// By then everything that a start sets off is under way.
const AFTER: Duration = Duration::from_secs(2);
/// Plugins that are compiled later, or installed, run through the program once more.
const EVERY: Duration = Duration::from_secs(300);

/// Waits until the start is over and gives back what it took; then now and again what else was needed once.
pub(crate) async fn settle(stop: CancellationToken) {
    let mut wait = AFTER;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
        match tokio::task::spawn_blocking(release).await {
            Ok(Ok(kibibytes)) => tracing::debug!("{kibibytes} KiB of the program were given back"),
            Ok(Err(error)) => tracing::debug!("what only the start needed is kept: {error}"),
            Err(error) => tracing::warn!("what only the start needed is kept: {error}"),
        }
        wait = EVERY;
    }
}

/// Gives the pages of the program's file back and says how many KiB they were. Where one is needed again, the system
/// takes it from its cache of files, or from the file.
fn release() -> io::Result<u64> {
    let program = fs::read_link("/proc/self/exe")?;
    let maps = fs::read_to_string("/proc/self/smaps")?;
    let mut released = 0;
    for mapping in mappings(&maps, &program.to_string_lossy()) {
        let start = std::ptr::with_exposed_provenance_mut(mapping.start);
        #[expect(
            unsafe_code,
            reason = "the program's own file stays mapped as long as it runs; this part of it cannot be written and has \
                      no page that differs from the file, so what is read there afterwards is the same"
        )]
        unsafe {
            madvise(start, mapping.length, Advice::LinuxDontNeed)?;
        }
        released += mapping.resident;
    }
    Ok(released)
}

#[derive(Debug, PartialEq, Eq)]
struct Mapping {
    start: usize,
    length: usize,
    /// KiB.
    resident: u64,
}

/// The mappings of a file in which nothing can be written and nothing was, from the text of `/proc/PID/smaps`.
fn mappings(maps: &str, file: &str) -> Vec<Mapping> {
    let mut found = Vec::new();
    let mut lines = maps.lines();
    let mut next = lines.next();
    while let Some(head) = next {
        let mapping = unwritable(head, file);
        let (mut resident, mut own) = (0, None);
        next = lines.by_ref().find(|line| {
            resident = size(line, "Rss:").unwrap_or(resident);
            own = own.or(size(line, "Anonymous:"));
            is_head(line)
        });
        // Where the system does not say which pages are the process's own, some may be.
        if let Some((start, end)) = mapping
            && own == Some(0)
        {
            found.push(Mapping { start, length: end.saturating_sub(start), resident });
        }
    }
    found
}

/// Lines about a mapping begin with a word and a colon, its first one with its addresses.
fn is_head(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|first| !first.ends_with(':'))
}

/// `55d0c0000000-55d0c1000000 r-xp 00daa000 fe:00 12345   /usr/bin/steward`
fn unwritable(head: &str, file: &str) -> Option<(usize, usize)> {
    let mut words = head.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let rights = words.next()?;
    // What follows are offset, device and inode.
    let path = words.nth(3)?.trim_start();
    let address = |text| usize::from_str_radix(text, 16).ok();
    (path == file && matches!(rights, "r-xp" | "r--p")).then_some((address(start)?, address(end)?))
}

/// `Rss:                 17496 kB`
fn size(line: &str, name: &str) -> Option<u64> {
    line.strip_prefix(name)?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
1000-3000 r--p 00000000 fe:00 7                          /usr/bin/steward (deleted)
Size:                  8 kB
Rss:                   8 kB
Anonymous:             0 kB
VmFlags: rd mr mw me
3000-8000 r-xp 00002000 fe:00 7                          /usr/bin/steward (deleted)
Rss:                  12 kB
Anonymous:             0 kB
8000-9000 r--p 00007000 fe:00 7                          /usr/bin/steward (deleted)
Rss:                   4 kB
Anonymous:             4 kB
9000-a000 rw-p 00008000 fe:00 7                          /usr/bin/steward (deleted)
Rss:                   4 kB
Anonymous:             0 kB
a000-b000 r-xp 00000000 fe:00 8                          /usr/lib/libc.so.6
Rss:                   4 kB
Anonymous:             0 kB
b000-c000 r--p 00000000 fe:00 7                          /usr/bin/steward (deleted)
Rss:                   4 kB
c000-d000 rw-p 00000000 00:00 0
Rss:                   4 kB
";

    #[test]
    fn only_what_is_the_same_in_the_file_is_given_back() {
        let found = mappings(MAPS, "/usr/bin/steward (deleted)");
        let expected = [(0x1000, 0x2000, 8), (0x3000, 0x5000, 12)];
        assert_eq!(found, expected.map(|(start, length, resident)| Mapping { start, length, resident }));
        assert!(mappings(MAPS, "/usr/bin/other").is_empty() && mappings("", "").is_empty());
    }

    #[test]
    fn a_program_goes_on_without_what_it_gave_back() {
        let text = "a constant that lies in the file";
        let before = text.to_owned();
        assert!(release().unwrap() > 0);
        assert_eq!(std::hint::black_box(text), before);
        assert!(release().is_ok());
    }
}
