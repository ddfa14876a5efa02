//! Looks for a model server on this machine. Nothing but loopback addresses is ever asked.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use url::Url;

use crate::config::ModelConfig;
use crate::http;

/// How long a server of this machine may take to list its models.
pub const DISCOVERY_TIMEOUT: Duration = Duration::from_millis(300);

/// A place where a local model server may listen: a port on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalServer {
    /// As its makers call it.
    pub name: &'static str,
    /// On 127.0.0.1.
    pub port: u16,
}

/// The usual servers on their usual ports, the likeliest first.
pub const LOCAL_SERVERS: &[LocalServer] = &[
    LocalServer { name: "LM Studio", port: 1234 },
    LocalServer { name: "Ollama", port: 11434 },
    LocalServer { name: "vLLM", port: 8000 },
    LocalServer { name: "llama.cpp", port: 8080 },
];

/// The first of the candidates that lists a chat model, with that model. All are asked at once, each for at most
/// `timeout`.
pub async fn discover(candidates: &[LocalServer], timeout: Duration) -> Option<ModelConfig> {
    let client = http::local_client(timeout)
        .inspect_err(|error| tracing::warn!(%error, "local model servers cannot be looked for"))
        .ok()?;
    let answers = join_all(candidates.iter().map(|server| ask(&client, *server, timeout))).await;
    answers.into_iter().flatten().next()
}

async fn ask(client: &reqwest::Client, server: LocalServer, timeout: Duration) -> Option<ModelConfig> {
    let base_url = Url::parse(&format!("http://127.0.0.1:{}/v1", server.port)).ok()?;
    let list =
        async { client.get(format!("{base_url}/models")).send().await?.error_for_status()?.json::<Value>().await };
    let list = match tokio::time::timeout(timeout, list).await {
        Ok(Ok(list)) => list,
        Ok(Err(_)) | Err(_) => return None,
    };
    let Listed { id, context } = chat_models(&list).into_iter().next()?;
    tracing::info!(server = server.name, port = server.port, model = %id, "a local model server was found");
    Some(ModelConfig::OpenAi { base_url, key: None, model: Some(id), context })
}

/// A model as a server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    /// Its window in tokens, where the server tells.
    pub(crate) context: Option<u32>,
}

/// The models of a `GET /models` that are no embedding models, in the server's order.
pub(crate) fn chat_models(list: &Value) -> Vec<Listed> {
    let models = list.get("data").or_else(|| list.get("models")).and_then(Value::as_array);
    models.into_iter().flatten().filter_map(listed).filter(|model| chats(&model.id)).collect()
}

fn listed(model: &Value) -> Option<Listed> {
    let id = model.get("id").or_else(|| model.get("name"))?.as_str().filter(|id| !id.is_empty())?;
    let windows = ["loaded_context_length", "max_model_len", "context_length"];
    let context = windows.iter().find_map(|field| model.get(field)?.as_u64()).and_then(|n| u32::try_from(n).ok());
    Some(Listed { id: id.to_owned(), context: context.filter(|tokens| *tokens > 0) })
}

fn chats(id: &str) -> bool {
    let id = id.to_lowercase();
    !["embed", "rerank", "whisper"].iter().any(|other| id.contains(other))
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, routing::get};
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    /// A server that lists these models.
    async fn serve(list: Value) -> LocalServer {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().route("/v1/models", get(move || async move { Json(list) }));
        tokio::spawn(async move { axum::serve(listener, app).await });
        LocalServer { name: "test", port }
    }

    /// A port on which nobody listens.
    async fn nobody() -> LocalServer {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        LocalServer { name: "nobody", port: listener.local_addr().unwrap().port() }
    }

    #[tokio::test]
    async fn the_first_server_with_a_chat_model_is_found() {
        let only_embeddings = serve(json!({"data": [{"id": "text-embedding-nomic"}]})).await;
        let good =
            serve(json!({"data": [{"id": "nomic-Embed"}, {"id": "qwen3-8b", "max_model_len": 16384}, {"id": "x"}]}))
                .await;
        let later = serve(json!({"data": [{"id": "other"}]})).await;
        let found = discover(&[nobody().await, only_embeddings, good, later], Duration::from_secs(5)).await;
        let base_url = Url::parse(&format!("http://127.0.0.1:{}/v1", good.port)).unwrap();
        let expected =
            ModelConfig::OpenAi { base_url, key: None, model: Some("qwen3-8b".into()), context: Some(16_384) };
        assert_eq!(found, Some(expected));
    }

    #[tokio::test]
    async fn where_nobody_listens_nothing_is_found() {
        assert_eq!(discover(&[nobody().await], Duration::from_secs(5)).await, None);
        let strange = serve(json!({"data": "?"})).await;
        assert_eq!(discover(&[strange], Duration::from_secs(5)).await, None);
    }
}
