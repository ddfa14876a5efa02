//! What Markdown looks like in a chat.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::rich::{LIMIT, Rich, units};
use super::super::split::split;
use super::*;

/// The text, and below it each mark with what it covers.
fn show(markdown: &str) -> String {
    let rich = render(markdown);
    let mut shown = rich.text.clone();
    let mut marks: Vec<&Mark> = rich.marks.iter().collect();
    marks.sort_by_key(|mark| (mark.start, usize::MAX - mark.end));
    for mark in marks {
        let kind = match &mark.kind {
            Kind::Link(url) => format!("Link({url})"),
            kind => format!("{kind:?}"),
        };
        let _ = write!(shown, "\n| {kind}: {:?}", &rich.text[mark.start..mark.end]);
    }
    shown
}

/// Everything Telegram demands of the parts of a text.
fn check(rich: &Rich) {
    for part in split(rich, LIMIT) {
        let length = units(&part.text);
        assert!(length <= LIMIT && !part.is_blank());
        let boundaries: Vec<usize> = {
            let starts = part.text.chars().scan(0, |place, c| Some(std::mem::replace(place, *place + c.len_utf16())));
            starts.chain([length]).collect()
        };
        for entity in part.entities() {
            assert!(entity.length > 0 && entity.offset + entity.length <= length);
            assert!(boundaries.binary_search(&entity.offset).is_ok());
            assert!(boundaries.binary_search(&(entity.offset + entity.length)).is_ok());
        }
    }
}

#[test]
fn an_address_of_mail_keeps_its_brackets() {
    assert_eq!(show("Ann <ann@example.org>, `x`"), "Ann <ann@example.org>, x\n| Code: \"x\"");
    assert_eq!(show("ssh <root@host>"), "ssh <root@host>");
    assert_eq!(show("<name@host>"), "<name@host>");
    assert_eq!(
        show("see <https://a.example/>"),
        "see https://a.example/\n| Link(https://a.example/): \"https://a.example/\""
    );
    assert!(show("| a |\n|---|\n| <ann@example.org> |").contains("<ann@example.org>"));
}

