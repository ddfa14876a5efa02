//! Documents that are broken, and ones made to break whoever reads them. None may keep the reader busy without end or
//! have it write more than it was asked for. Here a panic is caught; in the sandbox it ends the call.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::ask;
use super::made::{Random, Zip, docx, epub, mapped_pdf, objects, odt, pages_with, pdf, stream};

/// Reads a document that may be anything. What comes of it is short, or a failure that says something.
fn survive(name: &str, data: &[u8]) {
    let read = catch_unwind(AssertUnwindSafe(|| ask(name, data)));
    match read {
        Ok(Ok(output)) => assert!(output.text.len() <= 256 << 10),
        Ok(Err(failure)) => assert!(failure.text().len() > 10),
        Err(_) => {}
    }
}

/// A document of each kind.
fn documents() -> Vec<(&'static str, Vec<u8>)> {
    let paragraph = "<w:p><w:pPr><w:pStyle w:val=\"1\"/></w:pPr><w:r><w:t>Договор</w:t></w:r></w:p>";
    let styles = "<w:styles><w:style w:styleId=\"1\"><w:name w:val=\"heading 1\"/></w:style></w:styles>";
    vec![
        ("a.pdf", pdf(&["BT /F1 12 Tf 14 TL 50 700 Td (one) Tj T* [(two) -300 (three)] TJ ET q 1 0 0 1 5 5 cm Q"; 3])),
        ("b.pdf", mapped_pdf(&["Договор найма жилого помещения", "office"], "ffi")),
        ("c.docx", docx(&paragraph.repeat(9), &[("word/styles.xml", styles)])),
        ("d.odt", odt("<text:h text:outline-level=\"1\">Глава</text:h><text:p>a<text:s/>b</text:p>")),
        ("e.epub", epub("Книга", &["<h1>Глава</h1><p>text", "<p>more"])),
        ("f.html", "<meta charset=utf-8><h1>Часы</h1><table><tr><td>a<td>b</table><ul><li>x".repeat(9).into_bytes()),
        ("g.txt", encoding_rs::KOI8_R.encode("Мороз и солнце; день чудесный!").0.into_owned()),
    ]
}

#[test]
fn a_document_may_end_anywhere() {
    for (name, data) in documents() {
        for length in (0..data.len()).step_by((data.len() / 400).max(1)) {
            survive(name, &data[..length]);
        }
    }
}

#[test]
fn a_document_may_be_changed_anywhere() {
    let mut random = Random(20_261_128);
    let documents = documents();
    for round in 0..10_000 {
        let (name, data) = &documents[round % documents.len()];
        let mut data = data.clone();
        for _ in 0..=random.below(8) {
            change(&mut data, &mut random);
        }
        survive(name, &data);
    }
}

/// One change of those that files suffer, or that somebody tries.
fn change(data: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(data.len());
    let length = random.below(24).min(data.len() - at);
    match random.below(6) {
        0 if at < data.len() => data[at] = random.below(256) as u8,
        1 if at < data.len() => data[at] ^= 1 << random.below(8),
        2 => drop(data.drain(at..at + length)),
        3 => {
            let copied = data[at..at + length].to_vec();
            let to = random.below(data.len() + 1);
            data.splice(to..to, copied);
        }
        4 => {
            const NUMBERS: [&str; 6] = ["0", "-1", "65535", "99999", "2147483648", "1 0 R"];
            let number = NUMBERS[random.below(NUMBERS.len())];
            data.splice(at..at + length.min(4), number.bytes());
        }
        _ => data.truncate(data.len() - length.min(data.len())),
    }
}

#[test]
fn objects_that_lie_in_one_another_end() {
    let catalogue = b"<< /Type /Catalog /Pages 2 0 R >>".to_vec();
    let page = |content: &str| {
        format!("<< /Type /Page /Parent 2 0 R /Contents {content} /Resources << /Font << /F1 3 0 R >> >> >>")
            .into_bytes()
    };
    let pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec();
    for data in [
        objects(&[catalogue.clone(), b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 >>".to_vec()], ""),
        objects(&[catalogue.clone(), b"2 0 R".to_vec()], ""),
        objects(&[catalogue.clone(), pages.clone(), b"3 0 R".to_vec()], ""),
        objects(&[catalogue.clone(), pages.clone(), page("4 0 R"), b"[4 0 R 4 0 R]".to_vec()], ""),
        objects(&[catalogue.clone(), pages.clone(), page("4 0 R"), stream("/Length 4 0 R /Filter 4 0 R", b"x")], ""),
        objects(&[catalogue.clone(), pages.clone(), page(&"[".repeat(10_000))], ""),
        objects(&[catalogue.clone(), pages.clone(), page(&"<</A ".repeat(10_000))], ""),
        objects(std::slice::from_ref(&catalogue), "/Prev 9"),
        pdf(&[&"[".repeat(10_000), &"<<".repeat(10_000), &"(".repeat(100_000), &"q ".repeat(100_000)]),
    ] {
        survive("a.pdf", &data);
    }
}

#[test]
fn a_table_of_objects_may_point_at_itself() {
    let mut data = pdf(&["BT /F1 12 Tf 50 700 Td (still here) Tj ET"]);
    let start = data.windows(5).position(|bytes| bytes == b"xref\n").unwrap();
    let end = data.windows(9).position(|bytes| bytes == b"startxref").unwrap();
    data.splice(end - 4..end, format!("/Prev {start} >>\n").bytes());
    assert!(ask("a.pdf", &data).unwrap().text.contains("still here"));
    // Without a table at all it is looked for what there is.
    let without = String::from_utf8_lossy(&data).replace("startxref", "startxxxx");
    assert!(ask("a.pdf", without.as_bytes()).unwrap().text.contains("still here"));
}

#[test]
fn drawings_in_drawings_end() {
    let doubled = stream("/Type /XObject /Subtype /Form /Resources << /XObject << /X1 4 0 R >> >>", b"/X1 Do /X1 Do");
    let font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec();
    let content = stream("", b"/X1 Do BT /F1 12 Tf 50 700 Td (after it) Tj ET");
    let data = pages_with(font, &[doubled], vec![content], "");
    assert!(ask("a.pdf", &data).unwrap().text.contains("after it"));
}

#[test]
fn a_page_of_endless_text_is_cut() {
    let mut page = String::from("BT /F1 12 Tf 14 TL 50 700 Td ");
    while page.len() < 6 << 20 {
        write!(page, "({}) Tj T* ", "word ".repeat(200)).unwrap();
    }
    let output = ask("a.pdf", &pdf(&[&page])).unwrap();
    assert!(output.text.len() < 50_000, "{}", output.text.len());
}

#[test]
fn bombs_do_not_go_off() {
    let deep = "<w:p>".repeat(100_000);
    for (name, data, told) in [
        ("a.docx", Zip::default().zeros("word/document.xml", 300 << 20).finish(), "unpacks to more than 96 MB"),
        ("b.docx", docx(&deep, &[]), "nested more deeply"),
        ("c.odt", odt(&"<text:p>".repeat(100_000)), "nested more deeply"),
        ("d.docx", docx("<w:p><w:r><w:t>x</w:r></w:p>", &[]), "is damaged"),
    ] {
        let failure = ask(name, &data).unwrap_err();
        assert!(failure.text().contains(told), "{name}: {}", failure.text());
    }
    let blanks = odt(&"<text:p>a<text:s text:c=\"4000000000\"/>b</text:p>".repeat(10));
    assert!(ask("e.odt", &blanks).unwrap().text.len() < 2_000);
}
