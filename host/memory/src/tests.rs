//! Memory as a whole: files by hand, sources, people, forgetting, models that come and go.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use proptest::prelude::*;
use steward_agent::{Forgetting, MemoryFault, MemoryFound, MemoryLevel, MemorySpace, PersonId, SessionId};
use steward_embed::{EmbedError, Embedder, ModelId, Purpose};
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
async fn a_damaged_index_is_made_anew_by_whoever_meets_it_and_what_was_forgotten_stays_so() {
    let mut fixture = Fixture::new().await;
    fixture.write("work/MEMORY.md", "- The flat number is 42.\n");
    fixture.write("work/sessions/2026-11-20-terminal.md", "# Talk\n\n## 10:00\n\n**Ann:** The safe opens with 1234.\n");
    fixture.memory.reindex(OWNERS).await.unwrap();
    assert_eq!(fixture.found_in(OWNERS, "safe").await.hits.len(), 1);
    let session = SessionId("owner/1/terminal".into());
    let short = Forgetting::Level(MemoryLevel::Short);
    let owner = owner(&fixture.store).await;
    fixture.memory.forget_for(OWNERS, owner, &session, short, "key").await.unwrap();
    assert!(fixture.paths("safe").await.is_empty());
    for how in ["other bytes", "another program's"] {
        fixture.memory.end().await;
        let folder = fixture.folder.path().join("data/index/owners");
        let database = folder.join("passages.sqlite");
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(folder.join(format!("passages.sqlite{beside}")));
        }
        match how {
            "other bytes" => {
                let mut bytes = fs::read(&database).unwrap();
                bytes.iter_mut().skip(8_192).for_each(|byte| *byte = 0xa5);
                fs::write(&database, bytes).unwrap();
            }
            _ => fs::write(&database, "no database").unwrap(),
        }
        fixture = fixture.restarted().await;
        assert_eq!(fixture.paths("flat number").await, ["MEMORY.md"], "{how}");
        assert!(fixture.paths("safe").await.is_empty(), "{how}");
    }
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

/// A stand-in for a model: it points each word somewhere, and knows nothing of meaning.
struct Words {
    id: ModelId,
    failing: Mutex<bool>,
}

#[async_trait]
impl Embedder for Words {
    fn id(&self) -> &ModelId {
        &self.id
    }

    async fn embed(&self, texts: &[String], _: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        if *self.failing.lock().unwrap() {
            return Err(EmbedError::Unreachable { address: "here".to_owned(), reason: "it is off".to_owned() });
        }
        Ok(texts.iter().map(|text| vector(text, self.id.dimension)).collect())
    }
}

fn vector(text: &str, dimension: usize) -> Vec<f32> {
    let mut sum = vec![0.01; dimension];
    for word in text.split_whitespace() {
        let hash = blake3::hash(word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().as_bytes());
        for (component, byte) in sum.iter_mut().zip(hash.as_bytes().iter().cycle()) {
            *component += f32::from(*byte) - 127.5;
        }
    }
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    sum.iter().map(|value| value / length).collect()
}

/// The models of a test: the last is the current one.
struct Models(Mutex<Vec<Arc<Words>>>);

impl Models {
    fn new(name: &str) -> Arc<Self> {
        let models = Self(Mutex::default());
        models.add(name, 64);
        Arc::new(models)
    }

    fn add(&self, name: &str, dimension: usize) {
        let id = ModelId { name: name.to_owned(), dimension, fingerprint: name.to_owned() };
        self.0.lock().unwrap().push(Arc::new(Words { id, failing: Mutex::new(false) }));
    }

    fn fail(&self, failing: bool) {
        for model in self.0.lock().unwrap().iter() {
            *model.failing.lock().unwrap() = failing;
        }
    }
}

#[async_trait]
impl Embedders for Models {
    fn current(&self) -> Option<Arc<dyn Embedder>> {
        self.0.lock().unwrap().last().map(|model| Arc::clone(model) as Arc<dyn Embedder>)
    }

