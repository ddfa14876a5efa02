//! What was forgotten stays so, whatever happens to the index.

use std::fs;

use steward_agent::{Forgetting, MemoryLevel, SessionId};

use super::{Fixture, OWNERS, owner};
use crate::Asker;

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
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(folder.join(format!("passages.sqlite{suffix}")));
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
