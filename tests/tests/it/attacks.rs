//! Keeps docs/security/attacks.md true: every test it names exists in the file it names.

use std::fs;
use std::path::{Path, PathBuf};

/// The files and tests of one row, as its last column names them.
fn named(row: &str) -> Vec<(String, String)> {
    let cells: Vec<&str> = row.trim().trim_matches('|').split('|').collect();
    let words = cells.last().copied().unwrap_or_default().split('`').skip(1).step_by(2);
    let (mut file, mut tests) = (String::new(), Vec::new());
    for word in words {
        match word.ends_with(".rs") {
            true => word.clone_into(&mut file),
            false => tests.push((file.clone(), word.to_owned())),
        }
    }
    tests
}

fn place(root: &Path, file: &str) -> PathBuf {
    if file.contains('/') { root.join(file) } else { root.join("tests/tests/it").join(file) }
}

#[test]
fn every_test_that_is_said_to_hold_an_attack_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let table = fs::read_to_string(root.join("docs/security/attacks.md")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| attack |"));
    let (mut held, mut missing) = (0, Vec::new());
    for row in rows.filter(|row| !row.starts_with("| ---")) {
        let tests = named(row);
        assert!(!tests.is_empty(), "a row names no test: {row}");
        for (file, test) in tests {
            let source = fs::read_to_string(place(root, &file)).unwrap_or_default();
            match source.contains(&format!("fn {test}(")) {
                true => held += 1,
                false => missing.push(format!("{file}: {test}")),
            }
        }
    }
    assert!(held > 50, "the table is not read: {held}");
    assert_eq!(missing, [""; 0], "attacks.md names tests that are not there");
}
