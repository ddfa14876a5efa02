//! A piece is in its file once, whatever the process was doing when it ended, and never anywhere else.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use tempfile::TempDir;

use super::*;

const FILE: &str = "sessions/2026-11-20-telegram.md";
const HEADING: &str = "# Conversation on telegram, 2026-11-20";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn place(folder: &TempDir) -> Place {
    Place::of(folder.path())
}

fn piece(text: &str) -> Piece<'_> {
    Piece { heading: HEADING, text, apart: true }
}

fn text_of(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join(FILE)).unwrap()
}

#[test]
fn a_new_file_begins_with_its_heading_and_is_the_owner_s_alone() {
    let folder = folder();
    let length = add(&place(&folder), FILE, 0, &piece("## 14:05\n\n**Olga:** hi")).unwrap();
    assert_eq!(length, text_of(&folder).len() as u64);
    add(&place(&folder), FILE, length, &piece("## 14:06\n\n**Olga:** привет")).unwrap();
    assert_eq!(text_of(&folder), format!("{HEADING}\n\n## 14:05\n\n**Olga:** hi\n\n## 14:06\n\n**Olga:** привет\n"));
    assert_eq!(folder.path().join(FILE).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read(&place(&folder), FILE).unwrap(), Some(text_of(&folder)));
    assert_eq!(read(&place(&folder), "memory/2026-11-20.md").unwrap(), None);
}

#[test]
fn a_piece_cut_off_anywhere_is_completed() {
    let folder = folder();
    let pieces =
        ["## 14:05\n\n**Olga:** привет\n\n**Steward:** pong", "## 14:05\n\n**Olga:** привет\n\n**Steward:** no"];
    let first = add(&place(&folder), FILE, 0, &piece(pieces[0])).unwrap();
    add(&place(&folder), FILE, first, &piece(pieces[1])).unwrap();
    let whole = fs::read(folder.path().join(FILE)).unwrap();
    for cut in 0..=whole.len() {
        // The mark was moved after the first piece, if the process came that far.
        let (from, pieces) = if cut as u64 >= first { (first, &pieces[1..]) } else { (0, &pieces[..]) };
        fs::write(folder.path().join(FILE), &whole[..cut]).unwrap();
        let mut from = from;
        for text in pieces {
            from = add(&place(&folder), FILE, from, &piece(text)).unwrap();
        }
        assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), whole, "cut at {cut}");
        assert_eq!(from, whole.len() as u64);
    }
}

#[test]
fn the_same_said_twice_is_there_twice() {
    let folder = folder();
    let first = add(&place(&folder), FILE, 0, &piece("## 14:05\n\nping")).unwrap();
    let second = add(&place(&folder), FILE, first, &piece("## 14:05\n\nping")).unwrap();
    assert!(second > first);
    assert_eq!(add(&place(&folder), FILE, first, &piece("## 14:05\n\nping")).unwrap(), second, "but not three times");
}

#[test]
fn what_a_person_wrote_into_a_file_stays() {
    let folder = folder();
    let first = add(&place(&folder), FILE, 0, &piece("## 14:05\n\nping")).unwrap();
    let by_hand = format!("{}\nby hand", text_of(&folder));
    fs::write(folder.path().join(FILE), &by_hand).unwrap();
    add(&place(&folder), FILE, first, &piece("## 14:06\n\npong")).unwrap();
    assert_eq!(text_of(&folder), format!("{by_hand}\n\n## 14:06\n\npong\n"));
    fs::write(folder.path().join(FILE), "short").unwrap();
    add(&place(&folder), FILE, first, &piece("## 14:07\n\npong")).unwrap();
    assert_eq!(text_of(&folder), "short\n\n## 14:07\n\npong\n");
}

#[test]
fn lines_of_a_log_follow_each_other() {
    let folder = folder();
    let log = |text| Piece { heading: "# 2026-11-20", text, apart: false };
    for text in ["- 14:05 a", "- 14:06 b\n- 14:06 c", "- 14:05 a"] {
        add(&place(&folder), FILE, 0, &log(text)).unwrap();
    }
    assert_eq!(text_of(&folder), "# 2026-11-20\n\n- 14:05 a\n- 14:06 b\n- 14:06 c\n");
}

#[test]
fn a_link_out_of_the_folder_is_left_alone() {
    let (folder, elsewhere) = (folder(), folder());
    fs::write(elsewhere.path().join("secret"), "secret").unwrap();
    symlink(elsewhere.path(), folder.path().join("sessions")).unwrap();
    assert!(add(&place(&folder), FILE, 0, &piece("x")).unwrap_err().to_string().contains("leads out"));
    fs::remove_file(folder.path().join("sessions")).unwrap();
    fs::create_dir(folder.path().join("sessions")).unwrap();
    for target in ["secret", "nowhere"] {
        symlink(elsewhere.path().join(target), folder.path().join(FILE)).unwrap();
        assert!(add(&place(&folder), FILE, 0, &piece("x")).unwrap_err().to_string().contains("leads out"), "{target}");
        fs::remove_file(folder.path().join(FILE)).unwrap();
    }
    symlink(elsewhere.path().join("secret"), folder.path().join(FILE)).unwrap();
    assert!(read(&place(&folder), FILE).is_err());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(elsewhere.path().join("secret")).unwrap(), "secret");
}
