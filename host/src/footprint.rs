//! Gives back the memory of what only a start needs. The start of a program runs through most of its own code once: a
//! compiler's tables, every relocation, the plugins inside the binary. Those pages would count as its memory for ever,
//! though it never looks at them again. It gives back nothing that is not, byte for byte, in the program's file, and what
//! was freed already.

use std::fs;
use std::io;
use std::time::Duration;

use rustix::mm::{Advice, madvise};
use tokio_util::sync::CancellationToken;

/// By then everything that a start sets off is under way.
const AFTER: Duration = Duration::from_secs(2);
/// It is looked at this often whether there is something to give back.
const EVERY: Duration = Duration::from_secs(10);
/// Less than so many KiB more than after the last time is not worth it.
const WORTH: u64 = 2_048;
/// Heaps that threads share. By itself glibc makes one for nearly each thread, and what the threads of a moment freed in
/// theirs is never given back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS: libc::c_int = 2;
/// What is longer is asked of the system by itself and given back when it is freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LONG: libc::c_int = 256 << 10;
/// So much that is free at the end of a heap stays for what comes next. Every message takes and frees some hundred KiB;
/// given back and asked for each time, they would be cleared by the system each time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const SPARE: libc::c_int = 1 << 20;

/// Has the memory of all threads together stay small. To be called before there is a second one.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn keep_small() {
    #[expect(unsafe_code, reason = "glibc's own settings, which take two numbers and are made before any other thread")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
        libc::mallopt(libc::M_MMAP_THRESHOLD, LONG);
        libc::mallopt(libc::M_TRIM_THRESHOLD, SPARE);
    }
}

/// Other allocators do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_small() {}

/// Waits until the start is over and gives back what it took; then now and again what else was needed once.
pub(crate) async fn settle(stop: CancellationToken) {
    let (mut wait, mut before) = (AFTER, Size::default());
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
        let given = tokio::task::spawn_blocking(move || give_back(before));
        before = given.await.unwrap_or(before);
        wait = EVERY;
    }
}

/// How much of the process is in memory, in KiB.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    /// What belongs to it alone.
    own: u64,
    /// What is also in a file.
    mapped: u64,
}

impl Size {
    fn now() -> io::Result<Self> {
        const PAGE: u64 = 4;
        let text = fs::read_to_string("/proc/self/statm")?;
        let mut pages = text.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0));
        let (resident, mapped): (u64, u64) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
        Ok(Self { own: resident.saturating_sub(mapped) * PAGE, mapped: mapped * PAGE })
    }
}

/// Bytes of the process that are in memory, where the system tells.
pub(crate) fn resident() -> Option<u64> {
    let size = Size::now().ok()?;
    Some((size.own + size.mapped) << 10)
}

/// Gives back what has come since the last time; gives what is left.
fn give_back(before: Size) -> Size {
    let Ok(now) = Size::now() else { return before };
    let (own, mapped) = (now.own > before.own + WORTH, now.mapped > before.mapped + WORTH);
    if own {
        steward_embed::give_back();
    }
    if mapped {
        match release() {
            Ok(kibibytes) => tracing::debug!("{kibibytes} KiB of the program were given back"),
            Err(error) => tracing::debug!("what was needed once is kept: {error}"),
        }
    }
    let left = Size::now().unwrap_or(now);
    Size { own: if own { left.own } else { before.own }, mapped: if mapped { left.mapped } else { before.mapped } }
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
