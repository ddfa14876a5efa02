//! Memory through the real program, with the real multilingual model: what was told on one day is answered on another,
//! asked in other words and elsewhere; what is cleared is gone; commands for people.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use steward_tests::Host;
use steward_tests::host::HostBuilder;
use steward_tests::model::{Asked, Reply};
use steward_tests::patience::wait_for;

use crate::stage::Stage;

/// The models that the setup of the tests makes.
fn with_model(host: HostBuilder) -> HostBuilder {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/models");
    let model = models.join("multilingual-e5-small/model.safetensors");
    assert!(model.is_file(), "{} is missing. Have it made: tests/setup/install.sh", model.display());
    host.variable("STEWARD_MODELS", &fs::canonicalize(models).unwrap().display().to_string())
}

/// Notes what it is told, looks up what it is asked, and answers with what it found.
fn keeping(asked: &Asked) -> Reply {
    let said = asked.last_said();
    match asked.results().into_iter().next() {
        Some((_, text)) => Reply::text(&format!("Found: {text}")),
        None if said.contains("Note:") => {
            let fact =
                said.split("Note:").nth(1).unwrap_or_default().lines().next().unwrap_or_default().trim().to_owned();
            Reply::call("memory_log", json!({ "content": fact }))
        }
        None => Reply::call("memory_search", json!({ "query": said.lines().next().unwrap_or_default(), "limit": 3 })),
    }
}

