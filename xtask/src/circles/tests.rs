//! Small crates whose circles are known.

use super::*;
use crate::tests::made;

/// The circles of a crate, each as its files.
fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let needs = needs(&made(files), "a/src/lib.rs").unwrap();
    components::circles(&needs).into_iter().map(|one| one.files.into_iter().collect()).collect()
}

fn edges(files: &[(&str, &str)]) -> Vec<String> {
    let needs = needs(&made(files), "a/src/lib.rs").unwrap();
    let to = |(from, to): (&String, &BTreeMap<String, usize>)| -> Vec<String> {
        to.iter().map(|(to, line)| format!("{from}:{line} {to}")).collect()
    };
    needs.iter().flat_map(to).map(|edge| edge.replace("a/src/", "")).collect()
}

#[test]
fn what_is_named_by_use_or_path_or_in_a_macro_is_needed() {
    let found = edges(&[
        ("a/src/lib.rs", "mod one;\nmod two;\nmod three;\nmod four;\npub fn f() { one::g() }\n"),
        ("a/src/one.rs", "use crate::two::Two;\npub fn g() -> Two { Two }\n"),
        ("a/src/two.rs", "pub struct Two;\nfn h() { super::three::i(3) }\n"),
        ("a/src/three.rs", "pub fn i(n: u8) { assert!(n > super::four::K) }\n"),
        ("a/src/four.rs", "use std::fmt;\npub const K: u8 = 1;\n"),
    ]);
    assert_eq!(found, ["lib.rs:5 one.rs", "one.rs:1 two.rs", "three.rs:1 four.rs", "two.rs:2 three.rs"]);
}

#[test]
fn a_re_export_is_followed_and_needs_nothing_itself() {
    let found = edges(&[
        ("a/src/lib.rs", "mod one;\nmod two;\npub use one::One as Uno;\npub use two::*;\n"),
        ("a/src/one.rs", "pub struct One;\nfn f() { let x = crate::Two; }\n"),
        ("a/src/two.rs", "use crate::Uno;\npub struct Two;\n"),
    ]);
    assert_eq!(found, ["one.rs:2 two.rs", "two.rs:1 one.rs"]);
}

#[test]
fn tests_make_no_circle() {
    let files = [
        ("a/src/lib.rs", "mod one;\nmod two;\n#[cfg(test)]\nmod tests;\n"),
        ("a/src/one.rs", "use crate::two::Two;\npub struct One;\n"),
        ("a/src/two.rs", "pub struct Two;\n#[cfg(test)]\nmod tests { use crate::one::One; }\n"),
        ("a/src/tests.rs", "use crate::one::One;\n"),
    ];
    assert_eq!(circles(&files), Vec::<Vec<String>>::new());
}

#[test]
fn a_module_in_a_file_belongs_to_it_and_macros_make_what_is_not_found() {
    let found = edges(&[
        ("a/src/lib.rs", "mod one;\nmod two;\n"),
        ("a/src/one.rs", "pub mod inner { made!(); pub struct In; }\n"),
        ("a/src/two.rs", "fn f() { crate::one::inner::made::by_macro() }\n"),
    ]);
    assert_eq!(found, ["two.rs:1 one.rs"]);
}

#[test]
fn circles_of_one_folder_are_allowed_up_to_a_size() {
    let circle = |files: &[&str]| Circle { files: files.iter().map(|one| (*one).to_owned()).collect() };
    assert!(circle(&["a/b.rs", "a/b/c.rs", "a/b/d.rs"]).is_allowed());
    assert!(circle(&["a/b.rs", "a/c.rs"]).is_allowed());
    assert!(!circle(&["a/b.rs", "a/c/d.rs"]).is_allowed());
    assert!(!circle(&["a/b/c.rs", "a/d/e.rs"]).is_allowed());
    let many: Vec<_> = (0..9).map(|n| format!("a/f{n}.rs")).collect();
    assert!(!circle(&many.iter().map(String::as_str).collect::<Vec<_>>()).is_allowed());
}

#[test]
fn a_circle_of_different_folders_is_told_with_a_way_round() {
    let sources = made(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
        ("a/Cargo.toml", "[package]\nname = \"thing\"\n"),
        ("a/src/lib.rs", "mod one;\nmod two;\n"),
        ("a/src/one.rs", "pub mod deep;\n"),
        ("a/src/one/deep.rs", "use crate::two::far::Far;\npub struct Deep;\n"),
        ("a/src/two.rs", "pub mod far;\n"),
        ("a/src/two/far.rs", "pub struct Far;\n\nfn f() { crate::one::deep::Deep }\n"),
    ]);
    let report = check(&sources).unwrap();
    let counts: Vec<_> = report.counted.iter().map(|one| (one.section, one.key.as_str(), one.count)).collect();
    assert_eq!(counts, [(FILES, "a", 2), (LARGEST, "a", 2)]);
    let told = report.counted[0].finding.to_string();
    assert!(told.starts_with("a/src/one/deep.rs:1: 2 files of thing"), "{told}");
    assert!(told.contains("a/src/one/deep.rs → a/src/two/far.rs → a/src/one/deep.rs"), "{told}");
}
