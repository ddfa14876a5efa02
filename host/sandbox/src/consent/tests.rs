//! The difference between two requests case by case, and the whole text as an owner reads it.

use super::*;
use crate::limits::Limits;

/// A request for what a manifest grants, with these imports and tools.
fn request(version: &str, rest: &str, imports: &[&str], tools: &[(&str, Effect, &str)]) -> Request {
    let text = format!("name = \"notes\"\nversion = \"{version}\"\ndescription = \"Keeps notes.\"\n{rest}");
    let manifest = Manifest::parse(&text).unwrap();
    let imports: Vec<_> = imports.iter().map(|&name| name.to_owned()).collect();
    let mut imported = crate::component::imported(imports.iter().map(String::as_str));
    if imported.access("http") != Access::None {
        imported = imported.with("secrets", Access::Write);
    }
    let reach = imported.intersection(manifest.grant.capabilities);
    let described: Vec<_> = tools
        .iter()
        .map(|(name, effect, requires)| Described {
            name: (*name).to_owned(),
            description: format!("Does {name}.\nAt length."),
            schema: serde_json::json!({ "type": "object" }),
            requires: requires.split_whitespace().filter_map(crate::grant::Requirement::parse).collect(),
            effect: (*effect).into(),
        })
        .collect();
    let hash = blake3::hash(version.as_bytes()).to_hex().to_string();
    let source =
        Source { manifest: &manifest, hash, size: version.len(), kind: Kind::Plugin, imports: &imports, reach };
    Request::of(source, described.iter())
}

/// The question about an update that the same author signed.
fn signed(request: Request, before: &Request) -> Consent {
    Consent::new(request, Some("KEY".to_owned()), Some(Before { request: before, author: Some("KEY") }))
}

const FILES: &str = "wasi:filesystem/preopens@0.2.6";
const HTTP: &str = "wasi:http/outgoing-handler@0.2.6";
const KV: &str = "steward:plugin/kv@0.1.0";
const MODEL: &str = "steward:plugin/model@0.1.0";
const PROCESS: &str = "steward:plugin/process@0.1.1";
const IMPORTS: &[&str] = &[FILES, HTTP, KV, MODEL, PROCESS];

/// What changed between two `[capabilities]`, a line each, with `+` where it widens.
fn changed(before: &str, now: &str) -> String {
    let all = "files http kv model process secrets";
    // What a manifest does not name is declined, so that it covers the imports.
    let asked = |text: &str| {
        let declined = all.split(' ').filter(|name| !text.contains(&format!("{name} =")));
        let declined: String = declined.map(|name| format!("{name} = false\n")).collect();
        request("1", &format!("[capabilities]\n{declined}{text}"), IMPORTS, &[])
    };
    told(&asked(now).changes(&asked(before)))
}

