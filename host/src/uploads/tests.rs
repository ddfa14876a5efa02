//! Files cannot leave their folder, are whole or not there, and take no more than their sender may have kept.

use super::*;

#[test]
fn half_files_are_removed_and_whole_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (data, workspace) = (folder.path().join("data"), folder.path().join("workspace"));
    for file in ["data/people/7/uploads/.1-a.jpg.part", "workspace/uploads/.2-b.part", "workspace/uploads/2-b.part"] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "half").unwrap();
    }
    tidy(&data, &workspace);
    assert!(!data.join("people/7/uploads/.1-a.jpg.part").exists());
    assert!(!workspace.join("uploads/.2-b.part").exists());
    assert!(workspace.join("uploads/2-b.part").exists(), "somebody's own file keeps its odd name");

    let outside = folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join(".x.part"), "of somebody else").unwrap();
    std::os::unix::fs::symlink("../outside", workspace.join("made")).unwrap();
    std::os::unix::fs::symlink(folder.path(), data.join("people/8")).unwrap();
    tidy(&data, &workspace);
    assert!(outside.join(".x.part").exists(), "nothing is removed by way of a link");
}

/// Sends so many bytes, whatever size it told.
struct Flood(u64);

#[async_trait::async_trait]
impl Channel for Flood {
    fn name(&self) -> &'static str {
        "telegram"
    }
    async fn run(
        &self,
        _: std::sync::Arc<dyn steward_channel::Inbox>,
        _: tokio_util::sync::CancellationToken,
    ) -> Result<(), steward_channel::ChannelError> {
        Ok(())
    }
    async fn send(&self, _: &steward_agent::Outgoing) -> Result<(), steward_channel::SendError> {
        Ok(())
    }
    async fn typing(&self, _: &steward_agent::Address) {}
    async fn draft(
        &self,
        _: &steward_agent::Address,
        _: Option<&steward_agent::Draft>,
        _: &str,
    ) -> Result<Option<steward_agent::Draft>, steward_channel::SendError> {
        Ok(None)
    }
    async fn ask(
        &self,
        _: &steward_agent::Question,
        _: Option<&steward_agent::Draft>,
    ) -> Result<steward_agent::Draft, steward_channel::SendError> {
        Err(steward_channel::SendError::Offline)
    }
    async fn settle(
        &self,
        _: &steward_agent::Question,
        _: &steward_agent::Draft,
        _: &str,
    ) -> Result<(), steward_channel::SendError> {
        Ok(())
    }
    async fn tool_started(&self, _: &steward_agent::Address, _: &str) {}
    async fn fetch(
        &self,
        _: &Attachment,
        into: &mut (dyn tokio::io::AsyncWrite + Send + Unpin),
    ) -> Result<u64, FetchError> {
        let piece = vec![7; 10_000];
        let mut left = self.0;
        while left > 0 {
            let count = left.min(10_000);
            let written = into.write_all(&piece[..usize::try_from(count).unwrap()]).await;
            written.map_err(|error| FetchError::Later(error.to_string()))?;
            left -= count;
        }
        Ok(self.0)
    }
    fn ready(&self) -> &tokio::sync::Notify {
        unreachable!("nobody waits")
    }
    fn health(&self) -> steward_agent::Health {
        steward_agent::Health::default()
    }
}

async fn account(folder: &Path, files: u64, bytes: u64) -> Account {
    use steward_agent::{Address, Sender};
    use steward_store::{Allowances, Budget};
    let store = Store::open(&folder.join("steward.sqlite")).unwrap();
    let each = Budget([(Resource::Files, files), (Resource::Bytes, bytes)].into_iter().collect());
    store.limit_people(Allowances { each, together: Budget::default(), zone: jiff::tz::TimeZone::UTC });
    let sender = Sender { id: "7".into(), name: "Anna".into(), username: None, language: None };
    let address = Address { channel: "telegram".into(), chat: "7".into() };
    let person = store.meet("telegram", &sender, None, &address, Timestamp::now()).await.unwrap().id;
    Account { store, person: Some(person) }
}

