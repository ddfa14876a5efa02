//! `[audit]`: which tool calls are recorded in addition to their row in the audit, and for how long.

use anyhow::bail;
use jiff::SignedDuration;
use serde::Deserialize;
use steward_sandbox::{RecordPolicy, Recorded};

/// What is recorded of tool calls. Recordings hold contents, so by default there are none.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Which calls, and how much of each.
    pub record: RecordPolicy,
    /// How long recordings are kept.
    pub keep: SignedDuration,
}

/// The section as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AuditFile {
    /// Which tool calls are recorded with their contents, for replay.
    ///
    /// Values: `off`, `all` or a list of plugins
    record: Record,
    /// How long recordings are kept.
    ///
    /// Values: days, 1 to 3650
    keep_days: u32,
    /// The largest recording.
    ///
    /// Values: kilobytes, 1 to 65536
    record_kb: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "`record` is \"off\", \"all\" or a list of plugins, such as [\"web\", \"files\"]")]
enum Record {
    Word(String),
    Plugins(Vec<String>),
}

impl Default for AuditFile {
    fn default() -> Self {
        Self { record: Record::Word("off".to_owned()), keep_days: 7, record_kb: 1024 }
    }
}

impl AuditFile {
    pub(super) fn checked(self) -> anyhow::Result<Audit> {
        let which = match self.record {
            Record::Word(word) if word == "off" => Recorded::Nothing,
            Record::Word(word) if word == "all" => Recorded::Everything,
            Record::Word(word) => {
                bail!("audit.record: “{word}” is not known. Use \"off\", \"all\" or a list of plugins: [\"web\"].")
            }
            Record::Plugins(names) => Recorded::Plugins(names),
        };
        for (key, value, most) in [("keep_days", self.keep_days, 3650), ("record_kb", self.record_kb, 65_536)] {
            if !(1..=most).contains(&value) {
                bail!("audit.{key}: {value} is out of range. Use 1 to {most}.");
            }
        }
        let record = RecordPolicy { which, limit: self.record_kb as usize * 1024, held: None };
        Ok(Audit { record, keep: SignedDuration::from_hours(i64::from(self.keep_days) * 24) })
    }
}
