//! What a channel has confirmed, noted in a file in the very moment its answer was read. The database says the same a
//! few milliseconds later; a process that is killed in between finds it here and sends nothing twice.
//!
//! Writing is one call to the system and waits for no disk: the end of the process cannot take it back, the loss of power
//! can.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use steward_agent::Draft;
use steward_store::{ApprovalId, OutboxId, RunId, Store, StoreError};

const FILE: &str = "sent.log";
/// The file begins again at this length, when the database knows all that is in it.
const LONG: u64 = 64 * 1024;

/// Something the channel has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Message(OutboxId),
    /// The message that shows a growing answer.
    Draft(RunId, Draft),
    /// The message that shows a question.
    Question(ApprovalId, Draft),
}

impl Sent {
    fn line(&self) -> String {
        match self {
            Self::Message(id) => format!("message {id} .\n"),
            Self::Draft(run, draft) => format!("draft {run} {} .\n", draft.0),
            Self::Question(id, draft) => format!("question {id} {} .\n", draft.0),
        }
    }

    /// A line that was cut off, or that cannot be read, tells nothing.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.strip_suffix(" .")?.split(' ');
        let (kind, id) = (words.next()?, words.next()?.parse().ok()?);
        let draft = words.next().map(|id| Draft(id.to_owned()));
        match (kind, draft, words.next()) {
            ("message", None, None) => Some(Self::Message(OutboxId(id))),
            ("draft", Some(draft), None) => Some(Self::Draft(RunId(id), draft)),
            ("question", Some(draft), None) => Some(Self::Question(ApprovalId(id), draft)),
            _ => None,
        }
    }
}

pub(crate) struct SentLog(Mutex<Notes>);

struct Notes {
    /// `None` after it could not be written: then the window is as wide as the database is slow.
    file: Option<File>,
    length: u64,
    /// Noted and not yet in the database.
    open: usize,
}

impl SentLog {
    /// Takes over what the last process noted, then begins again.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) async fn open(data: &Path, store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let mut text = String::new();
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(data.join(FILE));
        let file = file.and_then(|mut file| file.read_to_string(&mut text).map(|_| file));
        for sent in text.split_inclusive('\n').filter_map(|line| Sent::read(line.strip_suffix('\n')?)) {
            take_over(store, &sent, now).await?;
        }
        let file = file.and_then(|file| file.set_len(0).map(|()| file));
        let file = file.inspect_err(|error| tracing::warn!(%error, "{FILE} cannot be written")).ok();
        Ok(Self(Mutex::new(Notes { file, length: 0, open: 0 })))
    }

    /// Notes it. What is noted is closed by [`SentLog::known`] once the database has it.
    pub(crate) fn note(&self, sent: &Sent) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = sent.line();
        notes.open += 1;
        notes.length += line.len() as u64;
        let written = notes.file.as_mut().map(|file| file.write_all(line.as_bytes()));
        if let Some(Err(error)) = written {
            tracing::warn!(%error, "{FILE} cannot be written");
            notes.file = None;
        }
    }

    /// The database knows what was noted.
    pub(crate) fn known(&self) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.open = notes.open.saturating_sub(1);
        if notes.open == 0
            && notes.length > LONG
            && let Some(file) = &notes.file
            && file.set_len(0).is_ok()
        {
            notes.length = 0;
        }
    }
}

async fn take_over(store: &Store, sent: &Sent, now: Timestamp) -> Result<(), StoreError> {
    let taken = match sent {
        Sent::Message(id) => store.mark_sent(*id, now).await,
        Sent::Draft(run, draft) => store.set_draft(*run, draft).await,
        Sent::Question(id, draft) => store.approval_shown(*id, draft).await,
    };
    match taken {
        Ok(()) => tracing::info!(?sent, "was sent before the last end and is not sent again"),
        // The database knew it, or what it belongs to is over.
        Err(StoreError::NotFound(_) | StoreError::RunClosed(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use steward_agent::{Address, Outgoing};

    use super::*;

    #[test]
    fn a_line_that_was_cut_off_tells_nothing() {
        let whole = Sent::Draft(RunId(12), Draft("345".to_owned())).line();
        let line = whole.trim_end_matches('\n');
        assert_eq!(Sent::read(line), Some(Sent::Draft(RunId(12), Draft("345".to_owned()))));
        for end in 0..line.len() {
            assert_eq!(Sent::read(&line[..end]), None, "{}", &line[..end]);
        }
        for line in ["message 1 2 .", "message x .", "letter 1 .", "draft 1 ."] {
            assert_eq!(Sent::read(line), None, "{line}");
        }
    }

    #[tokio::test]
    async fn what_was_noted_before_a_crash_is_not_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("steward.sqlite")).unwrap();
        let now = Timestamp::now();
        let message = |chat: &str| {
            let to = Address { channel: "telegram".into(), chat: chat.into() };
            Outgoing { to, text: "hello".into(), draft: None, unasked: false }
        };
        let ids = store.enqueue(vec![message("1"), message("2"), message("3")], None, now).await.unwrap();
        let log = SentLog::open(folder.path(), &store, now).await.unwrap();
        for id in &ids[..2] {
            log.note(&Sent::Message(*id));
        }
        store.mark_sent(ids[0], now).await.unwrap();
        log.known();
        drop(log);
        std::fs::OpenOptions::new()
            .append(true)
            .open(folder.path().join(FILE))
            .unwrap()
            .write_all(format!("message {}", ids[2]).as_bytes())
            .unwrap();

        let log = SentLog::open(folder.path(), &store, now).await.unwrap();
        let due = store.due_outgoing(now, 10).await.unwrap();
        assert_eq!(due.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[2]]);
        assert_eq!(std::fs::metadata(folder.path().join(FILE)).unwrap().len(), 0);
        for _ in 0..6_000 {
            log.note(&Sent::Message(ids[0]));
            log.known();
        }
        assert!(std::fs::metadata(folder.path().join(FILE)).unwrap().len() <= LONG);
    }
}
