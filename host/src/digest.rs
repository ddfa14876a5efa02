//! Messages from people outside that came too fast to go to an owner one by one: gathered into one message at a time,
//! at a bounded pace, as many as fit. `/mail` shows the next ones at once, so that all of them can be read.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use steward_agent::{Language, Outgoing, PersonId};
use steward_store::{LetterId, StoreError, WaitingLetter};

use crate::app::Host;
use crate::texts;

/// After the first letter others of the same flood are waited for.
const GATHER: Duration = Duration::from_secs(5);
/// And letters are looked for although nothing told of one.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Letters read from the store at once.
const AT_ONCE: usize = 200;
/// Bytes of a digest: one message of Telegram, whatever the marks take.
const DIGEST_BYTES: usize = 3_400;
/// Bytes of one answer to `/mail`.
const PAGE_BYTES: usize = 10_000;

pub(crate) async fn run(host: Arc<Host>) {
    loop {
        let wait = match send_due(&host, Timestamp::now()).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "gathered messages were not sent; trying again");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = host.store.letters_changed().notified() => {}
            () = tokio::time::sleep(wait) => continue,
            () = host.stop.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(GATHER) => {}
            () = host.stop.cancelled() => return,
        }
    }
}

/// Sends what is due and says when to look again.
async fn send_due(host: &Host, now: Timestamp) -> Result<Duration, StoreError> {
    let pace = SignedDuration::from_mins(i64::from(host.config.admission.limits.digest_minutes));
    let mut wait = LOOK_EVERY;
    for (reader, last) in host.store.readers_waited_for().await? {
        // A clock that was set back makes nobody wait for longer than the pace.
        let due = last.map(|last| last.min(now) + pace).filter(|due| *due > now);
        match due {
            Some(due) => wait = wait.min(Duration::try_from(due.duration_since(now)).unwrap_or(LOOK_EVERY)),
            None => send(host, reader, now).await?,
        }
    }
    Ok(wait.max(Duration::from_secs(1)))
}

async fn send(host: &Host, reader: PersonId, now: Timestamp) -> Result<(), StoreError> {
    let Some(person) = host.store.person(reader).await? else { return Ok(()) };
    let language = person.language.unwrap_or(host.config.language);
    let (Some(to), (letters, all)) = (person.address, host.store.waiting_letters(reader, AT_ONCE).await?) else {
        return Ok(());
    };
    let (shown, text) = page(&letters, DIGEST_BYTES);
    if shown.is_empty() {
        return Ok(());
    }
    let text = texts::digest(language, shown.len(), all - shown.len(), &text);
    host.store.send_digest(reader, shown, Outgoing { to, text, draft: None, unasked: true }, now).await
}

/// The next letters for one who asks for them, and which they are.
pub(crate) async fn mail(
    host: &Host,
    reader: PersonId,
    language: Language,
) -> Result<(Vec<LetterId>, String), StoreError> {
    let (letters, all) = host.store.waiting_letters(reader, AT_ONCE).await?;
    let (shown, text) = page(&letters, PAGE_BYTES);
    let text = texts::mail(language, all - shown.len(), &text);
    Ok((shown, text))
}

/// As many letters as fit, whole ones, at least one.
fn page(letters: &[WaitingLetter], bytes: usize) -> (Vec<LetterId>, String) {
    let mut text = String::new();
    let mut shown = Vec::new();
    for letter in letters {
        if !shown.is_empty() && text.len() + letter.text.len() > bytes {
            break;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&letter.text);
        shown.push(letter.id);
    }
    (shown, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(id: i64, bytes: usize) -> WaitingLetter {
        let at = Timestamp::UNIX_EPOCH;
        WaitingLetter { id: LetterId(id), sender: PersonId(7), text: "x".repeat(bytes), at }
    }

    #[test]
    fn a_page_holds_what_fits_and_a_letter_that_is_too_long_comes_alone() {
        let page = |sizes: &[usize]| {
            let letters: Vec<_> = (0..).zip(sizes).map(|(id, bytes)| letter(id, *bytes)).collect();
            page(&letters, 100).0.len()
        };
        assert_eq!(page(&[40, 40, 40]), 2);
        assert_eq!(page(&[500, 1]), 1);
        assert_eq!(page(&[]), 0);
    }
}
