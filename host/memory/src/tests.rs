//! Memory as a whole: files by hand and sources; below it people, forgetting, models that come and go.

mod apart;
mod forgetting;
mod models;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use steward_agent::{MemoryFault, MemoryFound, MemorySpace, PersonId};
use steward_store::Store;
use tempfile::TempDir;

use crate::embedding::NoEmbedders;
use crate::{Asker, Embedders, Memory, Settings};

const OWNERS: MemorySpace = MemorySpace::Owners;

struct Fixture {
    folder: TempDir,
    store: Store,
    memory: Memory,
    embedders: Arc<dyn Embedders>,
}

impl Fixture {
    async fn new() -> Self {
        Self::with(tempfile::tempdir().unwrap(), Arc::new(NoEmbedders)).await
    }

    async fn with(folder: TempDir, embedders: Arc<dyn Embedders>) -> Self {
        Self::set(folder, embedders, |_| ()).await
    }

    async fn set(folder: TempDir, embedders: Arc<dyn Embedders>, change: impl FnOnce(&mut Settings)) -> Self {
        fs::create_dir_all(folder.path().join("work/memory")).unwrap();
        let store = Store::open(&folder.path().join("data/steward.sqlite")).unwrap();
        let mut settings = Settings::new(&folder.path().join("data"), folder.path().join("work"));
        change(&mut settings);
        let memory = Memory::new(settings, store.clone(), Arc::clone(&embedders), None);
        memory.start().await.unwrap();
        Self { folder, store, memory, embedders }
    }