fn disk(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| file.metadata().unwrap().len()).sum()
}

/// How many of the files came.
async fn send(folder: &Path, account: &Account, files: usize, size: u64, told: Option<u64>) -> usize {
    let attachment = Attachment { size: told, ..attachment() };
    let mut came = 0;
    for _ in 0..files {
        came +=
            usize::from(fetch(&Flood(size), &attachment, Place::of(folder), "a.bin", 50 << 20, account).await.is_ok());
    }
    came
}

fn attachment() -> Attachment {
    Attachment { remote_id: "x".into(), name: "a.bin".into(), mime: None, size: None }
}

#[tokio::test]
async fn large_files_end_at_what_one_may_have_kept_whatever_size_they_told() {
    let folder = tempfile::tempdir().unwrap();
    let account = account(folder.path(), 100, 12 << 20).await;
    assert_eq!(send(folder.path(), &account, 19, 5 << 20, Some(10)).await, 2);
    assert!(disk(&folder.path().join("uploads")) <= 12 << 20, "and nothing half is left");
    assert_eq!(std::fs::read_dir(folder.path().join("uploads")).unwrap().count(), 2);
}

#[tokio::test]
async fn many_small_files_take_whole_blocks_and_have_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let account = account(folder.path(), 1_000, 10 * BLOCK).await;
    assert_eq!(send(folder.path(), &account, 30, 1, None).await, 10);
    let folder = tempfile::tempdir().unwrap();
    let account = self::account(folder.path(), 5, 1 << 30).await;
    assert_eq!(send(folder.path(), &account, 30, 1, None).await, 5);
}

#[tokio::test]
async fn what_does_not_come_whole_leaves_nothing_and_a_file_over_the_limit_of_one_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let owner = Account { person: None, ..account(folder.path(), 0, 0).await };
    assert_eq!(send(folder.path(), &owner, 1, 51 << 20, None).await, 0);
    assert_eq!(disk(&folder.path().join("uploads")), 0);
    assert_eq!(send(folder.path(), &owner, 1, 1 << 20, None).await, 1, "an owner has no account");
}

#[tokio::test]
async fn files_of_one_name_that_come_at_once_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let owner = Account { person: None, ..account(folder.path(), 0, 0).await };
    let (flood, attachment) = (Flood(1 << 20), attachment());
    let one = || fetch(&flood, &attachment, Place::of(folder.path()), "a.bin", 50 << 20, &owner);
    let (first, second, third) = tokio::join!(one(), one(), one());
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert_eq!(std::fs::read_dir(folder.path().join("uploads")).unwrap().count(), 3);
}

#[test]
fn old_files_of_outsiders_are_forgotten_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["people/7/uploads/a", "people/7/made/b", "people/8/uploads/c", "people/7/notes.md"] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    forget(folder.path(), &[PersonId(7)], SystemTime::UNIX_EPOCH);
    assert!(folder.path().join("people/7/uploads/a").exists(), "it is not old");
    forget(folder.path(), &[PersonId(7)], SystemTime::now() + Duration::from_secs(60));
    let left = ["people/7/uploads/a", "people/7/made/b", "people/8/uploads/c", "people/7/notes.md"];
    assert_eq!(left.map(|file| folder.path().join(file).exists()), [false, false, true, true]);
}

#[test]
fn a_file_name_cannot_leave_its_folder() {
    for (name, safe) in [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        ("отчёт 2026 (1).pdf", "отчёт 2026 (1).pdf"),
        ("a\0b\n.txt", "a_b_.txt"),
        ("", "file"),
    ] {
        assert_eq!(safe_name(name), safe, "{name:?}");
    }
    assert_eq!(safe_name(&"x".repeat(500)).len(), 100);
}
