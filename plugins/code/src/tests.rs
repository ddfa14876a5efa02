//! Scripts through the whole interpreter, with tools that a test answers.

use std::cell::RefCell;
use std::rc::Rc;

use steward_sdk::tools::{Answer, Info, Request};
use steward_sdk::{Failure, Output, serde_json};

use crate::evaluation::evaluate;
use crate::reach::Reach;
use crate::{answer, evaluation};

/// Tools that keep what they were asked, batch by batch.
#[derive(Default)]
struct Stand {
    batches: RefCell<Vec<Vec<String>>>,
    absent: bool,
}

impl Reach for Stand {
    fn available(&self) -> Result<Vec<Info>, Failure> {
        if self.absent {
            return Err(Failure::unavailable("there are no other tools here"));
        }
        let info = |name: &str| Info {
            name: name.to_owned(),
            description: format!("Does {name}."),
            input_schema: r#"{"type":"object"}"#.to_owned(),
        };
        Ok(["add", "fail", "find", "list", "page"].map(info).to_vec())
    }

    fn call_all(&self, requests: &[Request]) -> Result<Vec<Result<Answer, Failure>>, Failure> {
        let batch = requests.iter().map(|one| format!("{} {}", one.name, one.input)).collect();
        self.batches.borrow_mut().push(batch);
        if self.batches.borrow().len() > 5 {
            return Err(Failure::denied("too many calls"));
        }
        Ok(requests.iter().map(answered).collect())
    }

    fn local_time(&self) -> String {
        "2026-11-20T14:05:00".to_owned()
    }
}

