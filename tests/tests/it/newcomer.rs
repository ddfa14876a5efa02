//! A fresh start without any configuration: the rehearsal model walks a newcomer through real tools in the terminal.

use steward_tests::Host;
use steward_tests::host::HostBuilder;

/// Without a model. It is named, for on a developer's machine a local one may be running.
fn fresh() -> HostBuilder {
    Host::builder().variable("MODEL", "rehearsal").cold()
}

#[tokio::test]
async fn what_is_remembered_is_known_after_a_restart() {
    let mut host = fresh().start().await;
    assert!(host.log().iter().any(|line| line.starts_with("Ready") && line.contains("rehearsal")));
    let mut terminal = host.terminal();
    terminal.says("remember that my flat is 42").await;
    terminal.hears(|line| line.contains("🔧 memory_append")).await;
    terminal.hears(|line| line.contains("my flat is 42")).await;
    terminal.hears(|line| line.contains("rehearsal model")).await;
    host.restart().await;
    terminal.says("what do you know about my flat").await;
    terminal.hears(|line| line.contains("my flat is 42")).await;
    let (printed, status) = terminal.ends().await;
    assert!(status.success(), "{printed}");
}

#[tokio::test]
async fn a_reminder_arrives_a_minute_later() {
    let host = fresh().start().await;
    let mut terminal = host.terminal();
    terminal.says("remind me in one minute to buy milk").await;
    terminal.hears(|line| line.contains("🔧 schedule_task")).await;
    terminal.hears(|line| line.contains("rehearsal model")).await;
    terminal.hears(|line| line.contains("⏰") && line.contains("buy milk")).await;
}

#[tokio::test]
async fn a_piped_chat_needs_no_running_host_and_answers_each_line() {
    let host = fresh().prepare();
    let mut terminal = host.terminal();
    for line in ["запомни, что моя квартира 42", "что ты знаешь о моей квартире?"]
    {
        terminal.says(line).await;
    }
    let (printed, status) = terminal.ends().await;
    assert!(status.success(), "{printed}");
    // On a new machine a tool is compiled when it is first called, and the chat says what it waits for.
    assert!(printed.contains("⏳ готовлю memory_append для этого компьютера"), "{printed}");
    assert!(printed.contains("🔧 memory_append") && printed.contains("🔧 memory_context"), "{printed}");
    assert_eq!(printed.matches("репетиционная модель").count(), 2, "{printed}");
    assert!(host.data().join("steward.log").is_file());
}

#[tokio::test]
async fn help_tells_how_to_get_a_real_model() {
    let host = fresh().start().await;
    let mut terminal = host.terminal();
    terminal.says("/help").await;
    terminal.hears(|line| line.contains("OPENAI_API_KEY")).await;
    terminal.says("/approve").await;
    terminal.hears(|line| line.contains("No question is waiting")).await;
}

#[tokio::test]
async fn doctor_and_the_lists_of_plugins_are_for_people() {
    let host = fresh().prepare();
    let printed = host.run(&["doctor"]).await;
    for word in ["configuration", "model", "telegram", "plugins", "disk", "clock"] {
        assert!(printed.text.to_lowercase().contains(word), "{word}: {}", printed.text);
    }
    let printed = host.run(&["plugin", "list"]).await;
    assert!(printed.status.success() && printed.text.contains("memory_append"), "{}", printed.text);
    let hostile = host.data().with_file_name("hostile.wasm");
    std::fs::write(&hostile, steward_tests::guests::HOSTILE).unwrap();
    let printed = host.run(&["plugin", "inspect", hostile.to_str().unwrap()]).await;
    assert!(printed.status.success(), "{}", printed.text);
    assert!(printed.text.contains("memory") && printed.text.contains("eat_memory"), "{}", printed.text);
    std::fs::write(&hostile, b"not wasm at all").unwrap();
    let printed = host.run(&["plugin", "inspect", hostile.to_str().unwrap()]).await;
    assert!(!printed.status.success() && !printed.text.contains("panicked"), "{}", printed.text);
    let printed = host.run(&["--help"]).await;
    assert!(printed.text.contains("steward doctor"), "{}", printed.text);
}
