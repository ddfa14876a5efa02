//! Whatever becomes of the files of an index: it is searched meanwhile, mended by the next write or opening, and then
//! finds everything again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::tests::{Fixture, NOW, place};
use crate::{Batch, FileState, FileText, Index, PassageSize, Query, TextKind};

const TEXTS: [(&str, &str); 3] = [
    ("stove.txt", "the stove in the summer house burns birch"),
    ("boiler.txt", "the boiler is serviced in October by Mr Krause"),
    ("roof.txt", "the roof of the shed is green"),
];

fn filled() -> Fixture {
    let fixture = Fixture::new();
    // Something is deleted, so that there is a file that says so.
    let texts = TEXTS.into_iter().chain([("gone.txt", "birch that is gone")]);
    let put = |batch: &mut Batch<'_>| {
        texts.clone().try_for_each(|(path, text)| {
            let text = FileText { text: text.to_owned(), kind: TextKind::Plain, written: NOW };
            batch.put(&place(path), &FileState::default(), Some(&text), PassageSize::default(), NOW)
        })
    };
    fixture.index.change(put).unwrap();
    fixture.index.follow().unwrap();
    fixture.remove("gone.txt");
    fixture
}

fn words(fixture: &Fixture) -> PathBuf {
    fixture.folder.path().join("words")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[track_caller]
fn finds_all(fixture: &Fixture, what: &str) {
    for (word, path) in [("birch", "stove.txt"), ("krause", "boiler.txt"), ("green shed", "roof.txt")] {
        assert_eq!(fixture.paths(word), [path], "{what}");
    }
}

/// A way to damage a file.
type Damage = (&'static str, fn(&Path));

const DAMAGES: [Damage; 6] = [
    ("gone", |file| fs::remove_file(file).unwrap()),
    ("empty", |file| fs::write(file, "").unwrap()),
    ("truncated", |file| {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    }),
    ("other bytes", |file| {
        let mut bytes = fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes.iter_mut().skip(middle / 2).take(middle.max(1)).for_each(|byte| *byte = !*byte);
        fs::write(file, bytes).unwrap();
    }),
    ("a folder", |file| {
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
    }),
    ("a link to nowhere", |file| {
        fs::remove_file(file).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", file).unwrap();
    }),
];

#[test]
fn any_file_of_the_words_may_be_missing_or_another_one_when_they_are_opened() {
    let kinds = files(&words(&filled())).len();
    assert!(kinds > 5);
    for (how, damage) in DAMAGES {
        for at in 0..kinds {
            let fixture = filled();
            let Some(file) = files(&words(&fixture)).into_iter().nth(at) else { continue };
            let what = format!("{} {how}", file.display());
            let Fixture { folder, index } = fixture;
            drop(index);
            damage(&file);
            let index = Index::open(folder.path()).unwrap();
            // Before anything was mended.
            let hits = index.search(&Query::new("birch", 10)).unwrap();
            assert_eq!(hits.len(), 1, "{what}");
            index.follow().unwrap();
            let fixture = Fixture { folder, index };
            finds_all(&fixture, &what);
            fixture.put("new.txt", "quince jam", TextKind::Plain);
            assert_eq!(fixture.paths("quince"), ["new.txt"], "{what}");
            finds_all(&fixture.reopened(), &what);
        }
    }
}

#[test]
fn any_file_of_the_words_may_go_while_they_are_open() {
    for (how, damage) in DAMAGES.into_iter().filter(|(how, _)| !matches!(*how, "truncated" | "empty" | "other bytes")) {
        let kinds = files(&words(&filled())).len();
        for at in 0..kinds {
            let fixture = filled();
            let Some(file) = files(&words(&fixture)).into_iter().nth(at) else { continue };
            let what = format!("{} {how}", file.display());
            damage(&file);
            fixture.put("new.txt", "quince jam", TextKind::Plain);
            fixture.remove("new.txt");
            finds_all(&fixture, &what);
            finds_all(&fixture.reopened(), &what);
        }
    }
}

#[test]
fn what_an_interrupted_commit_or_merge_left_is_in_nobody_s_way() {
    let fixture = filled();
    let names: Vec<_> = files(&words(&fixture));
    let segments: Vec<_> = names.iter().filter(|name| name.extension().is_some_and(|kind| kind == "idx")).collect();
    assert!(!segments.is_empty());
    // Whatever number the next commits give their files, one of that name is there already.
    for segment in segments {
        for number in 0..400 {
            let _ = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(segment.with_extension(format!("{number}.del")))
                .map(drop);
        }
    }
    for name in [".tmpAbCdEf", "0123456789abcdef0123456789abcdef.idx", "stranger.txt"] {
        fs::write(words(&fixture).join(name), "left over").unwrap();
    }
    fs::create_dir(words(&fixture).join("folder")).unwrap();
    for (path, _) in TEXTS {
        fixture.remove(path);
    }
    assert!(fixture.paths("birch krause green").is_empty());
    for (path, text) in TEXTS {
        fixture.put(path, text, TextKind::Plain);
    }
    finds_all(&fixture, "leftovers");
    let left = files(&words(&fixture));
    assert!(left.len() < 60, "{left:?}");
    assert!(!left.iter().any(|file| file.ends_with("stranger.txt")));
}

#[test]
fn something_else_in_the_place_of_the_words_is_replaced() {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("letter.txt"), "somebody else's").unwrap();
    for kind in ["file", "link to nowhere", "link"] {
        let fixture = filled();
        let place = words(&fixture);
        fs::remove_dir_all(&place).unwrap();
        match kind {
            "file" => fs::write(&place, "not a folder").unwrap(),
            "link" => std::os::unix::fs::symlink(elsewhere.path(), &place).unwrap(),
            _ => std::os::unix::fs::symlink("/nowhere/at/all", &place).unwrap(),
        }
        fixture.put("new.txt", "quince jam", TextKind::Plain);
        finds_all(&fixture, kind);
        finds_all(&fixture.reopened(), kind);
    }
    assert_eq!(files(elsewhere.path()).len(), 1, "nothing is written or tidied behind a link");
}

#[test]
fn words_that_cannot_be_made_anew_yet_are_read_in_the_database_meanwhile() {
    let fixture = filled();
    fs::remove_dir_all(words(&fixture)).unwrap();
    let index = Index::open_existing(fixture.folder.path()).unwrap();
    let paths = |text: &str| -> Vec<String> {
        index.search(&Query::new(text, 10)).unwrap().into_iter().map(|hit| hit.places[0].path.clone()).collect()
    };
    assert!(index.words_are_behind());
    assert_eq!(paths("birch"), ["stove.txt"]);
    assert_eq!(paths("who services the boiler?"), ["boiler.txt"]);
    assert!(paths("nothing at all like that").is_empty());
    assert!(!words(&fixture).exists(), "who only searches makes nothing");
}

#[test]
fn words_read_by_other_rules_are_read_again() {
    let fixture = filled();
    let meta = words(&fixture).join("meta.json");
    let text = fs::read_to_string(&meta).unwrap();
    let rules = format!("/{} ", crate::words::RULES);
    assert!(text.contains(&rules), "{text}");
    fs::write(&meta, text.replace(&rules, " ")).unwrap();
    let Fixture { folder, index } = fixture;
    drop(index);
    let index = Index::open(folder.path()).unwrap();
    assert!(index.words_are_behind());
    index.follow().unwrap();
    assert!(!index.words_are_behind());
    finds_all(&Fixture { folder, index }, "other rules");
}

#[test]
fn a_damaged_database_says_so_and_is_made_anew() {
    let damages: [Damage; 4] = [
        ("other bytes", |file| {
            let mut bytes = fs::read(file).unwrap();
            bytes.iter_mut().skip(8_192).for_each(|byte| *byte = 0xa5);
            fs::write(file, bytes).unwrap();
        }),
        ("truncated", |file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("another program's", |file| {
            fs::remove_file(file).unwrap();
            let other = rusqlite::Connection::open(file).unwrap();
            other
                .execute_batch("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT); PRAGMA user_version = 1")
                .unwrap();
        }),
        ("a folder", |file| {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        }),
    ];
    for (how, damage) in damages {
        let Fixture { folder, index } = filled();
        drop(index);
        for suffix in ["passages.sqlite-wal", "passages.sqlite-shm"] {
            let _ = fs::remove_file(folder.path().join(suffix));
        }
        damage(&folder.path().join("passages.sqlite"));
        let index = Index::open(folder.path()).unwrap();
        let used = index.search(&Query::new("birch", 10)).map(drop).and_then(|()| {
            index.files().map(drop)?;
            index.follow()
        });
        if let Err(error) = used {
            assert!(error.is_damage(), "{how}: {error}");
            index.renew().unwrap();
        }
        let fixture = Fixture { folder, index };
        for (path, text) in TEXTS {
            fixture.put(path, text, TextKind::Plain);
        }
        finds_all(&fixture, how);
        finds_all(&fixture.reopened(), how);
    }
}

#[test]
fn a_file_in_the_place_of_the_index_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("owners");
    fs::write(&place, "not a folder").unwrap();
    let index = Index::open(&place).unwrap();
    index.follow().unwrap();
    assert_eq!(index.counts().unwrap().files, 0);
}
