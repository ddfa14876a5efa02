//! The Telegram stand-in by itself: the real client library can talk to it, and it refuses what the server refuses.

mod client;
mod errors;
mod queue;

use serde_json::Value;
use steward_tests::Telegram;
use steward_tests::telegram::TOKEN;

/// Calls a method as a bare HTTP client; gives the status and the answer.
async fn call(tg: &Telegram, method: &str, params: Value) -> (u16, Value) {
    let url = format!("{}/bot{TOKEN}/{method}", tg.url());
    let response = client().post(url).json(&params).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// The description of the error a method answers.
async fn refusal(tg: &Telegram, method: &str, params: Value) -> String {
    let (_, answer) = call(tg, method, params).await;
    assert_eq!(answer["ok"], false, "{answer}");
    answer["description"].as_str().unwrap().to_owned()
}

fn client() -> reqwest::Client {
    steward_tests::http::client()
}
