//! Nobody finds what belongs to somebody else.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use steward_agent::{MemorySpace, PersonId};

use super::models::Models;
use super::{Fixture, OWNERS};
use crate::Embedders;
use crate::embedding::NoEmbedders;

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
