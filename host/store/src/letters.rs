//! Messages of people who are not owners to owners. So many a day go out at once; the others are kept together and reach
//! their reader in a digest or when asked for, so that nobody's chat is flooded and no word is lost.

use jiff::Timestamp;
use steward_agent::{Outgoing, PersonId};

use crate::Store;
use crate::allowance::{self, Resource};
use crate::column::{LetterId, Millis};
use crate::error::Result;
use crate::writer::Tx;
use crate::{effect, outbox};

/// A message and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub reader: PersonId,
    pub message: Outgoing,
}

/// What became of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// They are on their way.
    Sent,
    /// They are kept for the digest.
    Gathered,
    /// The sender has used up what they may have kept today; nothing was taken.
    Full,
}

/// A letter that waits for its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingLetter {
    pub id: LetterId,
    pub sender: PersonId,
    /// Markdown, with the sender's words set off.
    pub text: String,
    pub at: Timestamp,
}

/// The way of messages to owners, and nothing else of the store.
#[derive(Clone, Copy)]
pub struct Letters<'a>(&'a Store);

impl Letters<'_> {
    /// Sends or keeps the letters of one message. Done once for each `key`, that of the tool call that asks.
    pub async fn post(self, sender: PersonId, letters: Vec<Letter>, key: &str, now: Timestamp) -> Result<Posted> {
        let (allowances, key) = (self.0.allowances.get().cloned(), key.to_owned());
        self.0
            .write(move |tx| {
                if effect::is_done(tx, &key)? {
                    return Ok(Posted::Sent);
                }
                let posted = post(tx, allowances.as_ref(), sender, &letters, now)?;
                if posted != Posted::Full {
                    effect::mark(tx, &key)?;
                }
                Ok(posted)
            })
            .await
    }
}

impl Store {
    /// The way of messages to owners.
    pub fn letters(&self) -> Letters<'_> {
        Letters(self)
    }

    /// Told after every commit that kept a letter.
    pub fn letters_changed(&self) -> &tokio::sync::Notify {
        &self.changes.letters
    }

    /// The readers for whom letters wait, and when each was sent a digest last.
    pub async fn readers_waited_for(&self) -> Result<Vec<(PersonId, Option<Timestamp>)>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT DISTINCT letter.reader, digest.sent_at FROM letter
                 LEFT JOIN digest ON digest.reader = letter.reader WHERE shown_at IS NULL ORDER BY letter.reader",
            )?;
            let rows = statement
                .query_map([], |row| Ok((PersonId(row.get(0)?), row.get::<_, Option<Millis>>(1)?.map(|at| at.0))))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// The oldest letters that wait for a reader, and how many wait in all.
    pub async fn waiting_letters(&self, reader: PersonId, limit: usize) -> Result<(Vec<WaitingLetter>, usize)> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT id, sender, text, at FROM letter WHERE reader = ?1 AND shown_at IS NULL ORDER BY id LIMIT ?2",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map((reader.0, limit), |row| {
                Ok(WaitingLetter {
                    id: row.get(0)?,
                    sender: PersonId(row.get(1)?),
                    text: row.get(2)?,
                    at: row.get::<_, Millis>(3)?.0,
                })
            })?;
            let letters = rows.collect::<rusqlite::Result<_>>()?;
            let sql = "SELECT count(*) FROM letter WHERE reader = ?1 AND shown_at IS NULL";
            let all: i64 = db.prepare_cached(sql)?.query_row([reader.0], |row| row.get(0))?;
            Ok((letters, usize::try_from(all).unwrap_or_default()))
        })
        .await
    }

    /// Puts a digest on its way and notes which letters are in it; both or neither.
    pub async fn send_digest(
        &self,
        reader: PersonId,
        shown: Vec<LetterId>,
        digest: Outgoing,
        now: Timestamp,
    ) -> Result<()> {
        self.write(move |tx| {
            mark_shown(tx, &shown, now)?;
            tx.prepare_cached(
                "INSERT INTO digest (reader, sent_at) VALUES (?1, ?2) ON CONFLICT (reader) DO UPDATE SET sent_at = ?2",
            )?
            .execute((reader.0, Millis(now)))?;
            outbox::insert(tx, std::slice::from_ref(&digest), None, now).map(drop)
        })
        .await
    }

    /// The reader was shown these.
    pub async fn letters_shown(&self, shown: Vec<LetterId>, now: Timestamp) -> Result<()> {
        self.write(move |tx| mark_shown(tx, &shown, now)).await
    }
}

fn mark_shown(tx: &Tx<'_>, shown: &[LetterId], now: Timestamp) -> Result<()> {
    let mut statement = tx.prepare_cached("UPDATE letter SET shown_at = ?2 WHERE id = ?1 AND shown_at IS NULL")?;
    for id in shown {
        statement.execute((id, Millis(now)))?;
    }
    Ok(())
}

/// Sends letters, or keeps them when their sender has sent enough today.
pub(crate) fn post(
    tx: &mut Tx<'_>,
    allowances: Option<&allowance::Allowances>,
    sender: PersonId,
    letters: &[Letter],
    now: Timestamp,
) -> Result<Posted> {
    let charge = |tx: &Tx<'_>, wanted| match allowances {
        Some(allowances) => allowance::charge(tx, allowances, sender, &[wanted], now),
        None => Ok(None),
    };
    if charge(tx, (Resource::Letters, 1))?.is_none() {
        let messages: Vec<Outgoing> = letters.iter().map(|letter| letter.message.clone()).collect();
        outbox::insert(tx, &messages, None, now)?;
        return Ok(Posted::Sent);
    }
    let bytes: usize = letters.iter().map(|letter| letter.message.text.len()).sum();
    if charge(tx, (Resource::Bytes, bytes as u64))?.is_some() {
        return Ok(Posted::Full);
    }
    for letter in letters {
        tx.prepare_cached("INSERT INTO letter (reader, sender, text, at) VALUES (?1, ?2, ?3, ?4)")?.execute((
            letter.reader.0,
            sender.0,
            &letter.message.text,
            Millis(now),
        ))?;
    }
    tx.touch_letters();
    Ok(Posted::Gathered)
}

#[cfg(test)]
mod tests;
