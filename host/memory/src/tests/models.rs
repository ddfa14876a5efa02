//! Embedding models that come, go and do not answer.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use steward_embed::{EmbedError, Embedder, ModelId, Purpose};

use super::{Fixture, OWNERS};
use crate::Embedders;

/// A stand-in for a model: it points each word somewhere, and knows nothing of meaning.
struct Words {
    id: ModelId,
    failing: Mutex<bool>,
}

#[async_trait]
impl Embedder for Words {
    fn id(&self) -> &ModelId {
        &self.id
    }

    async fn embed(&self, texts: &[String], _: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        if *self.failing.lock().unwrap() {
            return Err(EmbedError::Unreachable { address: "here".to_owned(), reason: "it is off".to_owned() });
        }
        Ok(texts.iter().map(|text| vector(text, self.id.dimension)).collect())
    }
}

fn vector(text: &str, dimension: usize) -> Vec<f32> {
    let mut sum = vec![0.01; dimension];
    for word in text.split_whitespace() {
        let hash = blake3::hash(word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().as_bytes());
        for (component, byte) in sum.iter_mut().zip(hash.as_bytes().iter().cycle()) {
            *component += f32::from(*byte) - 127.5;
        }
    }
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    sum.iter().map(|value| value / length).collect()
}

/// The models of a test: the last is the current one.
pub(super) struct Models(Mutex<Vec<Arc<Words>>>);

impl Models {
    pub(super) fn new(name: &str) -> Arc<Self> {
        let models = Self(Mutex::default());
        models.add(name, 64);
        Arc::new(models)
    }

    fn add(&self, name: &str, dimension: usize) {
        let id = ModelId { name: name.to_owned(), dimension, fingerprint: name.to_owned() };
        self.0.lock().unwrap().push(Arc::new(Words { id, failing: Mutex::new(false) }));
    }

    fn fail(&self, failing: bool) {
        for model in self.0.lock().unwrap().iter() {
            *model.failing.lock().unwrap() = failing;
        }
    }
}

#[async_trait]
impl Embedders for Models {
    fn current(&self) -> Option<Arc<dyn Embedder>> {
        self.0.lock().unwrap().last().map(|model| Arc::clone(model) as Arc<dyn Embedder>)
    }

    async fn earlier(&self, id: &ModelId) -> Option<Arc<dyn Embedder>> {
        let models = self.0.lock().unwrap();
        models.iter().find(|model| model.id == *id).map(|model| Arc::clone(model) as Arc<dyn Embedder>)
    }
}

#[tokio::test]
async fn vectors_are_made_in_the_background_and_anew_for_another_model() {
    let models = Models::new("first");
    let fixture = Fixture::with(tempfile::tempdir().unwrap(), Arc::clone(&models) as Arc<dyn Embedders>).await;
    fixture.write("work/MEMORY.md", "# Car\n\nThe car is inspected in May.\n\n# Tea\n\nGreen tea at four.\n");
    fixture.memory.reindex(OWNERS).await.unwrap();
    let embedded = async |fixture: &Fixture| fixture.memory.status(OWNERS).await.unwrap().embedded == 2;
    fixture.until("vectors", embedded).await;
    let status = fixture.memory.status(OWNERS).await.unwrap();
    assert_eq!((status.waiting, status.problems.len()), (0, 0));
    fixture.until("the whole", async |fixture| fixture.found_in(OWNERS, "tea").await.note.is_none()).await;
    // The new model does not answer yet: the old vectors do.
    models.add("second", 32);
    models.0.lock().unwrap()[1].failing.lock().unwrap().clone_from(&true);
    let found = fixture.found_in(OWNERS, "tea").await;
    assert_eq!((found.hits[0].text.contains("tea"), found.note), (true, None));
    models.fail(false);
    let fixture = fixture.restarted().await;
    fixture.until("vectors of the second", embedded).await;
    assert!(fixture.memory.status(OWNERS).await.unwrap().model.unwrap().starts_with("second"));
}

#[tokio::test]
async fn without_an_answer_of_the_model_words_are_compared_and_it_is_said() {
    let models = Models::new("only");
    let fixture = Fixture::with(tempfile::tempdir().unwrap(), Arc::clone(&models) as Arc<dyn Embedders>).await;
    models.fail(true);
    fixture.write("work/MEMORY.md", "The car is inspected in May.\n");
    fixture.memory.reindex(OWNERS).await.unwrap();
    let found = fixture.found_in(OWNERS, "car").await;
    assert_eq!(found.hits.len(), 1);
    assert!(found.note.unwrap().contains("it is off"));
    let told = async |fixture: &Fixture| !fixture.memory.status(OWNERS).await.unwrap().problems.is_empty();
    fixture.until("telling it", told).await;
}
