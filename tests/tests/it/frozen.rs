//! The contract of the past holds: its frozen copy is what it was, everything in it is still in `wit/` with the same
//! types, and plugins built against it load, are offered and answer in today's host.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use steward_agent::{Address, Origin, Role, Sender};
use steward_sandbox::{HttpPolicy, Kind, Outcome};
use steward_store::{Person, Store};
use steward_tests::guests::{FROZEN_EVERYTHING, FROZEN_EVERYTHING_MANIFEST, FROZEN_MODEST, FROZEN_MODEST_MANIFEST};
use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind, TypeId, UnresolvedPackageGroup, WorldItem};

use crate::cage::{self, Cage, source};

fn frozen() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("frozen")
}

/// Every file beneath a folder, named from it.
fn files(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(root, &path, found);
        } else {
            found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn nothing_frozen_was_touched() {
    let root = frozen();
    let mut found = BTreeSet::new();
    files(&root, &root, &mut found);
    assert!(found.remove("SUMS"));
    let sum = |name: &String| format!("{}  {name}\n", blake3::hash(&std::fs::read(root.join(name)).unwrap()).to_hex());
    let now: String = found.iter().map(sum).collect();
    let then = std::fs::read_to_string(root.join("SUMS")).unwrap();
    assert!(now == then, "a frozen file was changed, added or removed; give a change a separate folder:\n{now}");
}

/// A contract written down: `interface.item` → what it is, every type by its full shape.
fn written(folder: &Path) -> BTreeMap<String, String> {
    let mut resolve = Resolve::default();
    let package = resolve.push_group(UnresolvedPackageGroup::parse_dir(folder).unwrap()).unwrap();
    let mut items = BTreeMap::new();
    for (name, id) in &resolve.packages[package].interfaces {
        let interface = &resolve.interfaces[*id];
        for (item, id) in &interface.types {
            items.insert(format!("{name}.{item}"), shape_of(&resolve, *id));
        }
        for (item, function) in &interface.functions {
            items.insert(format!("{name}.{item}"), signature(&resolve, function));
        }
    }
    for (name, id) in &resolve.packages[package].worlds {
        let world = &resolve.worlds[*id];
        for (way, list) in [("import", &world.imports), ("export", &world.exports)] {
            for item in list.values() {
                if let WorldItem::Interface { id, .. } = item {
                    let interface = resolve.interfaces[*id].name.as_deref().unwrap();
                    items.insert(format!("{name}: {way} {interface}"), way.to_owned());
                }
            }
        }
    }
    items
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let params = function.params.iter().map(|param| format!("{}: {}", param.name, shape(resolve, &param.ty)));
    let result = function.result.as_ref().map(|ty| shape(resolve, ty));
    format!("{:?} ({}) -> {result:?}", function.kind, params.collect::<Vec<_>>().join(", "))
}

fn shape(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Id(id) => shape_of(resolve, *id),
        plain => format!("{plain:?}"),
    }
}

fn optional(resolve: &Resolve, ty: Option<&Type>) -> String {
    ty.map_or_else(|| "_".to_owned(), |ty| shape(resolve, ty))
}

fn shape_of(resolve: &Resolve, id: TypeId) -> String {
    let of = |ty: &Type| shape(resolve, ty);
    let list = |items: Vec<String>| items.join(", ");
    match &resolve.types[id].kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter().map(|field| format!("{}: {}", field.name, of(&field.ty)));
            format!("record {{ {} }}", list(fields.collect()))
        }
        TypeDefKind::Variant(variant) => {
            let cases =
                variant.cases.iter().map(|case| format!("{}({})", case.name, optional(resolve, case.ty.as_ref())));
            format!("variant {{ {} }}", list(cases.collect()))
        }
        TypeDefKind::Enum(cases) => {
            format!("enum {{ {} }}", list(cases.cases.iter().map(|case| case.name.clone()).collect()))
        }
        TypeDefKind::Flags(flags) => {
            format!("flags {{ {} }}", list(flags.flags.iter().map(|flag| flag.name.clone()).collect()))
        }
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", list(tuple.types.iter().map(of).collect())),
        TypeDefKind::Option(ty) => format!("option<{}>", of(ty)),
        TypeDefKind::List(ty) => format!("list<{}>", of(ty)),
        TypeDefKind::Result(result) => {
            format!("result<{}, {}>", optional(resolve, result.ok.as_ref()), optional(resolve, result.err.as_ref()))
        }
        TypeDefKind::Handle(Handle::Own(id)) => format!("own<{}>", shape_of(resolve, *id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", shape_of(resolve, *id)),
        TypeDefKind::Resource => format!("resource {:?}", resolve.types[id].name),
        TypeDefKind::Type(ty) => of(ty),
        other => panic!("the contract has a type this test cannot write down: {other:?}"),
    }
}

