//! The seeds of each target, and some mutations of them, as ordinary tests.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use steward_fuzz::{Mutation, TARGETS, folder, seeds};

/// Mutations for each target.
const MUTATIONS: usize = 200;
/// The longest of them, in bytes.
const MOST: usize = 4096;

fn hold(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("it is a target");
    let mut check = (target.prepare)().unwrap();
    let seeds = seeds(name).unwrap();
    for (path, seed) in &seeds {
        eprintln!("{}", path.display());
        check(seed);
    }
    let seeds: Vec<&[u8]> = seeds.iter().map(|(_, seed)| seed.as_slice()).collect();
    let mut mutation = Mutation::new(1);
    for _ in 0..MUTATIONS {
        let input = mutation.input(&seeds, MOST);
        eprintln!("{}", input.escape_ascii());
        check(&input);
    }
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                hold(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_a_test_and_every_folder_a_target() {
            let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
            let tests: BTreeSet<_> = [$(stringify!($name).to_owned()),*].into();
            let above = folder("");
            let folders: BTreeSet<_> =
                std::fs::read_dir(above).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            assert_eq!(targets, tests);
            assert_eq!(targets, folders);
        }
    };
}

targets!(
    dates,
    documents,
    packed,
    html,
    charsets,
    pages,
    openai,
    anthropic,
    updates,
    markdown,
    queries,
    passages,
    manifests,
    sections,
    functions,
    arguments,
    git_settings
);
