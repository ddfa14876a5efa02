//! The one HTTP listener of the program. It is off unless the configuration gives it an address, and on an address that
//! other machines can reach it does not exist without a key.
//!
//! It knows no sessions, models or stores, and not what is mounted on it: each part that wants to be reached over HTTP
//! gives a [`Mount`], and the list of mounts is given when the [`Listener`] is made. What every request must pass
//! (which host it names, where it comes from, the key, sizes and times) is in `gate` and holds for all mounts alike.

mod gate;
mod key;
mod limits;
mod listener;
mod mount;
mod probe;
mod settings;

pub use gate::Caller;
pub use key::{Key, KeyError};
pub use limits::Limits;
pub use listener::{Listener, OpenError, RETRY};
pub use mount::{Access, Mount, MountError};
pub use probe::{ProbeError, probe};
pub use settings::{Settings, SettingsError};
