//! Makes a program of a script: the body of an async function, so that `await` and `return` work everywhere in it,
//! which gives back the value of its last expression. Lines stay where they are, so that errors name the right ones.

use std::ops::ControlFlow;

use boa_engine::Source;
use boa_engine::ast::expression::access::PropertyAccess;
use boa_engine::ast::expression::{Expression, Identifier};
use boa_engine::ast::function::FunctionBody;
use boa_engine::ast::scope::Scope;
use boa_engine::ast::statement::Statement;
use boa_engine::ast::visitor::{VisitWith, Visitor};
use boa_engine::ast::{Position, Spanned, StatementListItem};
use boa_engine::interner::Interner;
use boa_engine::parser::Parser;

/// The longest script, in bytes.
pub const LONGEST: usize = 128 << 10;

/// The program of a script: evaluated, it gives a promise of the script's value.
///
/// # Errors
/// What is wrong with the script, and where.
pub fn program(script: &str) -> Result<String, String> {
    if script.len() > LONGEST {
        return Err(format!("the script has {} bytes and may have {LONGEST}", script.len()));
    }
    let body = parse(script)?;
    let returning = last_value(&body).and_then(|at| returning(script, at)).map(|body| around(&body));
    // Where the expression's beginning cannot be told for sure, the script has no value, as one that says `return` not.
    if let Some(program) = returning.filter(|program| is_one_function(program)) {
        return Ok(program);
    }
    let program = around(script);
    if is_one_function(&program) { Ok(program) } else { Err("a `}` closes nothing".to_owned()) }
}

fn around(body: &str) -> String {
    format!("(async function () {{{body}\n}})()")
}

fn parse(body: &str) -> Result<FunctionBody, String> {
    let mut interner = Interner::default();
    let parsed = Parser::new(Source::from_bytes(body)).parse_function_body(&mut interner, false, true);
    parsed.map_err(|error| error.to_string())
}

/// Whether the program is the function around a script and nothing else: a script cannot end it and go on outside.
fn is_one_function(program: &str) -> bool {
    let mut interner = Interner::default();
    let parsed = Parser::new(Source::from_bytes(program)).parse_script(&Scope::new_global(), &mut interner);
    let Ok(parsed) = parsed else { return false };
    let [StatementListItem::Statement(statement)] = &**parsed.statements() else { return false };
    let Statement::Expression(Expression::Call(call)) = &**statement else { return false };
    let Expression::Parenthesized(function) = call.function() else { return false };
    call.args().is_empty() && matches!(function.expression(), Expression::AsyncFunctionExpression(_))
}

/// Where the last statement begins, if it is an expression.
fn last_value(body: &FunctionBody) -> Option<Position> {
    let last = body.statements().iter().rev().find(|item| !is_empty(item))?;
    let StatementListItem::Statement(statement) = last else { return None };
    let Statement::Expression(expression) = &**statement else { return None };
    let mut first = First(expression.span().start());
    let _: ControlFlow<()> = first.visit_expression(expression);
    Some(first.0)
}

fn is_empty(item: &StatementListItem) -> bool {
    matches!(item, StatementListItem::Statement(statement) if matches!(&**statement, Statement::Empty))
}

/// The first position within an expression. That of `f(x)` itself is that of its parenthesis.
struct First(Position);

impl First {
    fn see(&mut self, position: Position) {
        self.0 = self.0.min(position);
    }
}

impl<'ast> Visitor<'ast> for First {
    type BreakTy = ();

    fn visit_expression(&mut self, node: &'ast Expression) -> ControlFlow<()> {
        self.see(node.span().start());
        node.visit_with(self)
    }

    fn visit_identifier(&mut self, node: &'ast Identifier) -> ControlFlow<()> {
        self.see(node.span().start());
        node.visit_with(self)
    }

    fn visit_property_access(&mut self, node: &'ast PropertyAccess) -> ControlFlow<()> {
        self.see(node.span().start());
        node.visit_with(self)
    }
}

/// The script with `return` before the expression that begins there.
fn returning(script: &str, at: Position) -> Option<String> {
    let line_number = usize::try_from(at.line_number()).ok()?;
    let column = usize::try_from(at.column_number()).ok()?;
    let start = line_starts(script).nth(line_number.checked_sub(1)?)?;
    let (offset, _) = script[start..].char_indices().nth(column.checked_sub(1)?)?;
    let (before, rest) = script.split_at(start + offset);
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '#');
    if before.ends_with(goes_on) { None } else { Some(format!("{before}return {rest}")) }
}

/// Where lines begin, as JavaScript counts them.
fn line_starts(script: &str) -> impl Iterator<Item = usize> {
    let mut characters = script.char_indices().peekable();
    let ends = std::iter::from_fn(move || {
        loop {
            let (at, character) = characters.next()?;
            match character {
                '\r' if characters.peek().is_some_and(|(_, next)| *next == '\n') => {}
                '\n' | '\r' | '\u{2028}' | '\u{2029}' => return Some(at + character.len_utf8()),
                _ => {}
            }
        }
    });
    std::iter::once(0).chain(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(script: &str) -> String {
        let program = program(script).unwrap();
        program.strip_prefix("(async function () {").unwrap().strip_suffix("\n})()").unwrap().to_owned()
    }

    #[test]
    fn the_last_expression_is_returned_where_there_is_one() {
        assert_eq!(body("1 + 1"), "return 1 + 1");
        assert_eq!(body("let a = 1;\r\n  a; ;\n// the end"), "let a = 1;\r\n  return a; ;\n// the end");
        assert_eq!(body("/* ёлка 🎄 */ await x"), "/* ёлка 🎄 */ return await x");
        assert_eq!(body("return 1"), "return 1");
        assert_eq!(body("if (a) { b }"), "if (a) { b }");
        assert_eq!(body("'use strict';\nx => x"), "'use strict';\nreturn x => x");
        assert_eq!(body(""), "");
    }

    #[test]
    fn whatever_kind_of_expression_it_is() {
        for script in [
            "f(0)",
            "a.b.c(1)(2)",
            "a?.b?.(1)",
            "({a: 1})",
            "(1, 2)",
            "[1][0]",
            "`a${1}`",
            "f`a`",
            "a = 5",
            "a.b = 5",
            "a += f(1)",
            "a++",
            "a ? b : c",
            "x => x + 1",
            "new Map([[1, 2]]).size",
            "typeof x",
            "!x",
            "(function () { return 1 })()",
            "/a+/.test('a')",
            "this",
            "[1, 2]\n  .map(x => x * 2)\n  .filter(Boolean)",
        ] {
            assert_eq!(body(script), format!("return {script}"));
        }
    }

    #[test]
    fn what_cannot_be_returned_for_sure_stays_as_it_is() {
        for script in ["[a, b] = [1, 2]", "async x => x"] {
            assert!([script.to_owned(), format!("return {script}")].contains(&body(script)), "{script}");
        }
    }

    #[test]
    fn a_script_cannot_end_the_function_around_it() {
        for broken in [
            "}); evil(); (async () => {",
            "})(); (async function () {",
            "}, function () {",
            "}",
            "1 }",
            "let = ",
            "await",
            "import x from 'y'",
            "/*",
            "`",
        ] {
            assert!(program(broken).is_err(), "{broken}");
        }
        assert!(program("let a = 1;\nlet b = ;").unwrap_err().contains("line 2"));
        assert!(program(&" ".repeat(LONGEST + 1)).is_err());
        assert!(program("// the end").is_ok());
    }
}
