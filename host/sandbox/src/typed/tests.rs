//! Any type that can be written down: JSON goes in and comes out the same, and nothing a model sends breaks it. Then
//! components with their own functions, called through the whole sandbox.

mod shape;

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use steward_agent::Role;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Type};

use self::shape::{Shape, any_shape, any_value};
use super::{lift, lower, schema::Shapes};
use crate::guest::manifest;
use crate::tests::Sandbox;
use crate::{Compiler, LoadError, Outcome, PluginSource, engine, inspect};

static ENGINE: LazyLock<wasmtime::Engine> = LazyLock::new(|| engine::compiler().unwrap());

/// The type of the one parameter of the function `f` that a component imports.
fn type_of(component: &str) -> Type {
    let component = Component::new(&ENGINE, wat::parse_str(component).unwrap()).unwrap();
    let ty = component.component_type();
    let function = ty.get_import(&ENGINE, "f").unwrap().ty;
    let ComponentItem::ComponentFunc(function) = function else { panic!("f is not a function") };
    function.params().next().unwrap().1
}

fn of_text(ty: &str) -> Type {
    type_of(&format!(r#"(component (import "f" (func (param "x" {ty}))))"#))
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "[a-z0-9]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("(ok|err|some|a[0-3])", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn values_go_to_json_and_back((shape, value) in any_shape().prop_flat_map(|shape| {
        let value = any_value(&shape);
        (Just(shape), value)
    })) {
        let ty = type_of(&shape.component());
        let json = lift::json(&ty, &value).unwrap();
        let read: Value = serde_json::from_str(&json.to_string()).unwrap();
        prop_assert_eq!(lower::value(&ty, &read).map_err(|error| error.to_string()), Ok(value), "{}", json);
        prop_assert!(Shapes::default().of(&ty).is_ok());
    }

    #[test]
    fn any_json_is_taken_for_what_it_is_or_refused(shape in any_shape(), given in any_json()) {
        let ty = type_of(&shape.component());
        if let Ok(value) = lower::value(&ty, &given) {
            let json = lift::json(&ty, &value).unwrap();
            prop_assert_eq!(lower::value(&ty, &json).map_err(|error| error.to_string()), Ok(value));
        }
    }
}

#[test]
fn what_does_not_fit_is_named_by_its_path() {
    let people =
        type_of(&Shape::Record(vec![Shape::List(Box::new(Shape::Record(vec![Shape::Plain("u8")])))]).component());
    let told = |json| lower::value(&people, &json).unwrap_err().to_string();
    assert_eq!(
        told(json!({"a0": [{"a0": 1}, {"a0": 300}]})),
        "`a0[1].a0` must be a whole number from 0 to 255, not 300"
    );
    assert_eq!(told(json!({"a0": [{}]})), "`a0[0].a0` is missing");
    assert_eq!(told(json!({"a0": [], "b": 1})), "`b` is not known: there are a0");
    assert_eq!(told(json!("x")), "must be an object, not \"x\"");
}

#[test]
fn numbers_may_be_written_as_models_write_them() {
    for (ty, given, taken) in [
        ("u64", json!("18446744073709551615"), json!("18446744073709551615")),
        ("s64", json!(-5), json!(-5)),
        ("u32", json!(3.0), json!(3)),
        ("f32", json!(2), json!(2.0)),
        ("(list u8)", json!("bWlsaw"), json!("bWlsaw==")),
        ("(option (option string))", json!({"some": null}), json!({"some": null})),
        ("(option string)", json!(null), json!(null)),
        ("(result string (error u8))", json!({"err": 4}), json!({"err": 4})),
        ("(result)", json!("ok"), json!({"ok": null})),
        ("(map string u8)", json!([["a", 1], ["b", 2]]), json!([["a", 1], ["b", 2]])),
        ("char", json!("я"), json!("я")),
    ] {
        let ty = of_text(ty);
        assert_eq!(lift::json(&ty, &lower::value(&ty, &given).unwrap()).unwrap(), taken);
    }
    for (ty, wrong) in [("u32", json!("3")), ("u8", json!(2.5)), ("char", json!("ab")), ("u64", json!(-1))] {
        assert!(lower::value(&of_text(ty), &wrong).is_err(), "{ty} {wrong}");
    }
}

