use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;
use crate::local::Tiny;
use crate::models::catalogue::ModelFile;
use crate::models::download::hexadecimal;
use crate::retry::Pauses;
use crate::stand_in::{Answer, Asked, StandIn};
use crate::{Embedder, LocalModel, LocalOptions};

/// A model whose files are those of the folder.
fn model(folder: &Path) -> &'static Model {
    let names = ["config.json", "1_Pooling/config.json", "tokenizer.json", "model.safetensors"];
    let files = names.map(|name| {
        let content = fs::read(folder.join(name)).unwrap();
        let sha256 = Box::leak(hexadecimal(&Sha256::digest(&content)).into_boxed_str());
        ModelFile { name, bytes: content.len() as u64, sha256 }
    });
    Box::leak(Box::new(Model {
        name: "tiny",
        repository: "some/tiny",
        revision: "0123",
        licence: "MIT",
        languages: "none",
        query_prefix: "query: ",
        passage_prefix: "",
        pooling: None,
        files: Box::leak(Box::new(files)),
    }))
}

/// The file that was asked for.
fn asked_file(asked: &Asked) -> String {
    asked.line.strip_prefix("GET /some/tiny/resolve/0123/").unwrap().to_owned()
}

/// Where the wanted range begins.
fn start(asked: &Asked) -> Option<usize> {
    asked.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// The file, or the rest of it, as Hugging Face answers.
fn serve(folder: &Path, asked: &Asked) -> Answer {
    let content = fs::read(folder.join(asked_file(asked))).unwrap();
    match start(asked) {
        None => Answer::new(200, content),
        Some(start) => {
            let range = format!("bytes {start}-{}/{}", content.len() - 1, content.len());
            Answer::new(206, &content[start..]).header("content-range", range)
        }
    }
}

struct Case {
    source: TempDir,
    installed: TempDir,
    model: &'static Model,
}

impl Case {
    fn new() -> Self {
        let source = Tiny::new("bert").write();
        let model = model(source.path());
        Self { source, installed: tempfile::tempdir().unwrap(), model }
    }

    fn target(&self) -> PathBuf {
        self.installed.path().join("tiny")
    }

    /// A server of the files, where `change` may give another answer.
    async fn server(&self, change: impl Fn(&Asked, Answer) -> Answer + Send + Sync + 'static) -> StandIn {
        let source = self.source.path().to_owned();
        StandIn::with(move |asked| change(asked, serve(&source, asked))).await
    }

    async fn pull(&self, server: &StandIn) -> Result<PathBuf, EmbedError> {
        let mut hub = Hub::new(Some(&server.url()), None).unwrap();
        hub.pauses = Pauses::of(|_| ());
        pull(&hub, self.model, self.installed.path(), &mut |_| ()).await
    }
}

/// Half of the weights, and then the connection breaks.
fn cut_weights(asked: &Asked, folder: &Path) -> Answer {
    let content = fs::read(folder.join("model.safetensors")).unwrap();
    match start(asked) {
        None => Answer::new(200, &content[..content.len() / 2]).cut(),
        Some(_) => Answer::new(500, ""),
    }
}

#[tokio::test]
async fn an_installed_model_can_be_used_and_is_not_fetched_again() {
    let case = Case::new();
    let server = case.server(|_, answer| answer).await;
    let hub = Hub::new(Some(&server.url()), None).unwrap();
    let mut seen = Vec::new();
    let mut progress = |progress: Progress<'_>| seen.push((progress.file.to_owned(), progress.done, progress.total));
    let path = pull(&hub, case.model, case.installed.path(), &mut progress).await.unwrap();
    assert_eq!(path, case.target());
    assert!(seen.is_sorted_by_key(|(_, done, _)| *done));
    assert_eq!(seen.last().unwrap(), &("model.safetensors".to_owned(), case.model.bytes(), case.model.bytes()));
    let local = LocalModel::open(&path, LocalOptions::default()).unwrap();
    assert_eq!((local.id().name.as_str(), local.id().dimension), ("tiny", 8));
    let fetched = server.asked().len();
    case.pull(&server).await.unwrap();
    assert_eq!(server.asked().len(), fetched);
    let left: Vec<_> = fs::read_dir(case.installed.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["tiny"]);
}

#[tokio::test]
async fn a_broken_connection_is_gone_on_from() {
    let case = Case::new();
    let source = case.source.path().to_owned();
    let server = case
        .server(move |asked, answer| match (asked_file(asked).as_str(), start(asked)) {
            ("model.safetensors", None) => cut_weights(asked, &source),
            _ => answer,
        })
        .await;
    case.pull(&server).await.unwrap();
    verify(&case.target()).unwrap();
    let last = server.asked().pop().unwrap();
    let size = case.model.files.last().unwrap().bytes as usize;
    assert_eq!((asked_file(&last).as_str(), start(&last)), ("model.safetensors", Some(size / 2)));
}

#[tokio::test]
async fn a_failed_installation_is_gone_on_with_the_next_time() {
    let case = Case::new();
    let source = case.source.path().to_owned();
    let server = case
        .server(move |asked, answer| match asked_file(asked).as_str() {
            "model.safetensors" => cut_weights(asked, &source),
            _ => answer,
        })
        .await;
    let error = case.pull(&server).await.unwrap_err();
    assert!(matches!(error, EmbedError::Unreachable { .. }), "{error}");
    assert!(!case.target().exists());
    let better = case.server(|_, answer| answer).await;
    case.pull(&better).await.unwrap();
    verify(&case.target()).unwrap();
    let asked = better.asked();
    assert_eq!(asked.len(), 1, "all else was there");
    assert!(start(&asked[0]).is_some());
}

#[tokio::test]
async fn a_server_may_know_no_ranges() {
    for (status, again) in [(200, false), (416, true)] {
        let case = Case::new();
        let part = case.installed.path().join("tiny.part");
        fs::create_dir_all(&part).unwrap();
        fs::write(part.join("config.json"), "half").unwrap();
        let source = case.source.path().to_owned();
        let server = case
            .server(move |asked, answer| match start(asked) {
                Some(_) if status == 416 => Answer::new(416, ""),
                Some(_) => Answer::new(200, fs::read(source.join(asked_file(asked))).unwrap()),
                None => answer,
            })
            .await;
        case.pull(&server).await.unwrap();
        verify(&case.target()).unwrap();
        assert_eq!(server.asked().len(), case.model.files.len() + usize::from(again), "{status}");
    }
}

#[tokio::test]
async fn another_content_is_refused_and_nothing_is_installed() {
    for content in ["{}".to_owned(), "x".repeat(100_000)] {
        let case = Case::new();
        let size = case.model.files[0].bytes as usize;
        let wrong = if content.len() < size { format!("{content:size$}") } else { content };
        let server = case
            .server(move |asked, answer| match asked_file(asked).as_str() {
                "config.json" => Answer::new(200, wrong.clone()),
                _ => answer,
            })
            .await;
        let error = case.pull(&server).await.unwrap_err().to_string();
        assert!(
            error.contains("config.json has the wrong content") && error.contains("nothing was installed"),
            "{error}"
        );
        assert!(!case.target().exists());
        let better = case.server(|_, answer| answer).await;
        case.pull(&better).await.unwrap();
        assert_eq!(start(&better.asked()[0]), None, "what was wrong is not gone on from");
    }
}

#[tokio::test]
async fn a_server_without_the_model_is_told() {
    let case = Case::new();
    for (status, expected) in [(404, "does this server have the model?"), (401, "does not give it to everybody")] {
        let server = case.server(move |_, _| Answer::new(status, "")).await;
        let error = case.pull(&server).await.unwrap_err().to_string();
        assert!(error.contains("127.0.0.1") && error.contains(expected), "{error}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_model_that_was_changed_is_replaced() {
    let case = Case::new();
    let server = case.server(|_, answer| answer).await;
    case.pull(&server).await.unwrap();
    let weights = case.target().join("model.safetensors");
    let mut content = fs::read(&weights).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(&weights, &content).unwrap();
    fs::write(case.target().join("mine.txt"), "left by somebody").unwrap();
    let error = verify(&case.target()).unwrap_err().to_string();
    assert!(error.contains("model.safetensors") && error.contains("steward models pull"), "{error}");
    case.pull(&server).await.unwrap();
    verify(&case.target()).unwrap();
    assert!(!case.target().join("mine.txt").exists() && !case.installed.path().join("tiny.old").exists());
}

#[tokio::test]
async fn two_do_not_install_the_same_model_at_once() {
    let case = Case::new();
    let server = case.server(|_, answer| answer).await;
    let _first = begin(case.model, &case.installed.path().join("tiny.part")).await.unwrap();
    let error = case.pull(&server).await.unwrap_err().to_string();
    assert!(error.contains("tiny.part is in use"), "{error}");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_or_is_full_is_told_before_anything_is_fetched() {
    let case = Case::new();
    let server = case.server(|_, answer| answer).await;
    let huge = ModelFile { name: "model.safetensors", bytes: u64::MAX / 2, sha256: "" };
    let model = Model { files: Box::leak(Box::new([huge])), ..*case.model };
    let hub = Hub::new(Some(&server.url()), None).unwrap();
    let error = pull(&hub, &model, case.installed.path(), &mut |_| ()).await.unwrap_err().to_string();
    assert!(error.contains("tiny.part needs") && error.contains("make room"), "{error}");
    let in_the_way = case.installed.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    let error = pull(&hub, case.model, &in_the_way, &mut |_| ()).await.unwrap_err().to_string();
    assert!(error.contains("file/tiny.part"), "{error}");
    assert!(server.asked().is_empty());
}