#[test]
fn the_contract_only_grows() {
    let now = written(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit"));
    let then = written(&frozen().join("contract-0.1.0/wit"));
    assert!(then.len() > 60, "{then:#?}");
    for (item, was) in &then {
        assert_eq!(now.get(item), Some(was), "{item} was changed: leave it as it is and add another next to it");
    }
}

/// The sandbox with the frozen plugins in it, and two people it knows.
struct House {
    cage: Cage,
    owner: Person,
    anna: Person,
}

impl House {
    async fn open() -> Self {
        let sources = vec![
            source("everything", FROZEN_EVERYTHING, FROZEN_EVERYTHING_MANIFEST),
            source("modest", FROZEN_MODEST, FROZEN_MODEST_MANIFEST),
        ];
        let cage = Cage::open(sources, HttpPolicy::default()).await;
        assert!(cage.catalogue.refused().is_empty(), "{:?}", cage.catalogue.refused());
        let owner = meet(&cage.store, "olga", Some(Role::Owner)).await;
        let anna = meet(&cage.store, "anna", None).await;
        cage.store.mark_dealt(anna.id, Timestamp::now()).await.unwrap();
        Self { cage, owner, anna }
    }

    /// What a tool said, line by line.
    async fn told(&self, person: &Person, tool: &str) -> Vec<String> {
        let tomorrow = Timestamp::now().to_zoned(TimeZone::UTC).datetime().saturating_add(24.hours()).to_string();
        let mut call = cage::call(person.role.clone(), tool, json!({ "user": "anna", "at": tomorrow }));
        call.principal.person = person.id;
        call.key = format!("{} {tool}", person.name);
        let answer = self.cage.catalogue.call(call).await;
        assert_eq!(answer.outcome, Outcome::Ok, "{tool}: {}", answer.text);
        answer.text.lines().map(str::to_owned).collect()
    }

    fn offered(&self, role: &Role) -> Vec<String> {
        self.cage.catalogue.tools_for(role, Origin::Chat).iter().map(|tool| tool.name.clone()).collect()
    }
}

async fn meet(store: &Store, name: &str, role: Option<Role>) -> Person {
    let sender = Sender { id: name.to_owned(), name: name.to_owned(), username: None, language: None };
    let address = Address { channel: "telegram".to_owned(), chat: name.to_owned() };
    store.meet("telegram", &sender, role, &address, Timestamp::now()).await.unwrap()
}

/// What each function must have given: the beginnings of lines, in their order.
fn check(tool: &str, lines: &[String], expected: &[&str]) {
    assert_eq!(lines.len(), expected.len(), "{tool}: {lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{tool}: `{line}` is not `{expected}…`");
    }
}

#[tokio::test]
async fn plugins_of_the_first_contract_are_offered_by_what_they_require() {
    let house = House::open().await;
    let modest = ["modest_destroy", "modest_read", "modest_send", "modest_write"];
    let own = ["use_delegate", "use_kv", "use_log", "use_memory", "use_model", "use_people", "use_run", "use_schedule"];
    let more = ["use_secrets", "use_send"];
    let mut expected = [&modest[..], &own, &["use_own_tasks"], &more].concat();
    expected.sort_unstable();
    assert_eq!(house.offered(&Role::Owner), expected);
    let outsider = [&modest[..], &["use_kv", "use_log", "use_own_tasks", "use_owner_mail", "use_run"]].concat();
    assert_eq!(house.offered(&Role::External), outsider);
    let kinds: Vec<_> = house.cage.catalogue.plugins().iter().map(|plugin| plugin.kind).collect();
    assert_eq!(kinds, [Kind::Plugin, Kind::Plugin]);
}

