//! Pages fetched by a tool: only where the configuration lets it, stopped and taken up like any other call.

use axum::Router;
use axum::routing::get;
use serde_json::json;
use steward_tests::Gate;
use steward_tests::model::{Asked, Reply};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::stage::Stage;

const PAGE: &str = "<html><head><title>Opening hours</title></head><body><h1>Opening hours</h1>\
                    <p>The library is open from nine to five.</p></body></html>";

/// A web site on the loopback address.
struct Site {
    place: String,
    _running: AbortOnDropHandle<()>,
}

impl Site {
    /// `/slow` answers when the gate is open.
    async fn start(gate: &Gate) -> Self {
        let gate = gate.clone();
        let page = || async { ([("content-type", "text/html; charset=utf-8")], PAGE) };
        let slow = move || async move {
            gate.pass().await;
            page().await
        };
        let router = Router::new().route("/", get(page)).route("/slow", get(slow));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { place, _running: AbortOnDropHandle::new(serving) }
    }

    /// The setting that opens this site to tools.
    fn allowed(&self) -> String {
        format!("[http]\nallow_private = [\"{}\"]\n", self.place)
    }
}

/// Fetches the page that is named, then repeats what the tool said.
fn fetching(place: &str) -> impl FnMut(&Asked) -> Reply + Send + 'static {
    let place = place.to_owned();
    move |asked| match asked.results().first() {
        _ if asked.last_said().contains("ping") => Reply::text("pong"),
        Some((_, text)) => Reply::text(text),
        None if asked.last_said().contains("router") => Reply::call("web_fetch", json!({ "url": "http://127.0.0.1/" })),
        None if asked.last_said().contains("slow") => {
            Reply::call("web_fetch", json!({ "url": format!("http://{place}/slow") }))
        }
        None => Reply::call("web_fetch", json!({ "url": format!("http://{place}/") })),
    }
}

#[tokio::test]
async fn a_page_is_read_where_the_owner_opened_it() {
    let site = Site::start(&Gate::new()).await;
    let toml = site.allowed();
    let stage = Stage::with(fetching(&site.place), |host| host.configuration(&toml)).await;
    stage.owner.says("read the page");
    let answer = stage.owner.hears(|text| text.contains("open from nine to five")).await;
    assert!(answer.text().contains("Opening hours"), "{}", answer.text());
    assert_eq!(stage.audit(1).await, [("web_fetch".to_owned(), "ok".to_owned())]);
}

#[tokio::test]
async fn the_own_network_is_closed_to_tools() {
    let site = Site::start(&Gate::new()).await;
    let stage = Stage::set(fetching(&site.place)).await;
    stage.owner.says("read the page of the router");
    let answer = stage.owner.hears(|text| text.contains("may not reach")).await;
    assert!(answer.text().contains("http.allow_private"), "{}", answer.text());
    stage.owner.says("read the page");
    let answer = stage.owner.hears(|text| text.contains(&site.place)).await;
    assert!(!answer.text().contains("nine to five"), "{}", answer.text());
    stage.settled().await;
    assert_eq!(
        stage.audit(2).await,
        [("web_fetch".to_owned(), "denied".to_owned()), ("web_fetch".to_owned(), "denied".to_owned())]
    );
}

#[tokio::test]
async fn stop_ends_a_tool_that_waits() {
    let gate = Gate::new();
    let site = Site::start(&gate).await;
    let toml = site.allowed();
    let stage = Stage::with(fetching(&site.place), |host| host.configuration(&toml)).await;
    stage.owner.says("read the slow page");
    gate.reached().await;
    stage.owner.says("/stop");
    stage.owner.hears(|text| text.contains("Stopped")).await;
    stage.settled().await;
    assert_eq!(stage.audit(1).await, [("web_fetch".to_owned(), "cancelled".to_owned())]);
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
}

#[tokio::test]
async fn killed_in_the_middle_of_a_tool_call() {
    let gate = Gate::new();
    let site = Site::start(&gate).await;
    let toml = site.allowed();
    let place = site.place.clone();
    let decide = move |asked: &Asked| match asked.after_tools() {
        true => Reply::text("Both done."),
        false => Reply::call("memory_append", json!({ "content": "The flat is 42." }))
            .and_call("web_fetch", json!({ "url": format!("http://{place}/slow") })),
    };
    let mut stage = Stage::with(decide, |host| host.configuration(&toml)).await;
    stage.owner.says("do both");
    gate.reached().await;
    stage.until("SELECT EXISTS (SELECT 1 FROM audit WHERE tool = 'memory_append')").await;
    stage.host.kill9().await;
    gate.open();
    stage.host.start().await;
    stage.owner.hears(|text| text == "Both done.").await;
    assert_eq!(stage.memory().matches("The flat is 42.").count(), 1, "what was done is not done again");
    assert_eq!(stage.model.requests().len(), 2);
}
