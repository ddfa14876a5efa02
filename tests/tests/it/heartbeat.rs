//! The assistant looks by itself at what its owner wants watched.

use steward_tests::model::Reply;

use crate::stage::Stage;

#[tokio::test]
async fn what_heartbeat_md_asks_for_is_looked_at_and_told() {
    let stage = Stage::with(
        |asked| match asked.last_said() {
            said if said.contains("is the backup older than a day") => Reply::text("The backup is two days old."),
            said => Reply::text(&format!("nobody asked for this: {said}")),
        },
        |host| host.variable("HEARTBEAT_INTERVAL_MINUTES", "1"),
    )
    .await;
    // Nobody hears from a bot they have not begun to talk with.
    stage.owner.says("/start");
    stage.owner.hears(|text| text.contains("Steward")).await;
    let file = stage.host.workspace().join("HEARTBEAT.md");
    std::fs::write(file, "# Heartbeat\n\n- is the backup older than a day? then tell me\n").unwrap();
    stage.owner.hears(|text| text == "The backup is two days old.").await;
}