fn told(changes: &[Change]) -> String {
    let line = |change: &Change| format!("{} {}", if change.widens() { '+' } else { '-' }, change.text(Language::En));
    changes.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_changed_is_nothing_to_ask() {
    let all = "files = { access = \"write\" }\nhttp = { hosts = [\"*\"] }\nkv = {}";
    assert_eq!(changed(all, all), "");
}

#[test]
fn what_widens_and_what_narrows_is_told_apart() {
    let (read, write) = (r#"files = { access = "read" }"#, r#"files = { access = "write" }"#);
    let folders = |list: &str| format!(r#"files = {{ access = "write", folders = [{list}] }}"#);
    let http = |rest: &str| format!(r#"http = {{ hosts = ["*.a.org", "b.org"]{rest} }}"#);
    let hosts = |list: &str| format!("http = {{ hosts = [{list}] }}");
    let secret = |name: &str| format!("{}\nsecrets = {{ names = [\"{name}\"] }}", http(""));
    let run = |commands: &str| format!("process = {{ commands = {commands} }}");
    let ask = "Ask the model a few short questions in each call, which costs tokens.";
    let cases: &[(&str, &str, &str)] = &[
        ("kv = {}", "kv = {}\nmodel = {}", &format!("+ model: new. {ask}")),
        ("kv = {}\nmodel = {}", "kv = {}", "- model: no longer"),
        (read, write, "+ files: now read and write"),
        (write, read, "- files: now only read"),
        (&folders(r#""notes""#), write, "+ files: folders: also *"),
        (write, &folders(r#""notes""#), "- files: folders: no longer *"),
        (&folders(r#""notes""#), &folders(r#""notes/2026""#), "- files: folders: no longer notes:write"),
        (&http(""), &hosts(r#""x.a.org", "B.org.""#), "- http: hosts: no longer *.a.org"),
        (&http(""), &hosts(r#""*""#), "+ http: hosts: also *"),
        (&http(""), &hosts(r#""*.a.org", "b.org", "a.org""#), "+ http: hosts: also a.org"),
        (&http(""), &hosts(r#""*.a.org", "b.org:8443""#), "+ http: hosts: also b.org:8443; no longer b.org"),
        (&http(""), &http(r#", methods = ["GET", "HEAD", "POST"]"#), "+ http: methods: also POST"),
        (&http(r#", methods = ["GET", "POST"]"#), &http(r#", methods = ["GET"]"#), "- http: methods: no longer POST"),
        (&http(""), &http(", ports = [443, 8080]"), "+ http: ports: also 8080; no longer 80"),
        ("model = { calls = 2 }", "model = { calls = 4 }", "+ model: calls 4, before 2"),
        ("model = { tokens = 200 }", "model = { tokens = 100 }", "- model: tokens 100, before 200"),
        (&secret("A"), &secret("B"), "+ secrets: names: also B; no longer A"),
        (&run(r#"["git"]"#), &run(r#"["git", "rg"]"#), "+ process: commands: also rg"),
        (&run(r#"["git"]"#), &run(r#""ask""#), "+ process: commands: also ?; no longer git"),
        (&run(r#""full""#), &run(r#""ask""#), "- process: commands: no longer *"),
        (&run(r#""ask""#), &run("\"ask\", network = true"), "+ process: network: also *"),
    ];
    for (before, now, expected) in cases {
        assert_eq!(changed(before, now), *expected, "{before} → {now}");
    }
}

#[test]
fn what_was_approved_before_a_scope_was_known_is_asked_about() {
    let now = request("1", "[capabilities]\nhttp = { hosts = [\"*\"] }\nmodel = {}", &[HTTP, MODEL], &[]);
    let mut before = now.clone();
    before.capabilities.iter_mut().for_each(|one| one.scopes.clear());
    assert!(now.within(&before).is_err());
    assert!(before.within(&now).is_ok());
    assert_eq!(now.changes(&before).iter().filter(|change| change.widens()).count(), 5);
}

#[test]
fn limits_are_widest_where_the_manifest_sets_none() {
    let with = |limits: &str| request("1", limits, &[], &[]);
    let check = |before: &str, now: &str| told(&with(now).changes(&with(before)));
    insta::assert_snapshot!(check("", "[limits]\nmemory_mb = 8"), @"- limit memory_mb: 8, before all that is allowed");
    insta::assert_snapshot!(check("[limits]\nmemory_mb = 8", ""), @"+ limit memory_mb: all that is allowed, before 8");
    insta::assert_snapshot!(check("[limits]\ntime_seconds = 8", "[limits]\ntime_seconds = 9\noutput_kb = 4"), @r#"
    - limit output_kb: 4, before all that is allowed
    + limit time_seconds: 9, before 8
    "#);
}

#[test]
fn tools_are_compared_by_what_they_do_and_for_whom() {
    use Effect::{Destructive, Read, Write};
    let with = |tools: &[(&str, Effect, &str)]| request("1", "[capabilities]\nkv = {}", &[KV], tools);
    let before = with(&[("find", Read, "kv"), ("wipe", Destructive, "kv"), ("old", Read, "")]);
    let now = with(&[("find", Write, ""), ("wipe", Read, "kv"), ("new", Read, "kv")]);
    insta::assert_snapshot!(told(&now.changes(&before)), @r#"
    + tool find: changes something here, before: only reads
    + tool find: requires: no longer kv, so more people are offered it
    + tool wipe: only reads, before: cannot be undone, so you are asked about it less
    + new tool new (only reads)
    - no longer there: tool old (only reads)
    "#);
    insta::assert_snapshot!(told(&before.changes(&now)), @r#"
    + tool find: only reads, before: changes something here, so you are asked about it less
    - tool find: requires: also kv
    + tool wipe: cannot be undone, before: only reads
    + new tool old (only reads)
    - no longer there: tool new (only reads)
    "#);
}

#[test]
fn what_is_loaded_is_held_to_the_file_and_the_grants_that_were_approved() {
    let approved =
        request("1", "[capabilities]\nkv = {}\nfiles = false", &[KV, FILES], &[("find", Effect::Read, "kv")]);
    assert!(approved.within(&approved).is_ok());
    let other = Request { hash: "another".to_owned(), ..approved.clone() };
    assert!(matches!(other.within(&approved), Err(LoadError::Altered)));
    let granted = "[capabilities]\nkv = {}\nfiles = { access = \"read\" }";
    let wider = request("1", granted, &[KV, FILES], &[("find", Effect::Read, "kv")]);
    let error = wider.within(&approved).unwrap_err().to_string();
    assert!(error.contains("files: new.") && error.contains("steward plugin install"), "{error}");
    // A guest that says something else of its tools than it said when it was approved.
    let harmless =
        request("1", "[capabilities]\nkv = {}\nfiles = false", &[KV, FILES], &[("find", Effect::Write, "kv")]);
    assert!(matches!(harmless.within(&approved), Err(LoadError::NotApproved(_))));
}

#[test]
fn an_approval_is_read_back_as_it_was_kept() {
    let rest = "[capabilities]\nhttp = { hosts = [\"*\"] }\nmodel = {}\n[limits]\nmemory_mb = 8";
    let request = request("1", rest, &[HTTP, MODEL], &[("find", Effect::Send, "http")]);
    let kept = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&kept).unwrap(), request);
}

const WHOLE: &str = r#"[capabilities]
files = { access = "read" }
http = { hosts = ["*.example.org", "еxample.com"], methods = ["GET", "POST"] }
secrets = { names = ["TOKEN"] }
model = { calls = 2, tokens = 100 }
memory = {}
kv = false
process = false
[limits]
memory_mb = 8
"#;

#[test]
fn an_owner_reads_all_of_it() {
    let tools =
        [("find", Effect::Read, "files"), ("post", Effect::Send, "http secrets"), ("keep", Effect::Write, "kv")];
    let consent = Consent::new(request("1.0", WHOLE, IMPORTS, &tools), None, None);
    assert!(consent.is_needed());
    insta::assert_snapshot!(consent.text(Language::En, &Limits::default()), @r#"
    notes 1.0 (3 B)
      A plugin of the world steward:plugin.
      Its author says: Keeps notes.
      BLAKE3 ecf87622ea5c78b2b1f44016ea95d14feb3bd825f7544e7201862f3d12b4cd1b
      Not signed
    It asks to:
      files (only read)
        Use the files of the workspace: read them, and with write access create, change and delete them.
        In the whole workspace.
        imported as wasi:filesystem/preopens@0.2.6
      http
        Send requests to the listed hosts on the internet.
        It may reach *.example.org, xn--xample-2of.com.
        With requests of the kinds GET, POST.
        At the ports 443, 80.
        imported as wasi:http/outgoing-handler@0.2.6
      model
        Ask the model a few short questions in each call, which costs tokens.
        Questions in one call: 2 at most.
        Tokens of an answer: 100 at most.
        imported as steward:plugin/model@0.1.0
      secrets
        Have the host put the listed secrets into its requests, and ask you to set them.
        It may use these in its requests without seeing them: TOKEN.
    It declines these, and calls to them fail: kv, process
    In its manifest but not in the binary, so it has no effect: memory
    A call has 64 MB of memory, 60 s, 256 KB of answer, 20 MB of attachments, 64 MB to files.
    Its tools, as it describes them itself:
      find (only reads; requires files): Does find.
      post (sends something to others; requires http, secrets): Does post.
      keep (changes something here; requires kv): Does keep.
    Also offered to people who are not owners: find
    Offered to nobody, because it declines what they require: keep
    "#);
    insta::assert_snapshot!(consent.text(Language::Ru, &Limits::default()), @r#"
    notes 1.0 (3 B)
      Плагин мира steward:plugin.
      Автор пишет: Keeps notes.
      BLAKE3 ecf87622ea5c78b2b1f44016ea95d14feb3bd825f7544e7201862f3d12b4cd1b
      Не подписан
    Просит разрешения:
      files (только чтение)
        Работать с файлами рабочей папки: читать, а с правом записи создавать, менять и удалять.
        Во всей рабочей папке.
        импорт wasi:filesystem/preopens@0.2.6
      http
        Отправлять запросы на перечисленные адреса в интернете.
        Может обращаться к *.example.org, xn--xample-2of.com.
        Запросами видов GET, POST.
        По портам 443, 80.
        импорт wasi:http/outgoing-handler@0.2.6
      model
        Задавать модели несколько коротких вопросов за вызов; это расходует токены.
        Вопросов за один вызов: до 2.
        Токенов в ответе: до 100.
        импорт steward:plugin/model@0.1.0
      secrets
        Пользоваться перечисленными секретами в запросах (подставляет хост) и просить вас их задать.
        Может подставлять в свои запросы, не видя их: TOKEN.
    Отказывается от этого; такие вызовы завершатся ошибкой: kv, process
    Есть в манифесте, но не в программе, поэтому не действует: memory
    Вызову дано: память 64 MB, время 60 с, ответ 256 KB, вложения 20 MB, запись 64 MB.
    Инструменты, по его собственному описанию:
      find (только чтение; требует files): Does find.
      post (отправка другим людям; требует http, secrets): Does post.
      keep (изменение данных здесь; требует kv): Does keep.
    Доступны и тем, кто не владелец: find
    Недоступны никому: плагин отказался от того, что им нужно: keep
    "#);
}

#[test]
fn an_update_begins_with_what_changed() {
    let before = request("1.0", "[capabilities]\nkv = {}\nmodel = { calls = 4 }", &[KV, MODEL], &[]);
    let now = request("1.1", "[capabilities]\nkv = {}\nmodel = { calls = 2 }", &[KV, MODEL], &[]);
    let narrower = signed(now.clone(), &before);
    assert!(!narrower.is_needed());
    insta::assert_snapshot!(narrower.text(Language::En, &Limits::default()), @r#"
    notes 1.1 (3 B)
      A plugin of the world steward:plugin.
      Its author says: Keeps notes.
      BLAKE3 0b05da999f66ad01ccbafbb6719dc1cdcea39bac56e53d7356f5152502662171
      Signed with the key KEY
    Changed since the approved version 1.0:
      - model: calls 2, before 4
    It asks to:
      kv
        Keep its own small data, separate for each person.
        imported as steward:plugin/kv@0.1.0
      model
        Ask the model a few short questions in each call, which costs tokens.
        Questions in one call: 2 at most.
        Tokens of an answer: 1000 at most.
        imported as steward:plugin/model@0.1.0
    A call has 64 MB of memory, 60 s, 256 KB of answer, 20 MB of attachments, 64 MB to files.
    "#);
    let wider = signed(before, &now);
    assert!(wider.is_needed());
    insta::assert_snapshot!(wider.changes_text(Language::Ru), @r#"
    ! Версия 1.0 старше установленной 1.1.
    Изменилось после одобренной версии 1.1:
      + model: calls 4, было 2
    "#);
    let same = signed(now.clone(), &now).changes_text(Language::En);
    assert_eq!(same, "It asks for the same as the approved version 1.1.\n");
}

#[test]
fn what_its_author_wrote_cannot_look_like_the_question() {
    let mut request = request("1", "[capabilities]\nkv = {}", &[KV], &[("find", Effect::Read, "kv")]);
    request.version = "1\u{1b}[2K\nIt can reach nothing outside itself.".to_owned();
    request.description = format!("Nice\u{202e}ecin.\n{}", "x".repeat(5_000));
    request.tools[0].description = "\r+ harmless".to_owned();
    let text = Consent::new(request, None, None).text(Language::En, &Limits::default());
    assert!(!text.contains(['\u{1b}', '\r', '\u{202e}']), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("It reaches nothing")), "{text}");
    assert!(text.len() < 3_000, "{text}");
}

#[test]
fn what_may_not_be_the_next_version_by_the_same_author_is_asked_about() {
    let plain = "[capabilities]\nkv = {}";
    let ask = |before: (&str, Option<&str>), now: (&str, Option<&str>)| {
        let [installed, new] = [before.0, now.0].map(|version| request(version, plain, &[KV], &[]));
        let before = Before { request: &installed, author: before.1 };
        let consent = Consent::new(new, now.1.map(str::to_owned), Some(before));
        (consent.is_needed(), consent.is_by_another(), consent.changes_text(Language::En))
    };
    let (a, b) = (Some("KEY-A"), Some("KEY-B"));
    assert_eq!(
        ask(("1.0", a), ("1.1", a)),
        (false, false, "It asks for the same as the approved version 1.0.\n".into())
    );
    assert!(!ask(("1.0", None), ("1.0", None)).0, "the same file");
    for (before, now, other, told) in [
        (("1.1", a), ("1.0", a), false, "! Version 1.0 is older than the installed 1.1.\n"),
        (("1.0", a), ("1.0.0", a), false, "! It has the same version 1.0.0 and other content.\n"),
        (("1.0", a), ("new", a), false, "! Version new may be older than the installed 1.0.\n"),
        (("1.0", a), ("1.1", b), true, "Key before: KEY-A. Key now: KEY-B."),
        (("1.0", a), ("1.1", None), true, "Key before: KEY-A. Key now: none."),
        (("1.0", None), ("1.1", a), false, "From now on only the key KEY-A can update it."),
        (("1.0", None), ("1.1", None), false, "  Installed: ecf87622"),
    ] {
        let (needed, another, text) = ask(before, now);
        assert!(needed && another == other && text.contains(told), "{text}");
    }
}
