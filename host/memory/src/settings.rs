//! What of memory can be set.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use steward_index::{Levels, PassageSize, Weights};

/// How memory is kept and searched.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the indexes; each space has its own below it.
    pub index: PathBuf,
    /// The owners' folder.
    pub workspace: PathBuf,
    /// The folder of the other people's folders, each named by the person's number.
    pub people: PathBuf,
    /// Never read, whatever leads there: Steward's own data and configuration.
    pub hidden: Vec<PathBuf>,
    /// Folders outside the workspace from which tools may have files searched too.
    pub folders: Vec<PathBuf>,
    /// What counts how much in a search.
    pub weights: Weights,
    /// How long passages are.
    pub passage: PassageSize,
    /// How many passages of conversations keep their vectors.
    pub levels: Levels,
    /// The zone in which days and times of logs and transcripts are meant.
    pub zone: TimeZone,
    /// The longest text file that is taken in, in bytes.
    pub text_limit: u64,
    /// The longest document, in bytes.
    pub document_limit: u64,
    /// Files are looked at without any sign that one was changed, this often.
    pub look_every: Duration,
    /// Whoever asks for files to be read waits so long for it.
    pub patience: Duration,
    /// Changes are taken in when none has come for so long, when somebody searches, or after the longest time.
    pub quiet: Duration,
    /// The longest time that changes wait.
    pub quiet_longest: Duration,
    /// How long nothing must be changed before memory that only indexing needs is given back.
    pub rest_after: Duration,
}

impl Settings {
    /// The usual ones for these folders.
    pub fn new(data: &std::path::Path, workspace: PathBuf) -> Self {
        Self {
            index: data.join("index"),
            workspace,
            people: data.join("people"),
            hidden: vec![data.to_owned()],
            folders: Vec::new(),
            weights: Weights::default(),
            passage: PassageSize::default(),
            levels: Levels::default(),
            zone: TimeZone::UTC,
            text_limit: 4 << 20,
            document_limit: 24 << 20,
            look_every: Duration::from_secs(600),
            patience: Duration::from_secs(20),
            quiet: Duration::from_secs(10),
            quiet_longest: Duration::from_secs(120),
            rest_after: Duration::from_secs(30),
        }
    }
}