#[tokio::test]
async fn every_function_of_the_first_contract_answers_as_it_did() {
    let house = House::open().await;
    let all: &[(&str, &[&str])] = &[
        (
            "use_run",
            &[
                "caller: Identity { role: \"owner\"",
                "locale: \"en\"",
                "time-zone: \"UTC\"",
                "now: \"2",
                "time-left: true",
            ],
        ),
        ("use_log", &["write: ()"]),
        (
            "use_kv",
            &["set: Ok(())", "get: Ok(Some([118, 97,", "list: Ok([\"a/b\"])", "delete: Ok(())", "get: Ok(None)"],
        ),
        (
            "use_memory",
            &["append: Ok(())", "files: Ok([File { path: \"MEMORY.md\"", "read: Ok(", "read: Err(Failure::NotFound("],
        ),
        (
            "use_schedule",
            &[
                "create: Ok((\"Tea\", None))",
                "cancel: Ok(\"Tea\")",
                "create: Ok((\"Tea\", None))",
                "cancel: Ok(\"Tea\")",
                "create: Ok((\"Tea\", Some(\"0 8 * * 1-5\")))",
                "cancel: Ok(\"Tea\")",
                "create: Ok((\"Tea\", Some(\"every 3600 seconds\")))",
                "cancel: Ok(\"Tea\")",
                "list: Ok(0)",
                "cancel: Err(Failure::",
            ],
        ),
        (
            "use_delegate",
            &["create: Ok((\"Water the plants\", \"open\", \"anna\", false))", "list: Ok([(\"Water the plants\""],
        ),
        ("use_people", &["find: Ok([(\"anna\", \"external\", false)])", "list: Ok([])"]),
        ("use_send", &["message: Ok(Receipt { user: \"anna\", channel: \"telegram\" })"]),
        ("use_model", &["ask: Err(Failure::Unavailable("]),
        (
            "use_secrets",
            &["list: Ok([Secret { name: \"EXAMPLE_TOKEN\", is-set: false", "ask: Ok(())", "ask: Err(Failure::Denied("],
        ),
    ];
    for (tool, expected) in all {
        check(tool, &house.told(&house.owner, tool).await, expected);
    }
    let tasks = house.told(&house.anna, "use_own_tasks").await;
    check(
        "use_own_tasks",
        &tasks,
        &[
            "list: Ok([(\"Water the plants\", \"open\", None)])",
            "update: Err(Failure::",
            "update: Ok((\"Water the plants\", \"done\", Some(\"They are wet.\")))",
        ],
    );
    check("use_owner_mail", &house.told(&house.anna, "use_owner_mail").await, &["leave: Ok(())"]);
}

#[tokio::test]
async fn every_answer_of_the_first_contract_is_understood() {
    let house = House::open().await;
    for (asked, outcome, text) in [
        ("invalid", Outcome::Invalid, "an invalid answer"),
        ("denied", Outcome::Denied, "a denied answer"),
        ("not-found", Outcome::NotFound, "an answer not found"),
        ("unavailable", Outcome::Unavailable, "an unavailable answer"),
        ("failed", Outcome::Failed, "a failed answer"),
    ] {
        let answer = house.cage.own("modest_read", json!({ "answer": asked })).await;
        assert_eq!((answer.outcome, &*answer.text), (outcome, text));
    }
    let answer = house.cage.own("modest_send", json!({ "answer": "all" })).await;
    assert_eq!((answer.outcome, &*answer.text), (Outcome::Ok, "modest_send got {\"answer\":\"all\"}"));
    assert_eq!(answer.structured, Some(json!({ "answer": "all" })));
    let attached: Vec<_> = answer.attachments.iter().map(|file| (&*file.name, &*file.mime, &*file.data)).collect();
    assert_eq!(attached, [("note.txt", "text/plain", &b"noted"[..])]);
    let effects: Vec<Value> =
        house.cage.catalogue.tools().map(|tool| json!([tool.name, format!("{:?}", tool.effect)])).collect();
    for wanted in [["modest_read", "Read"], ["modest_write", "Write"], ["modest_send", "Send"]] {
        assert!(effects.contains(&json!(wanted)), "{effects:?}");
    }
    assert!(effects.contains(&json!(["modest_destroy", "Destructive"])), "{effects:?}");
}
