//! Who the configuration says the owners are, told to the store at each start. Whoever it no longer names has no right from
//! it any more.

use std::collections::HashSet;

use jiff::Timestamp;
use steward_store::{Seat, Store, StoreError, Unseated};

use crate::channels;
use crate::config::Config;

/// The identities that the configuration names as owners.
#[derive(Debug, Default)]
pub(crate) struct Owners(HashSet<(String, String)>);

impl Owners {
    fn of(seats: &[Seat]) -> Self {
        Self(seats.iter().map(|seat| (seat.address.channel.clone(), seat.id.clone())).collect())
    }

    pub(crate) fn contains(&self, channel: &str, id: &str) -> bool {
        self.0.iter().any(|(of, known)| of == channel && known == id)
    }
}

/// Seats the owners of the configuration.
pub(crate) async fn take(config: &Config, store: &Store) -> Result<Owners, StoreError> {
    let seats = channels::seats(config);
    let owners = Owners::of(&seats);
    for one in store.seat_owners(seats, channels::named(config), Timestamp::now()).await? {
        tell_of_unseated(&one);
    }
    Ok(owners)
}

/// For the log: who has lost an owner's rights with this start, and who only seems to.
fn tell_of_unseated(one: &Unseated) {
    let Unseated { channel, id, stays } = one;
    match stays {
        false => tracing::warn!("{channel} {id} is named by the configuration no longer and has no owner's rights now"),
        true => tracing::warn!(
            "{channel} {id} is named by the configuration no longer and keeps the owner's rights that a code or a command \
             gave: `steward people unlink {channel}:{id}` or `steward people role {channel}:{id} external` ends them"
        ),
    }
}
