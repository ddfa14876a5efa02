//! Links and other things in the way where the program itself reads and writes: whoever made them, nothing outside of the
//! workspace is read into a prompt or written to, the message is answered, and the owner is told what to do.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use steward_tests::model::Reply;

use crate::stage::Stage;

#[tokio::test]
async fn a_link_to_the_key_does_not_bring_it_into_a_prompt() {
    let stage = Stage::set(|asked| Reply::text(&format!("I heard {}", asked.last_said()))).await;
    let key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let file = stage.host.data().join("secret.key");
    fs::write(&file, key).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let memory = stage.host.workspace().join("MEMORY.md");
    symlink("../data/secret.key", &memory).unwrap();
    stage.owner.says("hello");
    stage.owner.hears(|text| text.contains("I heard") && text.contains("hello")).await;
    let asked = stage.model.requests();
    assert!(asked.iter().all(|asked| !asked.json.to_string().contains(key)), "the key is in a prompt");
    assert!(asked.last().unwrap().system().contains("MEMORY.md cannot be read, tell the owner"));
    let doctor = stage.host.run(&["doctor"]).await;
    let told = doctor.failed();
    assert!(
        told.contains("MEMORY.md is behind a link that leads out of") && told.contains("remove the link"),
        "{told}"
    );

    fs::remove_file(&memory).unwrap();
    fs::write(&memory, "- the flat is 42\n").unwrap();
    stage.owner.says("and now");
    stage.owner.hears(|text| text.contains("I heard") && text.contains("and now")).await;
    assert!(stage.model.requests().last().unwrap().system().contains("the flat is 42"));
}

#[tokio::test]
async fn what_people_send_and_say_is_not_written_by_way_of_a_link() {
    let mut stage = Stage::set(|asked| Reply::text(&format!("I heard {}", asked.last_said()))).await;
    let (workspace, outside) = (stage.host.workspace(), stage.host.data().with_file_name("outside"));
    fs::create_dir(&outside).unwrap();
    for name in ["uploads", "sessions", "memory"] {
        let _ = fs::remove_dir_all(workspace.join(name));
        symlink("../outside", workspace.join(name)).unwrap();
    }
    stage.owner.sends_document("note.txt", "text/plain", &b"a note"[..], "keep this");
    let answer = stage.owner.hears(|text| text.contains("keep this")).await;
    let told = answer.text();
    assert!(told.contains("note.txt") && told.contains("behind a link that leads out of"), "{told}");
    stage.host.logs(|line| line.contains("not in its transcript") && line.contains("leads out of")).await;
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "nothing is written outside");

    // A plugin cannot do it in the folder of another person either, for it is among the data; a person's mistake may.
    let people = stage.host.data().join("people");
    fs::create_dir_all(&people).unwrap();
    symlink("../../outside", people.join("2")).unwrap();
    symlink("../../outside", people.join("3")).unwrap();
    let anna = stage.outsider();
    anna.sends_document("hers.txt", "text/plain", &b"hers"[..], "and this");
    anna.hears(|text| text.contains("I heard")).await;
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "nothing is written outside");

    for name in ["uploads", "sessions", "memory"] {
        fs::remove_file(workspace.join(name)).unwrap();
    }
    stage.host.restart().await;
    stage.owner.sends_document("note.txt", "text/plain", &b"a note"[..], "once more");
    let answer = stage.owner.hears(|text| text.contains("once more")).await;
    assert!(answer.text().contains("uploads/"), "{}", answer.text());
    let kept = fs::read_dir(workspace.join("uploads")).unwrap().next().unwrap().unwrap();
    assert_eq!(fs::read(kept.path()).unwrap(), b"a note");
}

#[tokio::test]
async fn what_is_no_file_in_the_place_of_memory_is_not_waited_for() {
    let stage = Stage::set(|asked| Reply::text(&format!("I heard {}", asked.last_said()))).await;
    let memory = stage.host.workspace().join("MEMORY.md");
    let _socket = UnixListener::bind(&memory).unwrap();
    stage.owner.says("hello");
    stage.owner.hears(|text| text.contains("I heard") && text.contains("hello")).await;
    fs::remove_file(&memory).unwrap();
    fs::create_dir(&memory).unwrap();
    stage.owner.says("still there?");
    stage.owner.hears(|text| text.contains("still there?")).await;
    assert!(stage.model.requests().last().unwrap().system().contains("is a folder and not a plain file"));
}

/// What others than the owner may do with something, and with all that is in it.
fn open_to_others(path: &Path) -> Vec<String> {
    let data = fs::symlink_metadata(path).unwrap();
    let mut open = Vec::new();
    if !data.is_symlink() && data.mode() & 0o077 != 0 {
        open.push(format!("{} {:o}", path.display(), data.mode() & 0o777));
    }
    if data.is_dir() {
        open.extend(fs::read_dir(path).unwrap().flat_map(|entry| open_to_others(&entry.unwrap().path())));
    }
    open
}

#[tokio::test]
async fn whichever_command_comes_first_keeps_the_data_from_others() {
    for (arguments, line) in [
        (&["pair"][..], ""),
        (&["doctor"], ""),
        (&["memory", "status"], ""),
        (&["plugin", "list"], ""),
        (&["audit"], ""),
        (&["secret", "set", "TOKEN", "--host", "example.org"], "a long enough value"),
    ] {
        let host = steward_tests::Host::builder().variable("MODEL", "rehearsal").prepare();
        host.run_with(arguments, line).await;
        assert!(host.data().is_dir(), "{arguments:?}");
        assert_eq!(open_to_others(&host.data()), [""; 0], "{arguments:?}");
    }
}

#[tokio::test]
async fn what_others_could_open_is_put_right_at_the_start_and_said_once() {
    let mut host = steward_tests::Host::builder().variable("MODEL", "rehearsal").start().await;
    assert_eq!(open_to_others(&host.data()), [""; 0]);
    assert_eq!(fs::metadata(host.workspace()).unwrap().mode() & 0o777, 0o700);
    host.stop().await;
    let script = host.workspace().join("run.sh");
    fs::write(&script, "#!/bin/sh\n").unwrap();
    for (path, rights) in [
        (host.data(), 0o755),
        (host.workspace(), 0o777),
        (host.data().join("steward.sqlite"), 0o644),
        (host.data().join("compiled"), 0o755),
        (script.clone(), 0o755),
    ] {
        fs::set_permissions(path, Permissions::from_mode(rights)).unwrap();
    }
    host.start().await;
    host.logs(|line| line.contains("other users of this machine could open files of Steward")).await;
    assert_eq!(open_to_others(&host.data()), [""; 0]);
    assert_eq!(fs::metadata(host.workspace()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&script).unwrap().mode() & 0o777, 0o755, "the owner's files keep their rights");
    let before = host.log().iter().filter(|line| line.contains("could open files")).count();
    host.restart().await;
    assert_eq!(host.log().iter().filter(|line| line.contains("could open files")).count(), before);
}
