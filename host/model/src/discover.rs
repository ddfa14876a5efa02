//! Looks for a model server on this machine. Nothing but loopback addresses is ever asked.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use url::Url;

use crate::config::ModelConfig;
use crate::http;
use crate::openai::{Listed, OPENAI, chat_models};

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
    Some(ModelConfig { base_url: Some(base_url), model: Some(id), context, ..ModelConfig::new(&OPENAI) })
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
        let (base_url, model, context) = (Some(base_url), Some("qwen3-8b".into()), Some(16_384));
        let expected = ModelConfig { base_url, model, context, ..ModelConfig::new(&OPENAI) };
        assert_eq!(found, Some(expected));
    }

    #[tokio::test]
    async fn where_nobody_listens_nothing_is_found() {
        assert_eq!(discover(&[nobody().await], Duration::from_secs(5)).await, None);
        let strange = serve(json!({"data": "?"})).await;
        assert_eq!(discover(&[strange], Duration::from_secs(5)).await, None);
    }
}
