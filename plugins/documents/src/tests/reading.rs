//! Reading a document in parts, as a model does and as a program does.

use serde_json::Value;
use steward_sdk::{Failure, Output};

use super::made::pdf;
use crate::part::Wanted;
use crate::read;

fn part(data: &[u8], page: Option<usize>, from: Option<usize>, limit: Option<usize>) -> Result<Output, Failure> {
    read("a", data.to_vec(), &Wanted::new(page, from, limit)?)
}

/// All parts one after the other, and how many there were.
fn whole(data: &[u8], limit: Option<usize>) -> (String, usize) {
    let (mut text, mut parts) = (String::new(), 0);
    let (mut page, mut from) = (None, None);
    loop {
        let answer = part(data, page, from, limit).unwrap().structured.unwrap();
        assert!(answer.to_string().len() < 256 << 10, "the host takes no more");
        text.push_str(answer["text"].as_str().unwrap());
        parts += 1;
        if answer["next"].is_null() {
            return (text, parts);
        }
        let number = |key: &str| answer["next"].get(key).and_then(Value::as_u64).map(|number| number as usize);
        (page, from) = (number("page"), number("from"));
    }
}

#[test]
fn parts_of_a_text_fit_together() {
    let text: String = (0..30_000).map(|number| format!("строка {number}\n")).collect();
    for (limit, most) in [(None, 12), (Some(1_000_000), 5)] {
        let (read, parts) = whole(text.as_bytes(), limit);
        assert!(read == text && (2..=most).contains(&parts), "{limit:?}: {parts} parts");
    }
    // Each of these takes six bytes in JSON.
    let odd = "a\u{1}".repeat(100_000);
    assert!(whole(odd.as_bytes(), Some(100_000)).0 == odd);
    let answer = part("один\nдва\nтри\n".as_bytes(), None, Some(5), Some(5)).unwrap();
    assert_eq!(answer.text, "два\nт\n[characters 5 to 10 of 13; go on with `from` 10]");
}

#[test]
fn parts_of_a_pdf_fit_together_and_begin_at_any_page() {
    let pages: Vec<_> = (1..=30).map(|page| format!("BT /F1 12 Tf 14 TL 50 800 Td {} ET", lines(page))).collect();
    let data = pdf(&pages.iter().map(String::as_str).collect::<Vec<_>>());
    let (text, parts) = whole(&data, Some(1_000));
    assert_eq!(whole(&data, Some(100_000)), (text.clone(), 1));
    assert!(parts > 5 && text.matches("[page ").count() == 30, "{parts}");
    assert_eq!(whole(&data, Some(7)).0, text);

    let answer = part(&data, Some(29), None, Some(500)).unwrap();
    assert!(answer.text.starts_with("[page 29]\npage 29 line 0\n"), "{}", answer.text);
    assert!(answer.text.ends_with("\n[page 29 of 30; go on with `page` 30]"), "{}", answer.text);
    let some = part(&data, Some(29), Some(20), Some(100)).unwrap();
    assert!(some.text.ends_with("\n[page 29 of 30; go on with `page` 29 and `from` 115]"), "{}", some.text);
    let answer = answer.structured.unwrap();
    assert_eq!((answer["format"].as_str(), answer["pages"].as_u64()), (Some("pdf"), Some(30)));
}

fn lines(page: usize) -> String {
    (0..25).map(|line| format!("(page {page} line {line}) Tj T* ")).collect()
}

#[test]
fn what_is_asked_for_wrongly_is_said() {
    let data = pdf(&["BT /F1 12 Tf 50 800 Td (x) Tj ET"]);
    for (data, page, from, told) in [
        (&data[..], Some(2), None, "has 1 pages, and `page` is 2"),
        (&data, Some(0), None, "pages are counted from 1"),
        (b"text", Some(2), None, "has no pages here"),
        (b"text", None, Some(4), "has 4 characters, and `from` is 4"),
    ] {
        let failure = part(data, page, from, None).unwrap_err();
        assert!(matches!(&failure, Failure::Invalid(text) if text.contains(told)), "{}", failure.text());
    }
    assert_eq!(part(b"", None, None, None).unwrap().text, "(It is empty.)");
}
