//! The row of the terminal. It is always on, and its owner is whoever may open the socket in the data folder.

use std::sync::Arc;

use futures::FutureExt as _;
use steward_channel::{Channel, TerminalServer};
use steward_store::Seat;

use super::ChannelKind;

pub(super) static KIND: ChannelKind = ChannelKind {
    name: TerminalServer::NAME,
    title: "the terminal",
    owners: |_config| {
        let address = TerminalServer::owner();
        Some(vec![Seat { id: address.chat.clone(), address }])
    },
    lets_in: |_access, _id| false,
    make: |config, _menu| {
        let channel: Arc<dyn Channel> = Arc::new(TerminalServer::new(config.socket()));
        std::future::ready(Ok(Some(channel))).boxed()
    },
    banner: |config| format!("steward chat   (data in {})", config.data.display()),
    // That it is received from is told of every channel.
    check: |_config| std::future::ready(Vec::new()).boxed(),
};