    /// The program ended and was started again.
    async fn restarted(self) -> Self {
        self.memory.end().await;
        self.store.close().await;
        let Self { folder, embedders, .. } = self;
        Self::with(folder, embedders).await
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    async fn found_in(&self, space: MemorySpace, text: &str) -> MemoryFound {
        self.memory.search(space, text, 10, false).await.unwrap()
    }

    async fn paths(&self, text: &str) -> Vec<String> {
        self.found_in(OWNERS, text).await.hits.into_iter().map(|hit| hit.path).collect()
    }

    /// Looks until something holds: what follows files does so in its own time.
    async fn until(&self, what: &str, mut holds: impl AsyncFnMut(&Self) -> bool) {
        for _ in 0..500 {
            if holds(self).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{what} did not come about");
    }
}

#[tokio::test]
async fn a_change_by_hand_is_noticed() {
    let fixture = Fixture::new().await;
    assert!(fixture.paths("flat").await.is_empty());
    fixture.write("work/MEMORY.md", "# Home\n\n- The flat number is 42.\n");
    fixture.until("finding the flat", async |fixture| fixture.paths("flat number").await == ["MEMORY.md"]).await;
    fixture.write("work/memory/2026-11-20.md", "# 2026-11-20\n\n- 14:05 Paid the plumber Krause.\n");
    fixture.until("finding the day", async |fixture| fixture.paths("plumber").await == ["memory/2026-11-20.md"]).await;
    fs::remove_file(fixture.folder.path().join("work/MEMORY.md")).unwrap();
    fixture.until("losing the flat", async |fixture| fixture.paths("flat number").await.is_empty()).await;
    let note = fixture.found_in(OWNERS, "plumber").await.note.unwrap();
    assert!(note.contains("no embedding model"), "{note}");
}

#[tokio::test]
async fn changes_are_gathered_until_somebody_searches() {
    let hour = Duration::from_secs(3_600);
    let patiently = |settings: &mut Settings| {
        (settings.quiet, settings.quiet_longest) = (hour, hour);
    };
    let fixture = Fixture::set(tempfile::tempdir().unwrap(), Arc::new(NoEmbedders), patiently).await;
    assert!(fixture.paths("plumber").await.is_empty());
    for n in 1..=9 {
        fixture.write(&format!("work/memory/2026-11-0{n}.md"), &format!("- 14:05 Paid the plumber {n}00 euros.\n"));
        fixture.memory.noticed(OWNERS).await;
        let offered = fixture.memory.offer(OWNERS, "plumber", 1_000, |_| false).await.unwrap();
        assert_eq!(offered, [], "nobody waits for what is offered with a message");
    }
    assert_eq!(fixture.paths("plumber").await.len(), 9);
    fixture.write("work/memory/2026-11-10.md", "- 10:00 The roofer came.\n");
    fixture.memory.changed(OWNERS).await;
    assert_eq!(fixture.memory.status(OWNERS).await.unwrap().files, 10);
    assert_eq!(fixture.paths("roofer").await, ["memory/2026-11-10.md"]);
}

#[tokio::test]
async fn an_index_made_anew_gives_the_same_answers() {
    let fixture = Fixture::new().await;
    for n in 0..30 {
        fixture.write(
            &format!("work/memory/2026-10-{:02}.md", n % 28 + 1),
            &format!("- 10:00 met person{n} about thing{n}\n"),
        );
    }
    fixture.memory.reindex(OWNERS).await.unwrap();
    let before = fixture.found_in(OWNERS, "who met about thing7 and thing9").await;
    assert_eq!(before.hits.len(), 10);
    fixture.memory.end().await;
    fs::remove_dir_all(fixture.folder.path().join("data/index")).unwrap();
    let fixture = fixture.restarted().await;
    assert_eq!(fixture.found_in(OWNERS, "who met about thing7 and thing9").await, before);
}

#[tokio::test]
async fn a_source_is_searched_until_it_is_taken_out() {
    let fixture = Fixture::new().await;
    fixture.write("work/notes/plan.md", "The shed gets a green roof.\n");
    fixture.write("work/notes/cat.md", "\0\0binary");
    fixture.write("elsewhere/secret.md", "The password is swordfish.\n");
    let source = fixture.memory.add_source(OWNERS, "notes", Asker::Tool).await.unwrap();
    assert_eq!((source.path.as_str(), source.files, source.passages), ("notes", 2, 1));
    assert!(source.problems[0].starts_with("cat.md: it is neither text"), "{:?}", source.problems);
    assert_eq!(fixture.paths("green roof").await, ["notes/plan.md"]);
    let outside = fixture.folder.path().join("elsewhere");
    let denied = fixture.memory.add_source(OWNERS, outside.to_str().unwrap(), Asker::Tool).await;
    assert!(matches!(denied, Err(MemoryFault::Denied(_))));
    fixture.memory.add_source(OWNERS, outside.to_str().unwrap(), Asker::Person).await.unwrap();
    assert_eq!(fixture.found_in(OWNERS, "swordfish").await.hits.len(), 1);
    // It is still there after a restart, and what becomes unreachable is kept and told.
    let fixture = fixture.restarted().await;
    fs::rename(&outside, fixture.folder.path().join("unplugged")).unwrap();
    let status = fixture.memory.reindex(OWNERS).await.unwrap();
    assert!(status.sources.iter().any(|source| source.problems.iter().any(|text| text.contains("not there now"))));
    assert_eq!(fixture.found_in(OWNERS, "swordfish").await.hits.len(), 1);
    fixture.memory.remove_source(OWNERS, outside.to_str().unwrap()).await.unwrap();
    assert!(fixture.paths("swordfish").await.is_empty());
    let unknown = fixture.memory.remove_source(OWNERS, "nothing").await.unwrap_err();
    assert!(unknown.to_string().contains("notes"), "{unknown}");
}

async fn owner(store: &Store) -> PersonId {
    let address = steward_agent::Address { channel: "terminal".to_owned(), chat: "owner".to_owned() };
    let seat = steward_store::Seat { address, id: "owner".to_owned() };
    store.seat_owners(vec![seat], Vec::new(), jiff::Timestamp::now()).await.unwrap();
    store.owners().await.unwrap()[0].id
}
