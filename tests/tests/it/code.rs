//! Scripts that call tools, through the whole program: one step for many calls, and every call under the same rights,
//! consent, stop and protection from crashes as if the model had made it.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use serde_json::json;
use steward_tests::Gate;
use steward_tests::model::{Asked, Reply};
use steward_tests::telegram::ChatMessage;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio_util::task::AbortOnDropHandle;

use crate::doing::unquoted;
use crate::stage::Stage;

/// A model that runs one script, then says what came of it.
fn running(script: &str) -> impl FnMut(&Asked) -> Reply + Send + 'static {
    let script = script.to_owned();
    move |asked| match asked.results().into_iter().next() {
        _ if asked.last_said().ends_with("ping") => Reply::text("pong"),
        Some((_, text)) => Reply::text(&format!("Result: {}", unquoted(&text))),
        None => Reply::call("run_code", json!({ "script": script })),
    }
}

/// What came of a script.
async fn result(stage: &Stage) -> String {
    stage.owner.hears(|text| text.starts_with("Result:")).await.text().to_owned()
}

/// A site on the loopback address: `/slow` answers when the gate is open, `/together` when three have come.
struct Site {
    place: String,
    _running: AbortOnDropHandle<()>,
}

impl Site {
    async fn start(gate: &Gate) -> Self {
        let (gate, three) = (gate.clone(), Arc::new(Barrier::new(3)));
        let slow = move || async move {
            gate.pass().await;
            "slow"
        };
        let together = move || async move {
            three.wait().await;
            "together"
        };
        let router = Router::new().route("/slow", get(slow)).route("/together", get(together));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { place, _running: AbortOnDropHandle::new(serving) }
    }

    async fn stage(&self, script: &str, more: &str) -> Stage {
        let toml = format!("[http]\nallow_private = [\"{}\"]\n{more}", self.place);
        let script = script.replace("SITE", &format!("http://{}", self.place));
        Stage::with(running(&script), |host| host.configuration(&toml)).await
    }
}

