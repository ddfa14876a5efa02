//! A stand-in for Telegram's Bot API server and for the people who write to the bot.
//!
//! The bot under test reaches it over HTTP by [`Telegram::url`]; the test speaks and listens as the people through
//! [`Person`]. It does what the real server does: an update is repeated until a higher offset confirms it, a second
//! poller ends the first with 409, texts and entities are checked and refused in Telegram's own words, files over
//! 20 MB cannot be fetched, a message that would not change cannot be edited. [`Telegram::fail_next`] makes it fail
//! as the real one does now and then.
//!
//! What it does not imitate: groups and channels (inject their updates with [`Telegram::inject`]), webhooks, business
//! accounts, inline mode, payments, stickers, polls, message threads, link previews, `parse_mode` Markdown and
//! MarkdownV2 (refused), HTTP ranges in downloads, flood limits unasked, the rules for the age of a message
//! that is edited or deleted. Entities that overlap without one lying inside the other are refused, where the real
//! server splits some of them. The words of errors about message drafts are made up, for they are not documented.

mod answer;
mod chat;
mod dispatch;
mod failure;
mod html;
mod media;
mod messages;
mod params;
mod person;
mod text;
mod updates;
mod world;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use chat::{ChatMessage, File, Version};
pub use failure::Failure;
pub use person::Person;

use crate::patience::wait_for;
use world::World;

/// The token of the only bot this server knows.
pub const TOKEN: &str = "7000000001:AAHteststandinteststandinteststandin12";

/// A running server. Clones are the same server; it ends with the last of them.
#[derive(Clone)]
pub struct Telegram {
    shared: Arc<Shared>,
    address: SocketAddr,
    _running: Arc<DropGuard>,
}

/// A request the bot made.
#[derive(Clone, Debug)]
pub struct Call {
    /// As the documentation spells it: `sendMessage`.
    pub method: String,
    /// The parameters, uploaded files left out.
    pub params: Value,
}

pub(crate) struct Shared {
    world: Mutex<World>,
    /// Counts changes of the world, so that whoever waits for one looks again.
    changed: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn look(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the world and wakes everybody who waits for something in it.
    pub(crate) fn change<T>(&self, how: impl FnOnce(&mut World) -> T) -> T {
        let result = how(&mut self.look());
        self.changed.send_modify(|count| *count += 1);
        result
    }

    /// Waits until `find` finds something in the world; `tell` adds to the story when it never does.
    pub(crate) async fn until<T>(
        &self,
        mut find: impl FnMut(&mut World) -> Option<T>,
        tell: impl FnOnce(&World) -> String,
    ) -> T {
        let mut changes = self.changed.subscribe();
        let search = async {
            loop {
                if let Some(found) = find(&mut self.look()) {
                    return found;
                }
                // The sender is a field of `self`, so it cannot be gone.
                let _ = changes.changed().await;
            }
        };
        wait_for(search, || tell(&self.look())).await
    }
}

impl Telegram {
    /// Starts a server on a free port of the loopback address.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start() -> Self {
        let shared = Arc::new(Shared { world: Mutex::new(World::default()), changed: watch::Sender::new(0) });
        let stop = CancellationToken::new();
        let listener = match TcpListener::bind(("127.0.0.1", 0)).await {
            Ok(listener) => listener,
            Err(error) => panic!("no port for the Telegram stand-in: {error}"),
        };
        let address = match listener.local_addr() {
            Ok(address) => address,
            Err(error) => panic!("no address for the Telegram stand-in: {error}"),
        };
        let (router, stopped) = (dispatch::router(Arc::clone(&shared)), stop.clone());
        // Ends when the last handle is dropped: its guard cancels the token.
        tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                _ = axum::serve(listener, router) => {}
            }
        });
        Self { shared, address, _running: Arc::new(stop.drop_guard()) }
    }

    /// Base address of the server, as `TG_API_URL` wants it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Somebody with an account; the bot does not know them before they write.
    pub fn person(&self, id: i64, name: &str) -> Person {
        Person::new(Arc::clone(&self.shared), id, name)
    }

    /// Puts an update into the queue as it is, with an `update_id` if it has none; gives the id.
    pub fn inject(&self, update: Value) -> i64 {
        self.shared.change(|world| world.push_raw(update))
    }

    /// Lets the next request of that method fail; several are used up in order.
    pub fn fail_next(&self, method: &str, failure: Failure) {
        self.shared.change(|world| world.failures.entry(method.to_owned()).or_default().push_back(failure));
    }

    /// While offline, every connection is cut without an answer.
    pub fn set_offline(&self, offline: bool) {
        self.shared.change(|world| world.offline = offline);
    }

    /// The requests of that method, in the order they came.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        self.shared.look().calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    /// All requests in the order they came, `getUpdates` left out.
    pub fn all_calls(&self) -> Vec<Call> {
        self.shared.look().calls.iter().filter(|call| call.method != "getUpdates").cloned().collect()
    }

    /// Waits until that method was called at least `times` times.
    pub async fn called(&self, method: &str, times: usize) -> Vec<Call> {
        let find = |world: &mut World| {
            let calls: Vec<_> = world.calls.iter().filter(|call| call.method == method).cloned().collect();
            (calls.len() >= times).then_some(calls)
        };
        self.shared.until(find, |world| format!("{method} was not called {times} times. {}", world.story())).await
    }

    /// How many updates the bot has not confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.shared.look().updates.len()
    }

    /// Waits until the bot has confirmed every update.
    pub async fn all_confirmed(&self) {
        let find = |world: &mut World| world.updates.is_empty().then_some(());
        self.shared.until(find, |world| format!("Updates stay unconfirmed. {}", world.story())).await;
    }

    /// Waits until a long poll of the bot is waiting for updates.
    pub async fn polled(&self) {
        let find = |world: &mut World| (world.polls_waiting > 0).then_some(());
        self.shared.until(find, |world| format!("The bot does not poll. {}", world.story())).await;
    }

    /// The commands the bot has set for that language code (`""` is the default), as they are shown to people.
    pub fn commands(&self, language: &str) -> Vec<(String, String)> {
        self.shared.look().commands.get(language).cloned().unwrap_or_default()
    }
}