#[test]
fn inline_marks_nest() {
    insta::assert_snapshot!(show("Hello **bold *and italic*** ~~no~~ `code *x*` end"), @r#"
    Hello bold and italic no code *x* end
    | Bold: "bold and italic"
    | Italic: "and italic"
    | Strike: "no"
    | Code: "code *x*"
    "#);
    insta::assert_snapshot!(show("**жирный 🙂 `код`** и *курсив*"), @r#"
    жирный 🙂 код и курсив
    | Bold: "жирный 🙂 код"
    | Code: "код"
    | Italic: "курсив"
    "#);
}

#[test]
fn blocks_keep_their_distance() {
    insta::assert_snapshot!(show("# Title\nText\nnext line\n\nParagraph\n\n---\n\n## Other\n- a\n- b"), @r#"
    Title

    Text
    next line

    Paragraph

    ———

    Other

    • a
    • b
    | Bold: "Title"
    | Bold: "Other"
    "#);
    insta::assert_snapshot!(show("> quoted\n> more\n>> deeper\n\nafter"), @r#"
    quoted
    more

    deeper

    after
    | Quote: "quoted\nmore\n\ndeeper"
    "#);
}

#[test]
fn lists_are_indented_by_depth() {
    let nested = "1. one\n2. two\n   - in *two*\n     - deeper\n   second line\n\n   new paragraph\n3. three\n\nafter";
    insta::assert_snapshot!(show(nested), @r#"
    1. one
    2. two
      • in two
        • deeper
          second line
      new paragraph
    3. three

    after
    | Italic: "two"
    "#);
    insta::assert_snapshot!(show("- [x] done\n- [ ] open\n\n7. seven\n8. eight"), @r#"
    ☑ done
    ☐ open

    7. seven
    8. eight
    "#);
}

#[test]
fn code_keeps_every_character() {
    insta::assert_snapshot!(show("Look:\n```rust ignore\nfn main() {\n    a < b && **c**;\n}\n```\nok"), @r#"
    Look:

    fn main() {
        a < b && **c**;
    }

    ok
    | Pre(Some("rust")): "fn main() {\n    a < b && **c**;\n}"
    "#);
    insta::assert_snapshot!(show("- item\n\n  ```\n  code\n  ```\n- next"), @r#"
    • item
    code
    • next
    | Pre(None): "code"
    "#);
    insta::assert_snapshot!(show("```\nnever closed\n"), @r#"
    never closed
    | Pre(None): "never closed"
    "#);
}

#[test]
fn only_known_links_are_links() {
    let known = "[site](https://example.org/a?b=c) <https://x.example> [mail](mailto:a@b.example)";
    insta::assert_snapshot!(show(known), @r#"
    site https://x.example mail
    | Link(https://example.org/a?b=c): "site"
    | Link(https://x.example/): "https://x.example"
    | Link(mailto:a@b.example): "mail"
    "#);
    let unknown = "[run](javascript:alert) [file](docs/a.md) [empty]()";
    let images = "![cat](https://x.example/c.png) ![](https://x.example/d.png)";
    insta::assert_snapshot!(show(&format!("{unknown} {images}")), @r#"
    run (javascript:alert) file (docs/a.md) empty cat https://x.example/d.png
    | Link(https://x.example/c.png): "cat"
    | Link(https://x.example/d.png): "https://x.example/d.png"
    "#);
    insta::assert_snapshot!(show("[**bold** ![img](https://a.example/i.png)](https://b.example)"), @r#"
    bold img
    | Link(https://b.example/): "bold img"
    | Bold: "bold"
    "#);
}

#[test]
fn tables_become_columns() {
    let head = "| Имя | Qty | Note |\n|---|---:|:-:|";
    let rows = "| чай **x** | 5 | `a` |\n| bread | 12 | [l](https://x.example) |";
    insta::assert_snapshot!(show(&format!("Before\n\n{head}\n{rows}\n\nAfter")), @r#"
    Before

    Имя   │ Qty │ Note
    ──────┼─────┼─────
    чай x │   5 │  a
    bread │  12 │  l

    After
    | Pre(None): "Имя   │ Qty │ Note\n──────┼─────┼─────\nчай x │   5 │  a\nbread │  12 │  l"
    "#);
}

#[test]
fn html_is_shown_as_text() {
    insta::assert_snapshot!(show("a <b>bold</b> c<br>d\n\n<div>\nblock\n</div>\n\nend &amp; &lt;tag&gt;"), @r#"
    a <b>bold</b> c
    d

    <div>
    block
    </div>

    end & <tag>
    "#);
}

#[test]
fn hostile_input_ends_soon_and_well() {
    let deep = 10_000;
    for markdown in [
        "> ".repeat(deep) + "x",
        "- ".repeat(deep) + "x",
        "*".repeat(deep) + "x",
        "**a ".repeat(deep),
        "[".repeat(deep) + "x" + &"](https://a.example)".repeat(deep),
        "![a](https://a.example) ".repeat(deep),
        "`".repeat(deep) + "x",
        "<".repeat(deep) + "x",
        "|a".repeat(deep) + "\n" + &"|-".repeat(deep) + "\n" + &"|b".repeat(deep),
        "слово ".repeat(100_000),
        "🙂".repeat(20_000),
        "\u{301}".repeat(20_000),
        format!("```\n{}\n```", " \n".repeat(20_000)),
        "\0\u{1b}[31mred\r\u{7}".to_owned(),
    ] {
        check(&render(&markdown));
    }
    assert_eq!(render("\0\u{1b}[31mred\u{7}").text, "[31mred");
}

proptest! {
    #[test]
    fn any_text_can_be_sent(text in any::<String>()) {
        check(&render(&text));
        check(&Rich::plain(text));
    }

    #[test]
    fn any_markdown_can_be_sent(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "**", "*", "`", "```\n", "~~", "[", "](https://e.example)", "![", "> ", "- ", "1. ", "# ", "\n", "\n\n",
            " ", "    ", "слово", "🙂", "<b>", "|", "\n|-|-|\n", "- [x] ", "\\", "&amp;", "e\u{301}", "word word. ",
        ]), 0..400))
    {
        let markdown = pieces.concat();
        let rich = render(&markdown);
        check(&rich);
        for part in split(&rich, 40) {
            prop_assert!(units(&part.text) <= 40 && !part.is_blank());
        }
    }
}
