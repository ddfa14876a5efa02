//! What Linux tells of a process: its memory and the time it has used.

use std::time::Duration;

use anyhow::Context as _;

/// From `/proc/PID/status`, in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// `VmRSS`: everything of it that is in memory, code and mapped files too.
    pub(crate) resident: u64,
    /// `RssAnon`: what belongs to it alone.
    pub(crate) anonymous: u64,
    /// `VmHWM`: the most it had resident since its start or [`forget_peak`].
    pub(crate) peak: u64,
    pub(crate) threads: u64,
}

impl Memory {
    pub(crate) fn of(process: u32) -> anyhow::Result<Self> {
        let status = read(process, "status")?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let value = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            value.with_context(|| format!("/proc/{process}/status has no {name}"))
        };
        Ok(Self {
            resident: field("VmRSS")?,
            anonymous: field("RssAnon")?,
            peak: field("VmHWM")?,
            threads: field("Threads")?,
        })
    }
}

/// Lets the peak begin again at what is resident now.
pub(crate) fn forget_peak(process: u32) -> anyhow::Result<()> {
    let path = format!("/proc/{process}/clear_refs");
    std::fs::write(&path, "5").with_context(|| format!("cannot write {path}"))
}

/// The processor time it has used by now, in steps of 10 ms.
pub(crate) fn used(process: u32) -> anyhow::Result<Duration> {
    let stat = read(process, "stat")?;
    // The second field is a name in brackets that may hold anything; user and system time are the 14th and 15th.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(10 * ticks))
}

fn read(process: u32, file: &str) -> anyhow::Result<String> {
    let path = format!("/proc/{process}/{file}");
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}: has it ended?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_can_be_read() {
        let memory = Memory::of(std::process::id()).unwrap();
        assert!(memory.resident >= memory.anonymous && memory.peak >= memory.resident && memory.threads > 0);
        assert!(used(std::process::id()).is_ok() && used(0).is_err());
    }
}