    async fn earlier(&self, id: &ModelId) -> Option<Arc<dyn Embedder>> {
        let models = self.0.lock().unwrap();
        models.iter().find(|model| model.id == *id).map(|model| Arc::clone(model) as Arc<dyn Embedder>)
    }
}

#[tokio::test]
async fn vectors_are_made_in_the_background_and_anew_for_another_model() {
    let models = Models::new("first");
    let fixture = Fixture::with(tempfile::tempdir().unwrap(), Arc::clone(&models) as Arc<dyn Embedders>).await;
    fixture.write("work/MEMORY.md", "# Car\n\nThe car is inspected in May.\n\n# Tea\n\nGreen tea at four.\n");
    fixture.memory.reindex(OWNERS).await.unwrap();
    let embedded = async |fixture: &Fixture| fixture.memory.status(OWNERS).await.unwrap().embedded == 2;
    fixture.until("vectors", embedded).await;
    let status = fixture.memory.status(OWNERS).await.unwrap();
    assert_eq!((status.waiting, status.problems.len()), (0, 0));
    fixture.until("the whole", async |fixture| fixture.found_in(OWNERS, "tea").await.note.is_none()).await;
    // The new model does not answer yet: the old vectors do.
    models.add("second", 32);
    models.0.lock().unwrap()[1].failing.lock().unwrap().clone_from(&true);
    let found = fixture.found_in(OWNERS, "tea").await;
    assert_eq!((found.hits[0].text.contains("tea"), found.note), (true, None));
    models.fail(false);
    let fixture = fixture.restarted().await;
    fixture.until("vectors of the second", embedded).await;
    assert!(fixture.memory.status(OWNERS).await.unwrap().model.unwrap().starts_with("second"));
}

#[tokio::test]
async fn without_an_answer_of_the_model_words_are_compared_and_it_is_said() {
    let models = Models::new("only");
    let fixture = Fixture::with(tempfile::tempdir().unwrap(), Arc::clone(&models) as Arc<dyn Embedders>).await;
    models.fail(true);
    fixture.write("work/MEMORY.md", "The car is inspected in May.\n");
    fixture.memory.reindex(OWNERS).await.unwrap();
    let found = fixture.found_in(OWNERS, "car").await;
    assert_eq!(found.hits.len(), 1);
    assert!(found.note.unwrap().contains("it is off"));
    let told = async |fixture: &Fixture| !fixture.memory.status(OWNERS).await.unwrap().problems.is_empty();
    fixture.until("telling it", told).await;
}

#[tokio::test]
async fn clearing_a_level_forgets_conversations_and_nothing_else_for_good() {
    let fixture = Fixture::new().await;
    let person = owner(&fixture.store).await;
    fixture.write(
        "work/sessions/2026-11-20-terminal.md",
        "# Talk\n\n## 14:05\n\n**Ann:** my pin is 4711\n\n**Steward:** noted\n",
    );
    fixture.write("work/MEMORY.md", "- The bank is in Main Street.\n");
    fixture.memory.reindex(OWNERS).await.unwrap();
    assert_eq!(fixture.memory.status(OWNERS).await.unwrap().levels, [1, 0, 0]);
    assert_eq!(fixture.paths("4711").await.len(), 1);
    let session = SessionId("owner/1/terminal".to_owned());
    let told = fixture.memory.forget_for(OWNERS, person, &session, Forgetting::Level(MemoryLevel::Short), "k1").await;
    assert!(told.unwrap().contains("short level"));
    assert!(fixture.paths("4711").await.is_empty());
    assert!(fixture.folder.path().join("work/sessions/2026-11-20-terminal.md").exists());
    fs::remove_dir_all(fixture.folder.path().join("data/index")).unwrap();
    let fixture = fixture.restarted().await;
    assert!(fixture.paths("4711").await.is_empty());
    assert_eq!(fixture.paths("bank").await, ["MEMORY.md"]);
}