/// The data of a question's button in its first row.
fn button(question: &ChatMessage, column: usize) -> String {
    let data = &question.markup.as_ref().unwrap()["inline_keyboard"][0][column]["callback_data"];
    data.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn ten_calls_are_one_step_of_the_model() {
    let script = "for (let n = 1; n <= 9; n++) await tools.memory_append({content: `Fact ${n}.`});\n\
                  const {text} = await tools.memory_read({path: 'MEMORY.md'});\n\
                  text.match(/Fact \\d/g).length";
    let stage = Stage::set(running(script)).await;
    stage.owner.says("note nine facts");
    assert_eq!(result(&stage).await, "Result: 9");
    assert_eq!(stage.memory().matches("Fact").count(), 9);
    assert_eq!(stage.model.requests().len(), 2, "one to have the script, one for the answer");
    let calls = stage.audit(11).await;
    assert_eq!(calls.iter().filter(|call| **call == ("memory_append".to_owned(), "ok".to_owned())).count(), 9);
    assert_eq!(calls.last().unwrap(), &("run_code".to_owned(), "ok".to_owned()));
}

#[tokio::test]
async fn calls_made_together_are_under_way_together() {
    let site = Site::start(&Gate::new()).await;
    let script = "const pages = await Promise.all([1, 2, 3].map(n => tools.web_fetch({url: `SITE/together?${n}`})));\n\
                  pages.map(page => page.text).join(' ')";
    let stage = site.stage(script, "").await;
    stage.owner.says("read three pages");
    let told = result(&stage).await;
    assert_eq!(told.matches("together").count() % 3, 0, "{told}");
    assert!(told.contains("together"), "{told}");
}

#[tokio::test]
async fn an_owner_is_asked_about_a_call_from_inside_and_a_no_is_an_error_there() {
    let script = "const said = [];\n\
                  for (const content of ['The flat is 42.', 'The code is 1234.']) {\n\
                    try { await tools.memory_append({content}); said.push('yes') } catch (e) { said.push(e.kind) }\n\
                  }\n\
                  said.join()";
    let stage = Stage::with(running(script), |host| host.configuration("[approval]\nwrite = \"ask\"\n")).await;
    stage.owner.says("note two things");
    let first = stage.owner.hears(|text| text.contains("May I call memory_append") && text.contains("42")).await;
    assert_eq!(stage.memory(), "", "nothing is done before");
    stage.owner.presses(first.id, &button(&first, 1));
    let second = stage.owner.hears(|text| text.contains("May I call memory_append") && text.contains("1234")).await;
    stage.owner.presses(second.id, &button(&second, 0));
    assert_eq!(result(&stage).await, "Result: denied,yes");
    assert!(stage.memory().contains("1234") && !stage.memory().contains("42"), "{}", stage.memory());
    assert_eq!(stage.model.requests().len(), 2);
}

#[tokio::test]
async fn the_script_s_time_stands_still_while_somebody_is_asked() {
    let configuration = "[limits]\ntool_seconds = 2\n[approval]\nseconds = 4\nwrite = \"ask\"\n";
    let script = "try { await tools.memory_append({content: 'x'}) } catch (e) { return e.message }";
    let stage = Stage::with(running(script), |host| host.configuration(configuration)).await;
    stage.owner.says("note it");
    let told = result(&stage).await;
    assert!(told.contains("did not answer within 4 s"), "{told}");
}

#[tokio::test]
async fn killed_in_the_middle_of_a_script() {
    let gate = Gate::new();
    let site = Site::start(&gate).await;
    let script = "await tools.memory_append({content: 'First.'});\n\
                  await tools.schedule_task({title: 'second', time: 'in 3 days'});\n\
                  await tools.web_fetch({url: 'SITE/slow'});\n\
                  await tools.memory_append({content: 'Third.'});\n\
                  'all done'";
    let mut stage = site.stage(script, "[approval.foreign]\ninstructions = \"automatic\"\n").await;
    stage.owner.says("do all of it");
    gate.reached().await;
    stage.until("SELECT EXISTS (SELECT 1 FROM audit WHERE tool = 'schedule_task')").await;
    stage.host.kill9().await;
    gate.open();
    stage.host.start().await;
    assert_eq!(result(&stage).await, "Result: all done");
    for fact in ["First.", "Third."] {
        assert_eq!(stage.memory().matches(fact).count(), 1, "{fact} is there once: {}", stage.memory());
    }
    stage.until("SELECT count(*) = 1 FROM job WHERE title = 'second'").await;
    assert_eq!(stage.model.requests().len(), 2, "the script was not asked for again");
}

#[tokio::test]
async fn stop_ends_a_script_and_the_calls_it_waits_for() {
    let gate = Gate::new();
    let site = Site::start(&gate).await;
    let script = "try { await tools.web_fetch({url: 'SITE/slow'}) } catch {}\n\
                  await tools.memory_append({content: 'After the stop.'})";
    let stage = site.stage(script, "").await;
    stage.owner.says("go");
    gate.reached().await;
    stage.owner.says("/stop");
    stage.owner.hears(|text| text.contains("Stopped")).await;
    gate.open();
    stage.settled().await;
    let mut calls = stage.audit(2).await;
    calls.sort();
    let cancelled = |tool: &str| (tool.to_owned(), "cancelled".to_owned());
    assert_eq!(calls, [cancelled("run_code"), cancelled("web_fetch")]);
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    assert_eq!(stage.memory(), "");
}

#[tokio::test]
async fn a_script_that_does_not_end_is_ended_and_the_host_goes_on() {
    let stage = Stage::with(running("for (;;) {}"), |host| host.configuration("[limits]\ntool_seconds = 1\n")).await;
    stage.owner.says("loop");
    assert!(result(&stage).await.contains("took longer than it may"));
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    assert_eq!(stage.audit(1).await, [("run_code".to_owned(), "timed_out".to_owned())]);
}

#[tokio::test]
async fn what_is_not_offered_cannot_be_called_from_a_script_either() {
    let script = "const failed = [];\n\
                  for (const name of ['run_code', 'send_summary_to_owner', 'open_the_door']) {\n\
                    try { await tools[name]({script: '1', summary: 'x'}) } catch (e) { failed.push(e.message) }\n\
                  }\n\
                  [failed.length, listTools().some(tool => tool.name === 'run_code'), failed[0]]";
    let stage = Stage::set(running(script)).await;
    stage.owner.says("try them");
    let told = result(&stage).await;
    assert!(told.starts_with("Result: [3,false,") && told.contains("no tool run_code;"), "{told}");
    assert_eq!(stage.audit(1).await, [("run_code".to_owned(), "ok".to_owned())], "nothing reached the tools");
    assert!(stage.model.requests()[0].tools().contains(&"run_code".to_owned()));
}

#[tokio::test]
async fn an_outsider_s_run_has_no_scripts() {
    let stage = Stage::set(running("1 + 1")).await;
    let anna = stage.outsider();
    anna.says("compute something");
    anna.hears(|text| text.contains("run_code is not available")).await;
    assert!(!stage.model.requests()[0].tools().contains(&"run_code".to_owned()));
    assert_eq!(stage.audit(1).await, [("run_code".to_owned(), "denied".to_owned())]);
}

#[tokio::test]
async fn a_trial_runs_scripts_without_other_tools() {
    let stage = Stage::set(|_| Reply::text("pong")).await;
    let plugin = steward_builtin::PLUGINS.iter().find(|plugin| plugin.name == "code").unwrap();
    let file = stage.host.data().join("code.wasm");
    std::fs::write(&file, plugin.wasm()).unwrap();
    let file = file.to_str().unwrap();
    let run = async |script: &str| {
        let input = json!({ "script": script }).to_string();
        stage.host.compile(&["plugin", "run", file, "run_code", &input, "--grant", "tools"]).await
    };
    let printed = run("[1, 2, 3].map(n => n * n).join()").await;
    assert!(printed.status.success() && printed.text.contains("1,4,9"), "{}", printed.text);
    let printed = run("await tools.web_fetch({url: 'https://example.org'})").await;
    assert!(printed.text.contains("there are no other tools here"), "{}", printed.text);
}
