use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::stand_in::{Answer, StandIn};

fn config(server: &StandIn) -> EndpointConfig {
    EndpointConfig { key: Some("sk-1".into()), batch: 2, ..EndpointConfig::new(server.url(), "m") }
}

/// An endpoint whose pauses are noted and not spent.
fn endpoint(config: EndpointConfig) -> (Endpoint, Arc<Mutex<Vec<Duration>>>) {
    let pauses = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&pauses);
    let endpoint = Endpoint::with_pauses(config, Pauses::of(move |pause| noted.lock().unwrap().push(pause))).unwrap();
    (endpoint, pauses)
}

fn vectors(vectors: &[(usize, Value)]) -> Answer {
    let data: Vec<Value> = vectors.iter().map(|(index, vector)| json!({"index": index, "embedding": vector})).collect();
    Answer::new(200, json!({"object": "list", "data": data}).to_string())
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn texts_are_sent_in_batches_and_vectors_come_back_in_order() {
    let second = vectors(&[(0, json!("AACAPwAAAAA="))]);
    let server = StandIn::new([vectors(&[(1, json!([0, 2])), (0, json!([3, 4]))]), second]).await;
    let (endpoint, _) = endpoint(config(&server));
    let found = endpoint.embed(&texts(&["a", "", "c"]), Purpose::Query).await.unwrap();
    assert_eq!(found, [[0.6, 0.8], [0.0, 1.0], [1.0, 0.0]]);
    let asked = server.asked();
    assert_eq!(asked.iter().map(|asked| asked.line.as_str()).collect::<Vec<_>>(), ["POST /v1/embeddings"; 2]);
    assert_eq!(asked[0].header("authorization"), Some("Bearer sk-1"));
    assert_eq!(asked[0].body, r#"{"model":"m","input":["a"," "]}"#);
    assert_eq!(endpoint.id().to_string(), "m (2 dimensions)");
}

#[tokio::test]
async fn servers_may_want_prefixes_a_type_and_a_dimension() {
    let server = StandIn::new([vectors(&[(0, json!([1, 0]))]), vectors(&[(0, json!([1, 0]))])]).await;
    let (endpoint, _) = endpoint(EndpointConfig {
        dimensions: Some(2),
        input_type: true,
        query_prefix: "find: ".into(),
        key: None,
        ..config(&server)
    });
    assert_eq!(endpoint.id().dimension, 2, "it was configured, so nobody is asked");
    assert_eq!(endpoint.ready().await.unwrap().dimension, 2);
    endpoint.embed(&texts(&["a"]), Purpose::Query).await.unwrap();
    endpoint.embed(&texts(&["a"]), Purpose::Passage).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].body, r#"{"model":"m","input":["find: a"],"dimensions":2,"input_type":"query"}"#);
    assert_eq!(asked[1].body, r#"{"model":"m","input":["a"],"dimensions":2,"input_type":"passage"}"#);
    assert_eq!(asked[0].header("authorization"), None);
}

#[tokio::test]
async fn a_server_that_is_away_is_asked_again_later() {
    let server = StandIn::new([Answer::new(503, ""), vectors(&[(0, json!([1, 0, 0]))])]).await;
    let (endpoint, _) = endpoint(EndpointConfig { retries: 0, ..config(&server) });
    assert_eq!(endpoint.id().dimension, 0);
    assert!(endpoint.ready().await.unwrap_err().to_string().contains("try again later"));
    assert_eq!(endpoint.ready().await.unwrap().dimension, 3);
    assert_eq!(endpoint.ready().await.unwrap().dimension, 3, "which is known now");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_it() {
    let good = vectors(&[(0, json!([1, 0]))]);
    let server = StandIn::new([Answer::new(429, "busy").header("retry-after", 7), good.clone().cut(), good]).await;
    let (endpoint, pauses) = endpoint(config(&server));
    assert_eq!(endpoint.embed(&texts(&["a"]), Purpose::Query).await.unwrap(), [[1.0, 0.0]]);
    let pauses = pauses.lock().unwrap();
    assert_eq!((pauses.len(), pauses[0]), (2, Duration::from_secs(7)));
}

#[tokio::test]
async fn patience_has_an_end() {
    let server =
        StandIn::new([Answer::new(429, r#"{"error":{"message":"Slow down"}}"#).header("retry-after", 3600)]).await;
    let (endpoint, pauses) = endpoint(config(&server));
    let error = endpoint.embed(&texts(&["a"]), Purpose::Query).await.unwrap_err();
    assert!(
        matches!(error, EmbedError::Overloaded { .. }) && error.to_string().contains("Slow down (HTTP 429)"),
        "{error}"
    );
    assert!(pauses.lock().unwrap().is_empty());
    let server = StandIn::with(|_| Answer::new(500, "")).await;
    let (endpoint, _) = self::endpoint(EndpointConfig { retries: 2, ..config(&server) });
    assert!(endpoint.embed(&texts(&["a"]), Purpose::Query).await.is_err());
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_refusal_is_final_and_never_tells_the_key() {
    let body = r#"{"error":{"message":"Incorrect API key provided: sk-1."}}"#;
    let server = StandIn::new([Answer::new(401, body)]).await;
    let (endpoint, _) = endpoint(config(&server));
    let error = endpoint.embed(&texts(&["a"]), Purpose::Query).await.unwrap_err();
    let (told, printed) = (error.to_string(), format!("{error:?} {endpoint:?}"));
    assert!(told.contains("provided: …. (HTTP 401); check the key") && !printed.contains("sk-1"), "{told} {printed}");
    assert_eq!(server.asked().len(), 1);
    let broken = EndpointConfig { key: Some("a\nb".into()), ..config(&server) };
    assert!(Endpoint::new(broken).unwrap_err().to_string().contains("check the key"));
}

#[tokio::test]
async fn vectors_of_another_length_are_refused() {
    let server = StandIn::new([vectors(&[(0, json!([1, 0]))]), vectors(&[(0, json!([1, 0, 0]))])]).await;
    let (endpoint, _) = endpoint(config(&server));
    endpoint.embed(&texts(&["a"]), Purpose::Query).await.unwrap();
    let error = endpoint.embed(&texts(&["a"]), Purpose::Query).await.unwrap_err().to_string();
    assert!(error.contains("have 3 numbers and not 2"), "{error}");
    assert_eq!(endpoint.id().dimension, 2);
}

#[tokio::test]
async fn an_answer_that_is_none_is_asked_for_again_and_then_told() {
    let server = StandIn::with(|_| vectors(&[])).await;
    let (endpoint, pauses) = endpoint(EndpointConfig { retries: 1, ..config(&server) });
    let error = endpoint.embed(&texts(&["a"]), Purpose::Query).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1") && error.contains("0 vectors to 1 texts"), "{error}");
    assert_eq!(pauses.lock().unwrap().len(), 1);
    let server = StandIn::with(|_| Answer::new(307, "").header("location", "http://other.example/")).await;
    let (endpoint, _) = self::endpoint(config(&server));
    let error = endpoint.embed(&texts(&["a"]), Purpose::Query).await.unwrap_err().to_string();
    assert!(error.contains("sends us on to http://other.example/"), "{error}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn nobody_who_listens_is_told_with_what_to_check() {
    let server = StandIn::new([]).await;
    let mut config = config(&server);
    config.url.set_port(Some(1)).unwrap();
    let (endpoint, _) = endpoint(EndpointConfig { retries: 0, ..config });
    let error = endpoint.ready().await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1 cannot be reached") && error.contains("is the server running"), "{error}");
}
