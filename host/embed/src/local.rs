//! A model that runs on this machine's processor, from a folder in the layout of sentence-transformers.
//!
//! Nothing large is read before the first text comes, and it is released when nobody asked for some minutes. Texts are
//! computed off the async threads, one call at a time, on their own threads. Read `encoder` for the computation and
//! `tokenizer` for what it is given.

mod confidence;
mod encoder;
mod fingerprint;
mod folder;
mod math;
mod memory;
mod shape;
mod slot;
#[cfg(test)]
mod tiny;
mod tokenizer;
mod weights;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use ndarray::{Array2, Axis};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub(crate) use math::to_unit_length;
#[cfg(test)]
pub(crate) use tiny::Tiny;

use crate::models::record::Pooling;
use crate::{EmbedError, Embedder, ModelId, Purpose};
use encoder::Encoder;
use folder::{Folder, TOKENIZER, WEIGHTS};
use slot::Slot;
use tokenizer::Tokenizer;

/// How much of the machine a local model may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalOptions {
    /// Threads that compute.
    pub threads: usize,
    /// How long the model stays in memory after it was last used.
    pub idle: Duration,
    /// Tokens that are computed at once: memory and the time until a dropped call ends grow with it. A longer text is
    /// computed alone.
    pub batch_tokens: usize,
}

impl Default for LocalOptions {
    /// Half of the processors, five minutes.
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self { threads: processors.div_ceil(2), idle: Duration::from_secs(300), batch_tokens: 512 }
    }
}

/// A model on this machine. Its owner calls [`LocalModel::unload_if_idle`] now and then.
pub struct LocalModel {
    inner: Arc<Inner>,
    /// One call computes at a time.
    turn: Arc<Semaphore>,
}

struct Inner {
    folder: Folder,
    options: LocalOptions,
    tokenizer: Slot<Tokenizer>,
    encoder: Slot<Encoder>,
    /// What calls are computed on, and no other threads: the fewer allocate, the less an allocator keeps.
    threads: Slot<ThreadPool>,
    used: Mutex<Instant>,
}

pub use memory::give_back;

impl LocalModel {
    /// Reads what the folder says of its model, some megabytes at most. The rest is read when the first text comes.
    pub fn open(folder: &Path, options: LocalOptions) -> Result<Self, EmbedError> {
        let inner = Inner {
            folder: Folder::open(folder)?,
            options,
            tokenizer: Slot::default(),
            encoder: Slot::default(),
            threads: Slot::default(),
            used: Mutex::new(Instant::now()),
        };
        Ok(Self { inner: Arc::new(inner), turn: Arc::new(Semaphore::new(1)) })
    }

    /// Whether the weights or the vocabulary are in memory.
    #[cfg(test)]
    pub(crate) fn is_loaded(&self) -> bool {
        self.inner.encoder.is_full() || self.inner.tokenizer.is_full()
    }

    /// Lets go of weights and vocabulary when nobody asked for the idle time, and says whether it did. It waits for
    /// nobody; to give the memory back takes some milliseconds.
    pub fn unload_if_idle(&self, now: Instant) -> bool {
        let Ok(_turn) = self.turn.try_acquire() else { return false };
        let used = *self.inner.used.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = now.saturating_duration_since(used) >= self.inner.options.idle;
        let emptied = idle && (self.inner.encoder.empty() | self.inner.tokenizer.empty() | self.inner.threads.empty());
        if emptied {
            give_back();
        }
        emptied
    }
}

#[async_trait]
impl Embedder for LocalModel {
    fn id(&self) -> &ModelId {
        &self.inner.folder.id
    }

    async fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let stopped = |reason: String| EmbedError::Stopped { reason };
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|error| stopped(error.to_string()))?;
        let texts: Vec<String> = texts.iter().map(|text| self.inner.folder.prefixed(text, purpose)).collect();
        let (inner, stop) = (Arc::clone(&self.inner), CancellationToken::new());
        let _dropped = stop.clone().drop_guard();
        let work = move || {
            let _turn = turn;
            inner.embed(&texts, &stop)
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| stopped(error.to_string()))?
    }

    fn confidence(&self, text: &str) -> f32 {
        self.inner.touch();
        match self.inner.tokenizer() {
            Ok(tokenizer) => confidence::of(&tokenizer, text),
            Err(error) => {
                tracing::warn!("the model {} is of no use: {error}", self.id());
                0.0
            }
        }
    }
}

impl Inner {
    fn embed(&self, texts: &[String], stop: &CancellationToken) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.touch();
        let vectors = self.threads()?.install(|| self.compute(texts, stop));
        self.touch();
        vectors
    }

    fn compute(&self, texts: &[String], stop: &CancellationToken) -> Result<Vec<Vec<f32>>, EmbedError> {
        let (tokenizer, encoder) = (self.tokenizer()?, self.encoder()?);
        if tokenizer.last() as usize >= encoder.words() {
            let reason = "it has fewer words than the tokenizer".to_owned();
            return Err(EmbedError::Broken { path: self.folder.file(WEIGHTS), reason });
        }
        let tokens: Vec<Vec<u32>> = texts.iter().map(|text| tokenizer.encode(text, self.folder.most_tokens)).collect();
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in batches(&tokens, self.options.batch_tokens) {
            if stop.is_cancelled() {
                return Err(EmbedError::Stopped { reason: "nobody waits for them".to_owned() });
            }
            vectors.extend(encoder.forward(batch)?.iter().map(|rows| self.pool(rows)));
        }
        Ok(vectors)
    }

    fn pool(&self, rows: &Array2<f32>) -> Vec<f32> {
        let mut vector = match self.folder.pooling {
            Pooling::Cls => rows.outer_iter().next().map(|row| row.to_vec()),
            Pooling::Mean => rows.mean_axis(Axis(0)).map(|row| row.to_vec()),
        }
        .unwrap_or_else(|| vec![0.0; self.folder.shape.hidden]);
        to_unit_length(&mut vector);
        vector
    }

    fn tokenizer(&self) -> Result<Arc<Tokenizer>, EmbedError> {
        self.tokenizer.get_or_fill(|| Tokenizer::open(&self.folder.file(TOKENIZER)))
    }

    fn encoder(&self) -> Result<Arc<Encoder>, EmbedError> {
        self.encoder.get_or_fill(|| Encoder::open(&self.folder.file(WEIGHTS), &self.folder.shape))
    }

    fn threads(&self) -> Result<Arc<ThreadPool>, EmbedError> {
        self.threads.get_or_fill(|| {
            let threads = ThreadPoolBuilder::new().num_threads(self.options.threads.max(1));
            let threads = threads.thread_name(|number| format!("embed-{number}")).build();
            threads.map_err(|error| EmbedError::Stopped { reason: error.to_string() })
        })
    }

    fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// Runs of texts of at most so many tokens together, or of one text.
fn batches(texts: &[Vec<u32>], most: usize) -> impl Iterator<Item = &[Vec<u32>]> {
    let mut rest = texts;
    std::iter::from_fn(move || {
        let mut tokens = 0;
        let fitting = rest.iter().take_while(|text| {
            tokens += text.len();
            tokens <= most
        });
        let (batch, later) = rest.split_at_checked(fitting.count().max(1))?;
        rest = later;
        Some(batch)
    })
}

#[cfg(test)]
mod tests;
