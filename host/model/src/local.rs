//! What answers while no model is set up: a model server on this machine as soon as there is one, and the rehearsal
//! model until then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Client;
use steward_agent::{ModelError, ModelReply, ModelRequest};

use crate::config::{ModelConfig, ModelDescription};
use crate::discover::{DISCOVERY_TIMEOUT, LocalServer, discover};
use crate::fault::Failure;
use crate::openai::OpenAi;
use crate::provider::Provider;
use crate::rehearsal::Rehearsal;
use crate::sink::Sink;

/// The found server, looked for again when it fails.
pub(crate) struct Local {
    candidates: Vec<LocalServer>,
    client: Client,
    idle: Duration,
    found: Mutex<Option<Arc<OpenAi>>>,
}

impl Local {
    pub(crate) fn new(client: Client, candidates: &[LocalServer], idle: Duration) -> Self {
        Self { candidates: candidates.to_vec(), client, idle, found: Mutex::new(None) }
    }

    fn known(&self) -> Option<Arc<OpenAi>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, found: Option<Arc<OpenAi>>) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    async fn find(&self) -> Option<Arc<OpenAi>> {
        if let Some(known) = self.known() {
            return Some(known);
        }
        let ModelConfig::OpenAi { base_url, key, model, context } =
            discover(&self.candidates, DISCOVERY_TIMEOUT).await?
        else {
            return None;
        };
        let server = OpenAi::new(self.client.clone(), &base_url, key, model, context, self.idle).ok().map(Arc::new);
        self.keep(server.clone());
        server
    }
}

#[async_trait]
impl Provider for Local {
    fn describe(&self) -> ModelDescription {
        self.known().map_or_else(|| Rehearsal.describe(), |server| server.describe())
    }

    fn model(&self) -> Option<String> {
        self.known().and_then(|server| server.model())
    }

    async fn ask(
        &self,
        request: &ModelRequest,
        model: Option<&str>,
        sink: &mut Sink<'_>,
    ) -> Result<ModelReply, Failure> {
        let Some(server) = self.find().await else {
            return Rehearsal.ask(request, model, sink).await;
        };
        let answer = server.ask(request, model, sink).await;
        if matches!(&answer, Err(Failure { error: ModelError::Unreachable { .. } | ModelError::Invalid { .. }, .. })) {
            self.keep(None);
        }
        answer
    }

    async fn check(&self) -> Result<String, ModelError> {
        match self.find().await {
            Some(server) => server.check().await,
            None => Rehearsal.check().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use steward_agent::Message;
    use tokio::sync::mpsc;

    use super::*;
    use crate::config::GatewayConfig;
    use crate::http;
    use crate::stand_in::{Answer, StandIn};

    const WHOLE: &str =
        "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    fn local(port: u16) -> Local {
        let client = http::client(&GatewayConfig::default()).unwrap();
        Local::new(client, &[LocalServer { name: "test", port }], Duration::from_secs(5))
    }

    async fn ask(local: &Local) -> ModelReply {
        let messages = vec![Message::user("help")];
        let request =
            ModelRequest { system: String::new(), messages, tools: Arc::default(), max_tokens: 64, model: None };
        let (events, _heard) = mpsc::channel(64);
        local.ask(&request, None, &mut Sink::new(&events)).await.unwrap()
    }

    #[tokio::test]
    async fn a_server_of_this_machine_is_found_when_it_is_asked_for() {
        let list = Answer::json(200, r#"{"data":[{"id":"qwen"}]}"#);
        let server = StandIn::new([list, Answer::events(&[WHOLE])]).await;
        let local = local(server.port);
        assert!(local.describe().rehearsal);
        assert_eq!(ask(&local).await.text, "Hi");
        assert!(local.describe().label.starts_with("qwen at 127.0.0.1"));
    }

    #[tokio::test]
    async fn without_a_server_the_rehearsal_model_answers() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let local = local(listener.local_addr().unwrap().port());
        drop(listener);
        assert!(ask(&local).await.rehearsal);
        assert_eq!(local.check().await, Ok("rehearsal".to_owned()));
    }
}