#[tokio::test]
async fn a_reset_that_was_cut_off_is_gone_on_with_before_anything_is_searched() {
    let fixture = Fixture::new().await;
    let person = owner(&fixture.store).await;
    fixture.write("work/MEMORY.md", "- The safe opens with 1234.\n");
    fixture.write("work/HEARTBEAT.md", "- look at the backup\n");
    fixture.write("work/notes/plan.md", "The safe is behind the picture.\n");
    fixture.memory.add_source(OWNERS, "notes", Asker::Tool).await.unwrap();
    assert_eq!(fixture.paths("safe").await.len(), 2);
    // The wish is on disk, and the process ends.
    let wish = steward_store::NewForgetting {
        space: OWNERS.to_string(),
        person,
        session: SessionId("owner/1/terminal".to_owned()),
        what: Forgetting::All,
        key: "call#1".to_owned(),
    };
    fixture.store.begin_forgetting(wish, jiff::Timestamp::now()).await.unwrap();
    let fixture = fixture.restarted().await;
    assert!(fixture.paths("safe").await.is_empty());
    assert!(!fixture.folder.path().join("work/MEMORY.md").exists());
    for kept in ["work/HEARTBEAT.md", "work/notes/plan.md"] {
        assert!(fixture.folder.path().join(kept).exists(), "{kept}");
    }
    assert_eq!(fixture.store.pending_forgettings().await.unwrap(), []);
}

async fn owner(store: &Store) -> PersonId {
    let address = steward_agent::Address { channel: "terminal".to_owned(), chat: "owner".to_owned() };
    let seat = steward_store::Seat { address, id: "owner".to_owned() };
    store.seat_owners(vec![seat], Vec::new(), jiff::Timestamp::now()).await.unwrap();
    store.owners().await.unwrap()[0].id
}

fn folder_of(space: MemorySpace) -> String {
    match space {
        MemorySpace::Owners => "work".to_owned(),
        MemorySpace::Person(id) => format!("data/people/{id}"),
    }
}

fn at(folder: &Path, space: MemorySpace, file: u8, says: &str) {
    let path = folder.join(folder_of(space)).join(format!("memory/2026-11-{:02}.md", file + 1));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("- 10:00 {says}\n")).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whoever writes whatever: a search of one person finds what that person's files say and never another's, with
    /// vectors and without.
    #[test]
    fn no_search_of_one_person_finds_a_passage_of_another(
        writes in prop::collection::vec((0..4usize, 0..5u8, 0..6u8), 1..16),
        with_vectors in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let outcome: Result<(), TestCaseError> = runtime.block_on(async {
            let embedders: Arc<dyn Embedders> = match with_vectors {
                true => Models::new("words"),
                false => Arc::new(NoEmbedders),
            };
            let fixture = Fixture::with(tempfile::tempdir().unwrap(), embedders).await;
            let spaces = [OWNERS, MemorySpace::Person(PersonId(1)), MemorySpace::Person(PersonId(2)), MemorySpace::Person(PersonId(12))];
            for (who, file, word) in &writes {
                // All say the same but for a mark of whose it is.
                let says = format!("common word{word} mark{who}x");
                at(fixture.folder.path(), spaces[*who], *file, &says);
            }
            for space in spaces {
                fixture.memory.reindex(space).await.unwrap();
            }
            for (who, space) in spaces.into_iter().enumerate() {
                for asked in ["common", "word3", "mark0x mark1x mark2x mark3x", "common word1 word2"] {
                    let found = fixture.found_in(space, asked).await;
                    for hit in &found.hits {
                        prop_assert!(hit.text.contains(&format!("mark{who}x")), "{space} found {}", hit.text);
                        prop_assert!(!hit.path.contains("people"), "{}", hit.path);
                    }
                    let has_any = writes.iter().any(|(by, ..)| *by == who);
                    prop_assert!(has_any || found.hits.is_empty());
                }
            }
            fixture.memory.end().await;
            Ok(())
        });
        outcome?;
    }
}