fn answered(request: &Request) -> Result<Answer, Failure> {
    let answer = |text: &str, structured: Option<&str>| Answer {
        text: text.to_owned(),
        structured: structured.map(str::to_owned),
        files: vec!["made/a.png".to_owned()],
    };
    match request.name.as_str() {
        "fail" => Err(Failure::denied("the owner said no")),
        "page" => Ok(answer("# A page", Some(r#"{"title":"A"}"#))),
        "list" => Ok(answer(r#"[{"n":1}]"#, None)),
        _ => {
            let input: serde_json::Value = serde_json::from_str(&request.input).unwrap();
            let sum: i64 = input.as_object().unwrap().values().filter_map(serde_json::Value::as_i64).sum();
            Ok(answer(&sum.to_string(), None))
        }
    }
}

fn run(script: &str) -> Result<Output, Failure> {
    answer::worded(evaluate(script, Rc::new(Stand::default())))
}

fn text(script: &str) -> String {
    run(script).unwrap().text
}

fn problem(script: &str) -> String {
    run(script).unwrap_err().text().to_owned()
}

#[test]
fn the_value_is_the_last_expression_or_what_is_returned() {
    assert_eq!(text("const a = 20;\na * 2 + 2"), "42");
    assert_eq!(text("if (true) { return {a: [1, 'x', null]} }"), r#"{"a":[1,"x",null]}"#);
    assert_eq!(text("await Promise.resolve('ёлка')"), "ёлка");
    assert_eq!(text("let a = 1;"), "The script has ended without a value.");
    assert_eq!(text("10n ** 20n"), "100000000000000000000n");
    assert_eq!(run("[1, 2]").unwrap().structured.unwrap().to_string(), r#"{"tool_calls":0,"value":[1,2]}"#);
}

#[test]
fn what_is_printed_comes_before_the_value() {
    assert_eq!(text("console.log('sum', 3, {a: 1}, [undefined]); 7"), "Printed:\nsum 3 {\"a\":1} [null]\n\nValue:\n7");
    assert_eq!(text("new Map([['a', 1]])"), r#"Map { "a" → 1 }"#);
    assert!(text("console.log(new Set([41 + 1]))").contains("42"));
    assert!(text("console.error(new TypeError('odd'))").contains("TypeError: odd"));
}

#[test]
fn tools_are_functions_and_what_is_called_together_is_made_together() {
    let stand = Rc::new(Stand::default());
    let script = "const both = await Promise.all([tools.add({a: 1, b: 2}), tools.add({a: 3})]);\n\
                  const more = await tools.add({a: Number(both[0].text), b: Number(`${both[1]}`)});\n\
                  more.text";
    let output = answer::worded(evaluate(script, Rc::clone(&stand) as Rc<dyn Reach>)).unwrap();
    assert_eq!(output.text, "6");
    assert_eq!(output.structured.unwrap()["tool_calls"], 3);
    let batches = stand.batches.borrow();
    assert_eq!(*batches, [vec![r#"add {"a":1,"b":2}"#, r#"add {"a":3}"#], vec![r#"add {"a":3,"b":3}"#]]);
}

#[test]
fn an_answer_is_text_and_data() {
    assert_eq!(
        text("const {text, data, files} = await tools.page(); [text, data.title, files]"),
        r##"["# A page","A",["made/a.png"]]"##
    );
    assert_eq!(text("(await tools.list({})).data[0].n"), "1");
    assert_eq!(text("(await tools.add({a: 1})).data"), "null");
    assert_eq!(text("'' + await tools.page()"), "# A page");
}

#[test]
fn the_tools_can_be_looked_at() {
    assert_eq!(text("listTools().map(tool => tool.name)"), r#"["add","fail","find","list","page"]"#);
    assert_eq!(text("listTools()[0]"), r#"{"name":"add","description":"Does add.","schema":{"type":"object"}}"#);
    assert_eq!(text("[Object.keys(tools).length, 'add' in tools, typeof tools.add]"), r#"[5,true,"function"]"#);
    assert_eq!(text("await tools; 1"), "1");
}

#[test]
fn a_failure_is_an_error_with_its_kind() {
    let caught = "try { await tools.fail() } catch (e) { [e instanceof Error, e.kind, e.tool, e.message] }";
    assert_eq!(
        text(&format!("let a; {}; a", caught.replace("[e", "a = [e"))),
        r#"[true,"denied","fail","fail: the owner said no"]"#
    );
    let uncaught = problem("await tools.add({});\nawait tools.fail({})");
    assert!(uncaught.contains("the owner said no"), "{uncaught}");
    assert!(uncaught.contains("2 tool calls were made"), "{uncaught}");
    let settled = text("(await Promise.allSettled([tools.fail(), tools.add()])).map(one => one.status)");
    assert_eq!(settled, r#"["rejected","fulfilled"]"#);
}

#[test]
fn a_failure_nobody_looks_at_is_told() {
    let told = text("tools.fail();\nPromise.reject(new Error('lost'));\n1");
    assert!(told.contains("the owner said no") && told.contains("lost") && told.ends_with("Value:\n1"), "{told}");
    assert_eq!(text("try { await tools.fail() } catch {} \n2"), "2");
}

#[test]
fn errors_name_the_line() {
    assert!(problem("let a = 1;\nlet b = ;").contains("line 2"), "{}", problem("let a = 1;\nlet b = ;"));
    let thrown = problem("function f() {\n  null.x\n}\nawait 1;\nf()");
    assert!(thrown.contains("TypeError") && thrown.contains("(line 2)") && thrown.contains("(line 5)"), "{thrown}");
    let own = problem("\n\nthrow new RangeError('too far')");
    assert!(own.contains("RangeError: too far") && own.contains("(line 3)"), "{own}");
    assert!(problem("throw {code: 7}").contains('7'));
    assert!(problem("console.log('so far'); nothing()").contains("Printed:\nso far"));
}

#[test]
fn wrong_calls_say_what_is_right() {
    assert!(problem("tools.add(1)").contains("takes one object"));
    assert!(problem("tools.add([1])").contains("takes one object"));
    assert!(problem("tools.add(() => 1)").contains("takes one object"));
    assert!(problem("const a = {}; a.a = a; tools.add(a)").contains("yclic"));
    assert!(problem("tools.teleport({})").contains("no tool `teleport`; there are add, fail"));
    assert!(problem("for (let i = 0; i < 9; i++) await tools.add({i})").contains("too many calls"));
}

#[test]
fn without_tools_a_script_runs_and_says_why_it_cannot_call() {
    let run = |script: &str| answer::worded(evaluate(script, Rc::new(Stand { absent: true, ..Stand::default() })));
    assert_eq!(run("1 + 1").unwrap().text, "2");
    assert!(run("tools.add({})").unwrap_err().text().contains("there are no other tools here"));
}

#[test]
fn timers_come_in_order_and_without_waiting() {
    let script = "const seen = [];\n\
                  setTimeout(word => seen.push(word), 86400000, 'late');\n\
                  const gone = setTimeout(() => seen.push('never'), 5);\n\
                  clearTimeout(gone);\n\
                  await new Promise(done => setTimeout(done, 10));\n\
                  seen.push('soon');\n\
                  await new Promise(done => setTimeout(done, 86400000));\n\
                  seen";
    assert_eq!(text(script), r#"["soon","late"]"#);
    assert!(problem("await new Promise(() => {})").contains("never comes"));
}

#[test]
fn there_is_no_way_out_but_the_tools() {
    for absent in ["fetch", "require", "process", "Deno", "XMLHttpRequest", "WebAssembly", "importScripts"] {
        assert_eq!(text(&format!("typeof {absent}")), "undefined", "{absent}");
    }
    assert!(problem("await import('fs')").contains("rror"));
    for game in ["tools.constructor", "tools.__proto__", "tools.hasOwnProperty", "tools['x y']"] {
        assert!(problem(&format!("{game}('x')")).contains("there is no tool"), "{game}");
    }
    assert_eq!(text("Object.getPrototypeOf(tools)"), "null");
    assert_eq!(text("tools.add.constructor('return typeof fetch')()"), "undefined");
}

#[test]
fn a_script_that_bends_the_language_bends_it_for_itself() {
    let script = "JSON.stringify = () => '{\"a\": 666}'; JSON.parse = () => 'bent'; Array.prototype.push = null;\n\
                  Object.prototype.a = 5; Promise.prototype.then = null;\n\
                  tools.list({b: 1}); 1";
    let stand = Rc::new(Stand::default());
    let _ = answer::worded(evaluate(script, Rc::clone(&stand) as Rc<dyn Reach>));
    assert_eq!(*stand.batches.borrow(), [[r#"list {"b":1}"#]]);
    assert_eq!(text("({}).a === undefined"), "true", "the next script finds everything as it was");
}

#[test]
fn too_much_is_cut_with_a_note() {
    let printed = text("for (let i = 0; i < 10000; i++) console.log('line ' + i); 1");
    assert!(printed.chars().count() < 11_000 && printed.contains("print less") && printed.ends_with("Value:\n1"));
    let long = run("'x'.repeat(100000)").unwrap();
    assert!(long.text.len() < 31_000 && long.text.contains("70000 more characters") && long.structured.is_none());
    assert!(problem("throw new Error('x'.repeat(100000))").len() < 5_000);
    assert!(problem(&"a".repeat(crate::script::LONGEST + 1)).contains("bytes"));
}

#[test]
fn calling_itself_too_deeply_is_an_error() {
    let deep = problem("function f(n) { return 1 + f(n + 1) }\nf(0)");
    assert!(deep.contains("too deep") && deep.lines().count() < 5, "{deep}");
    let caught = problem("function f() { try { f() } catch { } }\nf(); 1");
    assert!(caught.contains("too deep"), "it cannot be caught: {caught}");
    assert!(problem("const f = async () => { await f() };\nawait f()").contains("too deep"));
    assert_eq!(text("Math.max(...Array(20000).keys())"), "19999", "many arguments are no depth");
}

#[test]
fn dates_are_the_person_s() {
    let offset = evaluation::evaluate("new Date().getTimezoneOffset() % 15", Rc::new(Stand::default()));
    assert_eq!(offset.ended.unwrap().unwrap().text.trim_start_matches('-'), "0");
}
