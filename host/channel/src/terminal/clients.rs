//! Who is connected, and which messages wait to be seen. A message counts as seen when one client showed it; it is
//! lost, and must be sent again, when all clients it went to are gone.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::protocol::FromServer;

/// The most clients at once.
const MOST: usize = 16;
/// Lines that wait to be written to one client; one that falls further behind is cut off.
const BACKLOG: usize = 256;

#[derive(Default)]
pub(super) struct Clients(Mutex<State>);

#[derive(Default)]
struct State {
    connected: HashMap<u64, Client>,
    next: u64,
    unseen: HashMap<u64, Unseen>,
}

struct Client {
    lines: mpsc::Sender<FromServer>,
    /// Ends the connection.
    end: CancellationToken,
}

struct Unseen {
    by: HashSet<u64>,
    /// Dropped when nobody is left who could see it.
    seen: oneshot::Sender<()>,
}

/// What a connection needs to serve its client.
pub(super) struct Seat {
    pub(super) id: u64,
    pub(super) lines: mpsc::Receiver<FromServer>,
    pub(super) end: CancellationToken,
}

impl Clients {
    /// A place for a new client, unless there are too many.
    pub(super) fn join(&self) -> Option<Seat> {
        let mut state = self.state();
        if state.connected.len() >= MOST {
            return None;
        }
        let id = state.next;
        state.next += 1;
        let (sender, lines) = mpsc::channel(BACKLOG);
        let end = CancellationToken::new();
        state.connected.insert(id, Client { lines: sender, end: end.clone() });
        Some(Seat { id, lines, end })
    }

    pub(super) fn leave(&self, id: u64) {
        self.state().remove(id);
    }

    /// Tells all clients.
    pub(super) fn tell(&self, line: &FromServer) {
        self.state().tell(line);
    }

    /// Tells one client.
    pub(super) fn tell_one(&self, id: u64, line: FromServer) {
        let mut state = self.state();
        if state.connected.get(&id).is_some_and(|client| client.lines.try_send(line).is_err()) {
            state.remove(id);
        }
    }

    /// Sends the message of that number to all clients. The receiver gets word when one of them has seen it, and an
    /// error when all of them are gone; `None` if there is no client at all.
    pub(super) fn show(&self, number: u64, message: &FromServer) -> Option<oneshot::Receiver<()>> {
        let mut state = self.state();
        state.tell(message);
        let by: HashSet<u64> = state.connected.keys().copied().collect();
        if by.is_empty() {
            return None;
        }
        let (seen, receiver) = oneshot::channel();
        state.unseen.insert(number, Unseen { by, seen });
        Some(receiver)
    }

    pub(super) fn seen(&self, number: u64) {
        if let Some(unseen) = self.state().unseen.remove(&number) {
            // Who sent it may have stopped waiting.
            let _ = unseen.seen.send(());
        }
    }

    /// Nobody saw the message in time: the clients it went to do not work and are cut off.
    pub(super) fn give_up(&self, number: u64) {
        let mut state = self.state();
        for id in state.unseen.remove(&number).map(|unseen| unseen.by).unwrap_or_default() {
            state.remove(id);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state().connected.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell(&mut self, line: &FromServer) {
        let slow: Vec<u64> = self
            .connected
            .iter()
            .filter(|(_, client)| client.lines.try_send(line.clone()).is_err())
            .map(|(id, _)| *id)
            .collect();
        for id in slow {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: u64) {
        if let Some(client) = self.connected.remove(&id) {
            client.end.cancel();
        }
        self.unseen.retain(|_, unseen| {
            unseen.by.remove(&id);
            !unseen.by.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_is_seen_by_one_or_lost_with_the_last() {
        let clients = Clients::default();
        assert!(clients.show(1, &FromServer::Typing).is_none());
        let (first, second) = (clients.join().unwrap(), clients.join().unwrap());
        let seen = clients.show(2, &FromServer::Typing).unwrap();
        clients.leave(first.id);
        clients.seen(2);
        assert_eq!(seen.await, Ok(()));
        let lost = clients.show(3, &FromServer::Typing).unwrap();
        clients.leave(second.id);
        assert!(lost.await.is_err());
        assert!(clients.is_empty());
    }

    #[test]
    fn a_client_that_does_not_read_is_cut_off() {
        let clients = Clients::default();
        let seat = clients.join().unwrap();
        for _ in 0..=BACKLOG {
            clients.tell(&FromServer::Typing);
        }
        assert!(seat.end.is_cancelled() && clients.is_empty());
    }

    #[test]
    fn the_number_of_clients_is_bounded() {
        let clients = Clients::default();
        let seats: Vec<_> = (0..MOST).map(|_| clients.join().unwrap()).collect();
        assert!(clients.join().is_none());
        clients.leave(seats[0].id);
        assert!(clients.join().is_some());
    }
}
