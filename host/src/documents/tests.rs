use jiff::tz::TimeZone;
use steward_agent::{Address, Sender};
use steward_sandbox::{Compiler, HttpPolicy, Limits, PluginSource, RecordPolicy, Roles, SandboxConfig};

use super::*;

/// The plugin as it ships, in a sandbox whose workspace holds somebody's file.
struct Scene {
    folder: TempDir,
    documents: Documents,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, workspace) = (folder.path().join("data"), folder.path().join("workspace"));
        fs::create_dir_all(&workspace).unwrap();
        fs::write(workspace.join("document.txt"), "of the workspace").unwrap();
        let store = Store::open(&data.join("steward.sqlite")).unwrap();
        let address = Address { channel: "terminal".to_owned(), chat: "owner".to_owned() };
        let sender = Sender { id: "owner".to_owned(), name: "Olga".to_owned(), username: None, language: None };
        store.meet("terminal", &sender, Some(Role::Owner), &address, Timestamp::now()).await.unwrap();
        let config = SandboxConfig {
            compiled: data.join("compiled"),
            compiler: Compiler::InProcess,
            workspace,
            people: data.join("people"),
            store: store.clone(),
            time_zone: TimeZone::UTC,
            roles: Roles::default(),
            events: None,
            http: HttpPolicy::default(),
            record: RecordPolicy::default(),
            limits: Limits::default(),
        };
        let shipped = steward_builtin::PLUGINS.iter().filter(|plugin| plugin.name == PLUGIN);
        let sources = shipped.map(|plugin| PluginSource {
            name: plugin.name.to_owned(),
            wasm: plugin.wasm().into(),
            manifest: plugin.manifest.to_owned(),
        });
        let catalogue = Catalogue::load(config, sources.collect()).await.unwrap();
        let plugins = Arc::new(Plugins::of(catalogue, store.clone()));
        Self { documents: Documents::new(plugins, store, &data), folder }
    }

    async fn read(&self, name: &str, content: &[u8]) -> Result<Document, DocumentError> {
        let file = self.folder.path().join("any");
        fs::write(&file, content).unwrap();
        self.documents.text(File::open(&file).unwrap(), name).await
    }

    /// What lies in the folder of copies.
    fn left(&self) -> usize {
        fs::read_dir(self.folder.path().join("data").join(FOLDER)).map_or(0, Iterator::count)
    }
}

const PAGE: &str = "<html><head><title>Часы</title></head><body><h1>Будни</h1><p>с девяти</body></html>";

#[tokio::test]
async fn a_file_from_anywhere_is_read_whole_and_no_copy_stays() {
    let scene = Scene::new().await;
    let document = scene.read("часы работы.HTML", PAGE.as_bytes()).await.unwrap();
    assert_eq!(document.title.as_deref(), Some("Часы"));
    assert_eq!((document.text.as_str(), document.format.as_str()), ("# Будни\n\nс девяти", "html"));

    let text: String = (0..60_000).map(|number| format!("строка {number}\n")).collect();
    let document = scene.read("a.txt", text.as_bytes()).await.unwrap();
    assert!(document.text == text && !document.cut, "{}", document.text.len());
    let document = scene.read("a.txt", "я".repeat(TEXT_LIMIT / 2 + 1).as_bytes()).await.unwrap();
    assert!(document.cut && document.text.len() == TEXT_LIMIT, "{}", document.text.len());
    assert_eq!(scene.left(), 0);

    let folder = scene.folder.path().join("data").join(FOLDER);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    fs::create_dir_all(folder.join("half")).unwrap();
    tidy(&scene.folder.path().join("data"));
    assert!(!folder.exists());
    tidy(&scene.folder.path().join("data"));
}

#[tokio::test]
async fn what_cannot_be_read_or_is_not_shown_is_told_by_its_own_name() {
    let scene = Scene::new().await;
    for (name, content, told) in [
        ("скан.pdf", &b"%PDF-1.7 nothing"[..], "`скан.pdf` is damaged or incomplete"),
        ("photo.docx", b"\x89PNG\r\n\x1a\n", "`photo.docx` is a PNG image"),
    ] {
        let error = scene.read(name, content).await.unwrap_err();
        assert!(matches!(&error, DocumentError::Unreadable(text) if text.contains(told)), "{error}");
    }
    let huge = scene.folder.path().join("huge");
    File::create(&huge).unwrap().set_len(FILE_LIMIT + 1).unwrap();
    let error = scene.documents.text(File::open(&huge).unwrap(), "huge.txt").await.unwrap_err();
    assert!(matches!(&error, DocumentError::Unreadable(text) if text.contains("more than 24 MB")), "{error}");
    let error = scene.documents.text(File::open(scene.folder.path()).unwrap(), "folder").await.unwrap_err();
    assert!(matches!(error, DocumentError::Later(_)), "{error}");
    assert_eq!(scene.left(), 0);

    // There is a file of this name in the workspace, and none where the plugin looks.
    let alone = scene.folder.path().join("alone");
    fs::create_dir(&alone).unwrap();
    let catalogue = scene.documents.plugins.catalogue().elsewhere(PLUGIN, alone).unwrap();
    let (principal, deadline) = (scene.documents.principal().await.unwrap(), Instant::now() + TIME);
    let reading = Reading { catalogue, principal, staged: "document.txt", name: "a.txt", deadline };
    let error = reading.whole().await.unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
}

#[test]
fn a_name_is_told_by_its_ending_alone() {
    for (name, staged) in [
        ("договор.PDF", "document.pdf"),
        ("a.b.html", "document.html"),
        ("noname", "document"),
        ("a.ть", "document"),
        ("a.x/../../y", "document"),
        ("a.", "document"),
    ] {
        assert_eq!(staged_name(name), staged);
    }
}
