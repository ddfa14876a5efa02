//! What capabilities are made of: the store, the folders of people, the time zone and the way out to the network. One for all
//! calls; it never knows who is calling.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use steward_store::Store;

use crate::acquaintances::Acquaintances;
use crate::capability::events::EventKinds;
use crate::capability::http::Client;
use crate::connected::Connected;
use crate::foreign::ForeignMarks;
use crate::mail::Mail;

pub(crate) struct Backing {
    pub(crate) store: Store,
    /// The folder with MEMORY.md, the daily logs and the owner's files.
    pub(crate) workspace: PathBuf,
    /// The folder of everybody else's memory and files, a folder each in it.
    pub(crate) people: PathBuf,
    /// The zone in which wall-clock times of plugins are meant.
    pub(crate) time_zone: TimeZone,
    pub(crate) http: Arc<Client>,
    pub(crate) connected: Arc<Connected>,
    pub(crate) marks: ForeignMarks,
    /// What can be watched for, if anything watches.
    pub(crate) events: Option<Arc<dyn EventKinds>>,
    /// What time it is; tests put their own here.
    pub(crate) clock: fn() -> Timestamp,
}

impl Backing {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The people a call can mean.
    pub(crate) fn acquaintances(&self) -> Acquaintances<'_> {
        Acquaintances(&self.store)
    }

    /// The messages on their way to people.
    pub(crate) fn mail(&self) -> Mail<'_> {
        Mail(&self.store)
    }

    /// The same with another folder as the workspace.
    pub(crate) fn elsewhere(&self, workspace: PathBuf) -> Self {
        Self {
            store: self.store.clone(),
            workspace,
            people: self.people.clone(),
            time_zone: self.time_zone.clone(),
            http: Arc::clone(&self.http),
            connected: Arc::clone(&self.connected),
            marks: self.marks.clone(),
            events: self.events.clone(),
            clock: self.clock,
        }
    }
}