/// Waits until a command prints something; what it is about goes on in the background.
async fn until_printed(host: &Host, arguments: &[&str], fits: impl Fn(&str) -> bool) -> String {
    let last = std::sync::Mutex::new(String::new());
    let looking = async {
        loop {
            let printed = host.run(arguments).await.text;
            if fits(&printed) {
                return printed;
            }
            *last.lock().unwrap() = printed;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    wait_for(looking, || format!("{arguments:?} never printed it; at last: {}", last.lock().unwrap())).await
}

async fn embedded(host: &Host) {
    let all = |text: &str| text.contains("; 0 are still to be made") && !text.contains(" 0 by ");
    until_printed(host, &["memory", "status"], all).await;
}

#[tokio::test]
async fn what_was_told_on_one_day_is_answered_on_another_with_its_source() {
    let stage = Stage::with(keeping, with_model).await;
    stage.owner.says("Note: The heating engineer is Mr Krause, he comes every October and wants cash.");
    stage.owner.hears(|text| text.contains("Found: Added to memory/")).await;
    stage.owner.says("Note: Ключ от велосипедного подвала висит у соседки Ирины.");
    stage.owner.hears(|text| text.contains("Ирины")).await;
    for n in 0..12 {
        stage.owner.says(&format!("Note: Bought {n} kilos of potatoes on the market."));
        stage.owner.hears(|text| text.contains(&format!("Bought {n} kilos"))).await;
    }
    stage.settled().await;
    let mut host = stage.host;
    // The day after: the log is yesterday's, the program another process, the conversation another one.
    let days = host.workspace().join("memory");
    let today = fs::read_dir(&days).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&today).unwrap();
    assert!(text.starts_with("# 20") && text.contains("Mr Krause"), "it reads like notes: {text}");
    host.kill9().await;
    fs::rename(&today, days.join("2026-01-15.md")).unwrap();
    let _ = fs::remove_dir_all(host.workspace().join("sessions"));
    host.start().await;
    embedded(&host).await;
    let mut terminal = host.terminal();
    terminal.says("Who looks after our boiler, and how does he like to be paid?").await;
    let answer = terminal.hears(|line| line.contains("memory/2026-01-15.md")).await;
    assert!(answer.contains("memory/2026-01-15.md"), "{answer}");
    let asked = stage.model.requests();
    let offered = asked.iter().rev().find(|asked| asked.last_said().contains("boiler")).unwrap().last_said();
    assert!(offered.contains("memory/2026-01-15.md:") && offered.contains("Mr Krause"), "{offered}");
    terminal.says("У кого лежит ключ от комнаты, где стоят велики?").await;
    terminal.hears(|line| line.contains("Found:")).await;
    let offered = stage.model.requests().last().unwrap().said().join("\n");
    assert!(offered.contains("Ирины"), "{offered}");
}

#[tokio::test]
async fn an_outsider_is_offered_nothing_and_finds_nothing() {
    let stage = Stage::set(|asked: &Asked| Reply::text(&format!("tools: {}", asked.tools().join(" ")))).await;
    fs::create_dir_all(stage.host.workspace().join("memory")).unwrap();
    fs::write(stage.host.workspace().join("memory/2026-01-15.md"), "- 10:00 The safe opens with 1234.\n").unwrap();
    until_printed(&stage.host, &["memory", "search", "safe"], |text| text.contains("1234")).await;
    let anna = stage.outsider();
    anna.says("What does the safe open with?");
    let answer = anna.hears(|text| text.starts_with("tools:")).await;
    assert!(!answer.text().contains("memory"), "{}", answer.text());
    let asked = stage.model.requests();
    assert!(!String::from_utf8_lossy(&asked.last().unwrap().raw).contains("1234"));
}

/// Asks for a reset, then says what came of it.
fn resetting(asked: &Asked) -> Reply {
    match asked.results().into_iter().next() {
        Some((_, text)) => Reply::text(&format!("Result: {text}")),
        None => Reply::call("memory_control", json!({ "action": "reset_memory", "scope": "all" })),
    }
}

#[tokio::test]
async fn a_reset_asks_first_and_what_it_cleared_is_found_nowhere_also_after_kill_9() {
    let stage = Stage::set(resetting).await;
    let workspace = stage.host.workspace();
    fs::create_dir_all(workspace.join("memory")).unwrap();
    let day = workspace.join("memory/2026-01-15.md");
    fs::write(&day, "- 10:00 The safe opens with 1234.\n").unwrap();
    fs::write(workspace.join("HEARTBEAT.md"), "# Heartbeat\n").unwrap();
    until_printed(&stage.host, &["memory", "search", "safe"], |text| text.contains("1234")).await;
    stage.owner.says("forget everything");
    let question = stage.owner.hears(|text| text.contains("May I call memory_control")).await;
    assert!(day.exists(), "nothing is done before");
    let data = &question.markup.as_ref().unwrap()["inline_keyboard"][0][0]["callback_data"];
    stage.owner.presses(question.id, data.as_str().unwrap());
    // The wish is on disk; wherever the process ends now, it is fulfilled.
    stage.until("SELECT EXISTS (SELECT 1 FROM forgetting)").await;
    let mut host = stage.host;
    host.restart().await;
    let fulfilled = "SELECT NOT EXISTS (SELECT 1 FROM forgetting WHERE done_at IS NULL)";
    let looking = async {
        while !host.database().query_row(fulfilled, [], |row| row.get(0)).unwrap_or(false) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    wait_for(looking, || "what was to be forgotten is not".to_owned()).await;
    let none = host.run(&["memory", "search", "safe"]).await;
    assert!(none.passed().contains("Nothing was found"), "{}", none.text);
    assert!(!day.exists() && workspace.join("HEARTBEAT.md").exists());
}

#[tokio::test]
async fn kill_9_during_indexing_costs_nothing() {
    let mut host = Host::builder().variable("MODEL", "rehearsal").start().await;
    let notes = host.workspace().join("notes");
    fs::create_dir_all(&notes).unwrap();
    for n in 0..400 {
        fs::write(notes.join(format!("{n}.md")), format!("# Note {n}\n\nAbout subject{n} and thing{}.\n", n % 7))
            .unwrap();
    }
    assert!(host.run(&["memory", "index", notes.to_str().unwrap()]).await.status.success());
    for pause in [0, 30, 90, 200, 400] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        fs::write(notes.join("0.md"), format!("# Note\n\nAbout subject0, {pause} ms.\n")).unwrap();
        host.restart().await;
    }
    until_printed(&host, &["memory", "status"], |text| text.contains("400 passages of 400 files")).await;
    // The passages are counted when they are in the database; they are found once the words have followed it.
    for n in [1, 123, 399] {
        let place = format!("notes/{n}.md:");
        let query = format!("subject{n}");
        until_printed(&host, &["memory", "search", "--limit", "1", &query], |text| text.contains(&place)).await;
    }
    let changed = until_printed(&host, &["memory", "search", "subject0"], |text| text.contains("400 ms")).await;
    assert!(changed.contains("notes/0.md:"));
    assert!(host.log().iter().all(|line| !line.contains("panicked")));
}

#[tokio::test]
async fn an_index_of_words_that_cannot_be_written_or_read_mends_itself() {
    let mut host = Host::builder().variable("MODEL", "rehearsal").start().await;
    let notes = host.workspace().join("notes");
    fs::create_dir_all(&notes).unwrap();
    for n in 0..40 {
        fs::write(notes.join(format!("{n}.md")), format!("# Note {n}\n\nAbout subject{n}.\n")).unwrap();
    }
    assert!(host.run(&["memory", "index", notes.to_str().unwrap()]).await.status.success());
    until_printed(&host, &["memory", "search", "subject39"], |text| text.contains("notes/39.md:")).await;
    let words = host.data().join("index/owners/words");
    let segments = |kind: &str| -> Vec<_> {
        let files = fs::read_dir(&words).unwrap().map(|file| file.unwrap().path());
        files.filter(|file| file.extension().is_some_and(|found| found == kind)).collect()
    };
    for round in 0..3 {
        host.kill9().await;
        match round {
            // As a commit that was cut off leaves it: what the next one wants to write is there.
            0 => segments("idx").iter().for_each(|file| {
                (0..2_000).for_each(|number| fs::write(file.with_extension(format!("{number}.del")), "").unwrap());
            }),
            1 => segments("term").iter().for_each(|file| fs::write(file, "cut off").unwrap()),
            _ => {
                fs::remove_dir_all(&words).unwrap();
                fs::write(&words, "no folder").unwrap();
            }
        }
        fs::write(notes.join("0.md"), format!("# Note\n\nAbout subject0 in round{round}.\n")).unwrap();
        fs::remove_file(notes.join(format!("{}.md", round + 1))).unwrap();
        host.start().await;
        let query = format!("round{round}");
        until_printed(&host, &["memory", "search", &query], |text| text.contains("notes/0.md:")).await;
        until_printed(&host, &["memory", "search", "subject39"], |text| text.contains("notes/39.md:")).await;
        let gone = format!("subject{}", round + 1);
        until_printed(&host, &["memory", "search", &gone], |text| text.contains("Nothing was found")).await;
    }
    assert!(segments("del").len() < 100);
}

#[tokio::test]
async fn kill_9_while_vectors_are_made_anew_costs_nothing() {
    let host = with_model(Host::builder().variable("MODEL", "rehearsal"));
    let mut host = host.configuration("[memory.search]\nmodel = \"all-minilm-l6-v2\"\n").start().await;
    fs::create_dir_all(host.workspace().join("memory")).unwrap();
    for n in 1..=20 {
        let day = host.workspace().join(format!("memory/2026-01-{n:02}.md"));
        fs::write(day, format!("- 10:00 The gardener planted apple tree number {n}.\n- 11:00 Rain.\n")).unwrap();
    }
    host.restart().await;
    embedded(&host).await;
    fs::write(host.workspace().join("../steward.toml"), "[memory.search]\nmodel = \"multilingual-e5-small\"\n")
        .unwrap();
    host.restart().await;
    // The old vectors, or the new ones so far: something is found at every moment.
    let found = host.run(&["memory", "search", "who put in fruit trees?"]).await;
    assert!(found.passed().contains("apple tree"), "{}", found.text);
    host.restart().await;
    embedded(&host).await;
    let status = host.run(&["memory", "status"]).await;
    assert!(status.passed().contains("20 by multilingual-e5-small"), "{}", status.text);
}

#[tokio::test]
async fn people_have_commands_for_it_and_are_told_what_is_not_read() {
    let host = Host::builder().variable("MODEL", "rehearsal").prepare();
    let books = host.workspace().join("../books");
    fs::create_dir_all(&books).unwrap();
    fs::create_dir_all(host.workspace().join("memory")).unwrap();
    fs::write(host.workspace().join("MEMORY.md"), "- The flat is 42.\n").unwrap();
    fs::write(books.join("a.txt"), "Печь топить берёзой.").unwrap();
    fs::write(books.join("large.txt"), vec![b'x'; (4 << 20) + 1]).unwrap();
    fs::write(books.join("binary.txt"), b"\0\x01\x02").unwrap();
    fs::write(
        books.join("odd.txt"),
        (0..64u32).map(|n| 0x80 | (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>(),
    )
    .unwrap();
    let indexed = host.run(&["memory", "index", books.to_str().unwrap()]).await;
    for told in [
        "1 passages of 4 files",
        "large.txt: it has 5 MiB",
        "binary.txt: it is neither text",
        "odd.txt: its characters",
    ] {
        assert!(indexed.passed().contains(told), "{told}: {}", indexed.text);
    }
    assert!(host.run(&["memory", "search", "чем", "топят", "печь"]).await.passed().contains("a.txt:1-1"));
    let status = host.run(&["memory", "status"]).await;
    assert!(status.passed().contains("steward models pull"), "{}", status.text);
    let copy = host.workspace().join("../copy");
    assert!(host.run(&["memory", "export", copy.to_str().unwrap()]).await.passed().contains("1 files"));
    assert!(host.run(&["memory", "export", copy.to_str().unwrap()]).await.failed().contains("is not empty"));
    fs::remove_file(host.workspace().join("MEMORY.md")).unwrap();
    assert!(host.run(&["memory", "import", copy.to_str().unwrap()]).await.passed().contains("1 files were added"));
    assert!(host.run(&["memory", "search", "flat"]).await.passed().contains("MEMORY.md:1-1"));
    assert!(host.run(&["memory", "index", books.to_str().unwrap(), "--remove"]).await.status.success());
    assert!(host.run(&["memory", "search", "печь"]).await.passed().contains("Nothing was found"));
    assert!(
        host.run(&["memory", "index", "/nowhere/at/all"])
            .await
            .failed()
            .contains("name a file or folder that is there")
    );
}