#[test]
fn a_schema_is_closed_and_bounded() {
    let shape = Shape::Record(vec![
        Shape::Option(Box::new(Shape::Plain("string"))),
        Shape::Variant(vec![None, Some(Shape::Plain("s8"))]),
    ]);
    let expected = json!({
        "type": "object",
        "properties": {
            "a0": { "type": "string" },
            "a1": { "oneOf": [
                { "type": "string", "enum": ["a0"] },
                { "type": "object", "properties": { "a1": { "type": "integer", "minimum": -128, "maximum": 127 } },
                  "required": ["a1"], "additionalProperties": false },
            ] },
        },
        "required": ["a1"],
        "additionalProperties": false,
    });
    assert_eq!(Shapes::default().of(&type_of(&shape.component())).unwrap(), expected);
    // Twice as large with every level.
    let levels = (0..14).fold(String::new(), |text, level| match level {
        0 => "(type $t0 (tuple u8 u8))".to_owned(),
        _ => format!("{text} (type $t{level} (tuple $t{0} $t{0}))", level - 1),
    });
    let ty = type_of(&format!(r#"(component {levels} (import "f" (func (param "x" $t7))))"#));
    assert!(Shapes::default().of(&ty).is_ok());
    let ty = type_of(&format!(r#"(component {levels} (import "f" (func (param "x" $t12))))"#));
    assert!(Shapes::default().of(&ty).unwrap_err().contains("too large"));
}

/// A component somebody might have written for any host.
fn calculator(docs: Option<&str>) -> Vec<u8> {
    let mut wasm = wat::parse_str(
        r#"(component
          (core module $m
            (memory (export "mem") 1)
            (data (i32.const 64) "divided by zero")
            (global $next (mut i32) (i32.const 1024))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
              (local $at i32)
              (local.set $at (global.get $next))
              (global.set $next
                (i32.add (local.get $at) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8))))
              (local.get $at))
            (func (export "divide") (param i32 i32) (result i32)
              (i32.store (i32.const 16) (i32.eqz (local.get 1)))
              (i32.store (i32.const 20) (i32.const 64))
              (i32.store (i32.const 24) (i32.const 15))
              (if (local.get 1) (then (i32.store (i32.const 20) (i32.div_u (local.get 0) (local.get 1)))))
              (i32.const 16))
            (func (export "echo") (param i32 i32) (result i32)
              (i32.store (i32.const 32) (local.get 0))
              (i32.store (i32.const 36) (local.get 1))
              (i32.const 32))
            (func (export "eat") (param i32))
            (func (export "spin") (loop $again (br $again))))
          (core instance $i (instantiate $m))
          (alias core export $i "mem" (core memory $mem))
          (alias core export $i "realloc" (core func $realloc))
          (type $thing' (resource (rep i32)))
          (export $thing "thing" (type $thing'))
          (func $divide (param "a" u32) (param "by" u32) (result (result u32 (error string)))
            (canon lift (core func $i "divide") (memory $mem) (realloc $realloc)))
          (func $echo (param "text" string) (result string)
            (canon lift (core func $i "echo") (memory $mem) (realloc $realloc)))
          (func $spin (canon lift (core func $i "spin")))
          (func $eat (param "one" (own $thing)) (canon lift (core func $i "eat")))
          (instance $ops (export "divide" (func $divide)))
          (instance $own (export "init" (func $spin)))
          (export "acme:calc/ops@1.0.0" (instance $ops))
          (export "exports" (instance $own))
          (export "say-again" (func $echo))
          (export "spin" (func $spin))
          (export "init" (func $spin))
          (export "eat" (func $eat)))"#,
    )
    .unwrap();
    if let Some(docs) = docs {
        let body = [b"\x0cpackage-docs\x01".as_slice(), docs.as_bytes()].concat();
        assert!((128..128 * 128).contains(&body.len()));
        wasm.extend([0, body.len() as u8 & 0x7f | 0x80, (body.len() >> 7) as u8]);
        wasm.extend(body);
    }
    wasm
}

const DOCS: &str = r#"{"worlds":{"calc":{"funcs":{"say-again":{"docs":"Says it once more.","stability":"unknown"}}}},
    "interfaces":{"ops":{"docs":"Arithmetic.","funcs":{"divide":"Divides whole numbers.","other":null}}}}"#;

fn source(wasm: Vec<u8>, rest: &str) -> PluginSource {
    PluginSource { name: "calc".to_owned(), wasm: wasm.into(), manifest: manifest("calc", rest) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_of_a_component_that_knows_nothing_of_us_are_tools() {
    let sandbox = Sandbox::new(vec![source(calculator(Some(DOCS)), "")]).await;
    assert!(sandbox.catalogue.refused().is_empty(), "{:?}", sandbox.catalogue.refused());
    assert_eq!(sandbox.offered(Role::Owner), ["divide", "say_again", "spin"]);
    let told: Vec<_> = sandbox.catalogue.tools().map(|tool| tool.description.as_str()).collect();
    assert_eq!(told, ["Divides whole numbers.", "Says it once more.", "Calls `spin`."]);

    let six = sandbox.call("divide", json!({"a": 42, "by": 7})).await;
    assert_eq!((six.outcome, six.text.as_str(), six.structured), (Outcome::Ok, "6", Some(json!(6))));
    let failed = sandbox.call("divide", json!({"a": 42, "by": 0})).await;
    assert_eq!((failed.outcome, failed.text.as_str()), (Outcome::Failed, "divided by zero"));
    let said = sandbox.call("say_again", json!({"text": "молоко"})).await;
    assert_eq!((said.outcome, said.text.as_str(), said.structured), (Outcome::Ok, "молоко", None));

    let wrong = sandbox.call("divide", json!({"a": -1, "by": 7})).await;
    assert_eq!((wrong.outcome, wrong.peak_memory), (Outcome::Invalid, 0));
    assert!(wrong.text.contains("`a` must be a whole number from 0 to 4294967295, not -1"), "{}", wrong.text);
    let mut spin = sandbox.ask("spin", json!({}));
    spin.time_limit = std::time::Duration::from_millis(300);
    assert_eq!(sandbox.catalogue.call(spin).await.outcome, Outcome::TimedOut);
}

#[tokio::test]
async fn a_manifest_describes_functions_and_a_wrong_one_is_refused() {
    let tools = "[[tools]]\nexport = \"acme:calc/ops#divide\"\nname = \"share_out\"\ndescription = \"d\"\n";
    let sandbox = Sandbox::new(vec![source(calculator(None), tools)]).await;
    assert_eq!(sandbox.offered(Role::Owner), ["say_again", "share_out", "spin"]);
    assert_eq!(sandbox.call("share_out", json!({"a": 9, "by": 3})).await.text, "3");
    for (tools, told) in [
        ("[[tools]]\nexport = \"multiply\"", "there is no function `multiply`; use one of"),
        ("[[tools]]\nname = \"x\"", "`export` is missing"),
        ("[[tools]]\nexport = \"divide\"\nschema = {}", "`schema` follows"),
        ("[[tools]]\nexport = \"divide\"\neffect = \"loud\"", "loud"),
    ] {
        let sandbox = Sandbox::new(vec![source(calculator(None), tools)]).await;
        let [(_, error)] = sandbox.catalogue.refused() else { panic!("{tools}") };
        assert!(error.to_string().contains(told), "{error}");
    }
}

/// A few kilobytes of functions, each of which has the largest types that can be written out.
#[test]
fn many_functions_of_large_types_are_not_all_written_out() {
    let tuple = |of: &str, times| format!("(tuple {})", format!("{of} ").repeat(times));
    let large = tuple(&tuple("u8", 30), 30);
    let functions: String = (0..300).map(|one| format!("(export \"f{one}\" (func $f))")).collect();
    let text = format!(
        r#"(component
          (core module $m (memory (export "m") 1)
            (func (export "f") (param i32))
            (func (export "r") (param i32 i32 i32 i32) (result i32) i32.const 0))
          (core instance $i (instantiate $m))
          (func $f (param "x" {large})
            (canon lift (core func $i "f") (memory (core memory $i "m")) (realloc (core func $i "r"))))
          {functions})"#
    );
    let wasm = wat::parse_str(text).unwrap();
    let found = super::functions(&Component::new(&ENGINE, &wasm).unwrap(), &wasm);
    assert!((90..=120).contains(&found.functions.len()), "{}", found.functions.len());
    let last = found.skipped.last().unwrap();
    assert!(last.contains("the functions before it"), "{last}");
}

#[tokio::test]
async fn an_inspection_names_the_functions_and_what_cannot_be_one() {
    let text = inspect(&Compiler::InProcess, calculator(Some(DOCS))).await.unwrap().to_string();
    assert!(text.contains("divide: Divides whole numbers."), "{text}");
    assert!(text.contains("Functions that cannot be tools:\n  eat: it hands over a resource"), "{text}");
}

#[tokio::test]
async fn a_component_of_which_nothing_can_be_a_tool_is_refused_with_the_reason() {
    let wasm = wat::parse_str(
        r#"(component
          (core module $m (func (export "eat") (param i32)))
          (core instance $i (instantiate $m))
          (type $thing' (resource (rep i32)))
          (export $thing "thing" (type $thing'))
          (func $eat (param "one" (own $thing)) (canon lift (core func $i "eat")))
          (export "eat" (func $eat)))"#,
    );
    let sandbox = Sandbox::new(vec![source(wasm.unwrap(), "")]).await;
    let [(_, error)] = sandbox.catalogue.refused() else { panic!("it was taken") };
    assert!(matches!(&**error, LoadError::NothingUsable(reason) if reason.contains("eat: it hands over")), "{error}");
}
