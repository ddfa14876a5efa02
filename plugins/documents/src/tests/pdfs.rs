//! PDF files as programs write them.

use std::io::Write as _;

use steward_sdk::Failure;

use super::made::{mapped_pdf, objects, pages_with, pdf, stream};
use super::{ask, check};

#[test]
fn pages_are_told_apart_and_lines_and_paragraphs_too() {
    let data = pdf(&[
        "BT /F1 24 Tf 50 780 Td (Lease) Tj ET BT /F1 12 Tf 14 TL 50 740 Td (The flat is let) Tj T* (for one year.) Tj \
         0 -40 Td [(The r) -20 (ent) -300 (is) -250 (700)] TJ ET",
        "BT /F1 12 Tf 50 780 Td (caf\\351) Tj ET",
        "",
    ]);
    let text = "[page 1]\nLease\n\nThe flat is let\nfor one year.\n\nThe rent is 700\n[page 2]\ncafé\n[page 3]\n\n";
    assert_eq!(check("lease.pdf", &data), (None, text.to_owned()));
    assert_eq!(ask("lease.pdf", &data).unwrap().text, text.trim_end());
}

#[test]
fn russian_and_ligatures_come_from_the_map_of_the_font() {
    let data = mapped_pdf(&["Договор найма № 7", "Ещё и ещё: office, ёжик", "efficient"], "ffi");
    assert_eq!(check("a.pdf", &data).1, "[page 1]\nДоговор найма № 7\nЕщё и ещё: office, ёжик\nefficient\n");
}

#[test]
fn letters_by_their_names_drawings_and_marked_content_are_read() {
    let font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Type /Encoding /Differences [65 \
                 /afii10017 /afii10018 /uni0432 /f_i] >> >>";
    let drawing = stream(
        "/Type /XObject /Subtype /Form /Matrix [1 0 0 1 0 -20] /BBox [0 0 99 99]",
        b"BT /F1 12 Tf 50 700 Td (\
        BC) Tj ET",
    );
    let content = b"BT /F1 12 Tf 50 700 Td (ABCD) Tj ET q /X1 Do Q BT /F1 12 Tf 50 650 Td /Span << /ActualText \
                    (told) >> BDC (AB) Tj EMC ( A) Tj ET";
    let data = pages_with(font.to_vec(), &[drawing], vec![stream("", content)], "/Info << /Title () >>");
    assert_eq!(check("a.pdf", &data).1, "[page 1]\nАБвfi\nБв\n\ntold А\n");
}

#[test]
fn a_title_is_told_and_packed_pages_are_unpacked() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"BT /F1 12 Tf 50 700 Td (Packed) Tj ET").unwrap();
    let content = stream("/Filter /FlateDecode", &packed.finish().unwrap());
    let font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>".to_vec();
    let data = pages_with(font, &[b"null".to_vec()], vec![content], "/Info << /Title <FEFF04140430> >>");
    assert_eq!(check("a.pdf", &data), (Some("Да".to_owned()), "[page 1]\nPacked\n".to_owned()));
    assert!(ask("a.pdf", &data).unwrap().text.starts_with("Title: Да\n\n[page 1]"));
}

#[test]
fn turned_pages_are_read_along_their_lines() {
    let data = pdf(&["BT /F1 12 Tf 0 1 -1 0 100 100 Tm 14 TL (turned) Tj T* (page) Tj ET"]);
    assert_eq!(check("a.pdf", &data).1, "[page 1]\nturned\npage\n");
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let scan = pdf(&["q 500 0 0 700 0 0 cm /X1 Do Q", "q Q"]);
    let locked = objects(
        &[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec(),
            b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <0000000000000000000000000000000000000000000000000000000000000000> /U \
              <0000000000000000000000000000000000000000000000000000000000000000> >>"
                .to_vec(),
        ],
        "/Encrypt 3 0 R /ID [<00> <00>]",
    );
    for (data, told) in [
        (&scan[..], "its pages are pictures, as of a scan"),
        (&locked, "locked by a password: ask for a version without one"),
        (b"%PDF-1.7\nnothing", "damaged or incomplete"),
    ] {
        let failure = ask("a.pdf", data).unwrap_err();
        assert!(matches!(&failure, Failure::Failed(text) if text.contains(told)), "{}", failure.text());
    }
}

#[test]
fn letters_that_cannot_be_told_are_not_made_up() {
    let font = b"<< /Type /Font /Subtype /Type0 /BaseFont /AAAAAA+X /Encoding /Identity-H /DescendantFonts [4 0 R] >>";
    let descendant = b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /AAAAAA+X /DW 500 >>".to_vec();
    let content = stream("", b"BT /F1 12 Tf 50 700 Td <000100020003000400050006000700080009000A000B> Tj ET");
    let failure = ask("a.pdf", &pages_with(font.to_vec(), &[descendant], vec![content], "")).unwrap_err();
    assert!(failure.text().contains("which letters its fonts show"), "{}", failure.text());
}
