//! The plugins the owner installed, each as it was approved. Their files lie beside the database, named by their hash;
//! what an approval means is not decided here.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row};

use crate::Store;
use crate::column::Millis;
use crate::error::{Result, StoreError};

/// One installation of a plugin. Installing it again, also the same file, makes another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Installation(i64);

/// A plugin to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlugin {
    pub name: String,
    pub version: String,
    /// BLAKE3 of its file, in hexadecimal.
    pub hash: String,
    /// The text of its plugin.toml as it was approved.
    pub manifest: String,
    /// What it asked for and the owner approved, as JSON.
    pub approved: String,
    /// The public key of its author, pinned when it was first installed; `None` where it was not signed.
    pub author: Option<String>,
}

/// A plugin that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledPlugin {
    pub id: Installation,
    pub plugin: NewPlugin,
    pub enabled: bool,
    pub installed_at: Timestamp,
}

impl Store {
    /// Every installed plugin, by name.
    pub async fn plugins(&self) -> Result<Vec<InstalledPlugin>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT id, name, version, hash, manifest, approved, author, enabled, installed_at FROM plugin ORDER BY name",
            )?;
            let rows = statement.query_map([], plugin_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Which installations are enabled: what changes whenever the owner installs, removes, enables or disables one.
    pub async fn enabled_plugins(&self) -> Result<Vec<Installation>> {
        self.look_up(|db| {
            let mut statement = db.prepare_cached("SELECT id FROM plugin WHERE enabled ORDER BY id")?;
            let ids = statement.query_map([], |row| row.get(0).map(Installation))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Installs a plugin in place of the installation the owner was told it replaces: a disabled one stays disabled.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if another process changed the installation meanwhile.
    pub async fn install_plugin(&self, new: NewPlugin, over: Option<Installation>, at: Timestamp) -> Result<()> {
        self.write(move |tx| {
            let there: Option<(i64, bool)> = tx
                .prepare_cached("SELECT id, enabled FROM plugin WHERE name = ?1")?
                .query_row([&new.name], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            if there.map(|(id, _)| Installation(id)) != over {
                let problem = format!("plugin {} was changed meanwhile: begin again", new.name);
                return Err(StoreError::Invalid(problem));
            }
            let enabled = there.is_none_or(|(_, enabled)| enabled);
            tx.prepare_cached("DELETE FROM plugin WHERE name = ?1")?.execute([&new.name])?;
            tx.prepare_cached(
                "INSERT INTO plugin (name, version, hash, manifest, approved, author, enabled, installed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute((
                &new.name,
                &new.version,
                &new.hash,
                &new.manifest,
                &new.approved,
                &new.author,
                enabled,
                Millis(at),
            ))?;
            Ok(())
        })
        .await
    }

    /// # Errors
    /// [`StoreError::NotFound`] if none of that name is installed.
    pub async fn enable_plugin(&self, name: &str, enabled: bool) -> Result<()> {
        let name = name.to_owned();
        self.write(move |tx| {
            let mut statement = tx.prepare_cached("UPDATE plugin SET enabled = ?2 WHERE name = ?1")?;
            if statement.execute((&name, enabled))? == 0 { Err(not_installed(&name)) } else { Ok(()) }
        })
        .await
    }

    /// Forgets a plugin, and unless `keep_data` what it kept for itself: another one of its name must not find it. Gives
    /// how many entries went.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if none of that name is installed.
    pub async fn remove_plugin(&self, name: &str, keep_data: bool) -> Result<usize> {
        let name = name.to_owned();
        self.write(move |tx| {
            if tx.prepare_cached("DELETE FROM plugin WHERE name = ?1")?.execute([&name])? == 0 {
                return Err(not_installed(&name));
            }
            if keep_data {
                return Ok(0);
            }
            Ok(tx.prepare_cached("DELETE FROM kv WHERE plugin = ?1")?.execute([&name])?)
        })
        .await
    }
}

fn not_installed(name: &str) -> StoreError {
    let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    StoreError::NotFound(format!("no plugin {name} is installed: `steward plugin list` shows which are"))
}

fn plugin_row(row: &Row<'_>) -> rusqlite::Result<InstalledPlugin> {
    Ok(InstalledPlugin {
        id: Installation(row.get(0)?),
        plugin: NewPlugin {
            name: row.get(1)?,
            version: row.get(2)?,
            hash: row.get(3)?,
            manifest: row.get(4)?,
            approved: row.get(5)?,
            author: row.get(6)?,
        },
        enabled: row.get(7)?,
        installed_at: row.get::<_, Millis>(8)?.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, at};
    use crate::{KvPlace, KvQuota};

    fn plugin(name: &str, version: &str) -> NewPlugin {
        NewPlugin {
            name: name.to_owned(),
            version: version.to_owned(),
            hash: format!("hash of {name} {version}"),
            manifest: String::new(),
            approved: "{}".to_owned(),
            author: Some(format!("key of {name}")),
        }
    }

    #[tokio::test]
    async fn an_update_takes_the_place_of_the_version_it_was_compared_with() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        store.install_plugin(plugin("notes", "1"), None, at(1)).await.unwrap();
        let first = store.plugins().await.unwrap().remove(0);
        assert!(first.enabled && first.plugin.version == "1");
        // Somebody else asked about a version that is not the one there.
        let error = store.install_plugin(plugin("notes", "2"), None, at(2)).await.unwrap_err();
        assert!(error.to_string().contains("changed meanwhile"), "{error}");
        store.enable_plugin("notes", false).await.unwrap();
        assert_eq!(store.enabled_plugins().await.unwrap(), []);
        store.install_plugin(plugin("notes", "2"), Some(first.id), at(3)).await.unwrap();
        let [second] = &store.plugins().await.unwrap()[..] else { panic!("one plugin") };
        assert!(!second.enabled && second.plugin == plugin("notes", "2") && second.id != first.id);
        store.enable_plugin("notes", true).await.unwrap();
        assert_eq!(fixture.after_crash().store.enabled_plugins().await.unwrap(), [second.id]);
    }

    #[tokio::test]
    async fn what_a_removed_plugin_kept_is_not_there_for_the_next_of_its_name() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let place = |plugin: &str| KvPlace { plugin: plugin.to_owned(), scope: "owner".to_owned() };
        for name in ["notes", "other"] {
            store.install_plugin(plugin(name, "1"), None, at(1)).await.unwrap();
            let quota = KvQuota { keys: 10, bytes: 100 };
            store.kv().set(place(name), "key", b"value".to_vec(), quota, name).await.unwrap();
        }
        assert_eq!(store.remove_plugin("notes", false).await.unwrap(), 1);
        assert_eq!(store.remove_plugin("other", true).await.unwrap(), 0);
        assert_eq!(store.kv().get(place("notes"), "key").await.unwrap(), None);
        assert!(store.kv().get(place("other"), "key").await.unwrap().is_some());
        for gone in [store.remove_plugin("notes", false).await.map(|_| ()), store.enable_plugin("notes", true).await] {
            assert!(matches!(gone, Err(StoreError::NotFound(text)) if text.contains("plugin notes")));
        }
    }
}
