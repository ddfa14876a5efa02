//! What Office documents say beside their text: links, comments, headers, ticks; and spreadsheets.

use super::made::{Zip, docx, zip};
use super::{ask, check};

const RELS: &str = "<Relationships>\
    <Relationship Id=\"r1\" Type=\"http://x/hyperlink\" Target=\"https://example.org/a (b)\" TargetMode=\"External\"/>\
    <Relationship Id=\"r2\" Type=\"http://x/header\" Target=\"header1.xml\"/>\
    <Relationship Id=\"r3\" Type=\"http://x/header\" Target=\"header2.xml\"/>\
    <Relationship Id=\"r4\" Type=\"http://x/footer\" Target=\"/word/footer1.xml\"/>\
    <Relationship Id=\"r5\" Type=\"http://x/comments\" Target=\"remarks.xml\"/></Relationships>";

fn run(text: &str) -> String {
    format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>")
}

fn paragraph(inside: &str) -> String {
    format!("<w:p>{inside}</w:p>")
}

#[test]
fn links_comments_headers_and_footers_of_word_are_told() {
    let field = "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText> HYPERLINK \"https://b.org\" \\o \"tip\" \
                 </w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"separate\"/></w:r>";
    let body = [
        paragraph(&format!("<w:hyperlink r:id=\"r1\">{}</w:hyperlink>{}", run("the offer"), run(" and more"))),
        paragraph(&format!("{field}{}<w:r><w:fldChar w:fldCharType=\"end\"/></w:r>", run("b"))),
        paragraph(&format!("<w:fldSimple w:instr=\"HYPERLINK https://c.org\">{}</w:fldSimple>", run("c"))),
        paragraph(&format!("<w:hyperlink w:anchor=\"top\">{}</w:hyperlink>", run("up"))),
        paragraph(&format!("{}<w:r><w:commentReference w:id=\"7\"/></w:r>", run("price"))),
    ]
    .concat();
    let header = format!("<w:hdr>{}</w:hdr>", paragraph(&run("Acme GmbH")));
    let footer = format!("<w:ftr>{}</w:ftr>", paragraph(&run("IBAN DE00")));
    let comments = format!(
        "<w:comments><w:comment w:id=\"7\" w:author=\"Анна\">{}</w:comment></w:comments>",
        paragraph(&run("too high"))
    );
    let data = docx(
        &body,
        &[
            ("word/_rels/document.xml.rels", RELS),
            ("word/header1.xml", &header),
            ("word/header2.xml", &header),
            ("word/footer1.xml", &footer),
            ("word/remarks.xml", &comments),
        ],
    );
    let text = "[header] Acme GmbH\n\n[the offer](https://example.org/a%20%28b%29) and more\n\n[b](https://b.org)\n\n\
                [c](https://c.org)\n\nup\n\nprice[^c7]\n\n[^c7]: Comment by Анна: too high\n\n[footer] IBAN DE00";
    assert_eq!(check("a.docx", &data).1, text);
}

#[test]
fn boxes_and_ticks_say_whether_they_are_ticked() {
    let control = |value: &str, sign: &str| {
        format!(
            "<w:p><w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val=\"{value}\"/></w14:checkbox></w:sdtPr><w:sdtContent>{}\
             </w:sdtContent></w:sdt>{}</w:p>",
            run(sign),
            run(" milk")
        )
    };
    let item = |list: usize, text: &str| {
        format!(
            "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"{list}\"/></w:numPr></w:pPr>{}</w:p>",
            run(text)
        )
    };
    let body = [
        control("1", "☒"),
        control("0", "☐"),
        paragraph(&format!("<w:r><w:sym w:font=\"Wingdings\" w:char=\"F0FE\"/></w:r>{}", run(" bread"))),
        paragraph(&format!(
            "<w:r><w:fldChar w:fldCharType=\"begin\"><w:ffData><w:checkBox><w:default w:val=\"0\"/><w:checked/></w:checkBox>\
             </w:ffData></w:fldChar></w:r>{}",
            run(" old form")
        )),
        item(1, "open"),
        item(2, "done"),
        item(3, "plain"),
    ]
    .concat();
    let level = |id: usize, text: &str, font: &str| {
        format!(
            "<w:abstractNum w:abstractNumId=\"{id}\"><w:lvl w:ilvl=\"0\"><w:lvlText w:val=\"{text}\"/><w:rPr><w:rFonts \
             w:ascii=\"{font}\"/></w:rPr></w:lvl></w:abstractNum>"
        )
    };
    let numbering = format!(
        "<w:numbering>{}{}{}<w:num w:numId=\"1\"><w:abstractNumId w:val=\"10\"/></w:num><w:num w:numId=\"2\">\
         <w:abstractNumId w:val=\"20\"/></w:num><w:num w:numId=\"3\"><w:abstractNumId w:val=\"30\"/></w:num></w:numbering>",
        level(10, "☐", "Arial"),
        level(20, "\u{f0fe}", "Wingdings"),
        level(30, "o", "Courier New"),
    );
    let text = "[x] milk\n\n[ ] milk\n\n[x] bread\n\n[x] old form\n\n- [ ] open\n- [x] done\n- plain";
    assert_eq!(check("a.docx", &docx(&body, &[("word/numbering.xml", &numbering)])).1, text);
}

#[test]
fn the_main_part_is_the_one_the_package_names() {
    let rels = "<Relationships><Relationship Id=\"r\" Type=\"http://x/officeDocument\" Target=\"word/document2.xml\"/>\
                </Relationships>";
    let real = format!("<w:document><w:body>{}</w:body></w:document>", paragraph(&run("the real one")));
    let data = docx(&paragraph(&run("a decoy")), &[("_rels/.rels", rels), ("word/document2.xml", &real)]);
    assert_eq!(check("a.docx", &data).1, "the real one");
}

fn workbook(sheet: &str) -> Vec<u8> {
    let rels = "<Relationships><Relationship Id=\"s1\" Type=\"x/worksheet\" Target=\"worksheets/first.xml\"/>\
                <Relationship Id=\"s2\" Type=\"x/worksheet\" Target=\"worksheets/second.xml\"/></Relationships>";
    let book = "<workbook><sheets><sheet name=\"Цены\" r:id=\"s1\"/><sheet name=\"Old\" state=\"hidden\" r:id=\"s2\"/></sheets>\
                </workbook>";
    let strings =
        "<sst><si><t>молоко</t></si><si><r><t>two </t></r><r><t>runs</t></r><rPh><t>spoken</t></rPh></si></sst>";
    let styles = "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd\\.mm\\.yyyy\"/></numFmts><cellXfs>\
                  <xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>";
    zip(&[
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", rels.as_bytes()),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
        ("xl/worksheets/first.xml", sheet.as_bytes()),
        ("xl/worksheets/second.xml", b"<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>"),
    ])
}

#[test]
fn sheets_are_read_row_by_row() {
    let sheet = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\"><f>1+1</f><v>89.9</v></c></row>\
        <row r=\"2\"/><row r=\"3\"><c r=\"A3\" t=\"inlineStr\"><is><t>in | line</t></is></c><c r=\"B3\" s=\"1\"><v>46351</v></c>\
        <c r=\"C3\" t=\"b\"><v>1</v></c><c r=\"D3\" t=\"e\"><v>#DIV/0!</v></c><c r=\"E3\" t=\"s\"><v>1</v></c></row></sheetData>\
        </worksheet>";
    let text =
        "## Цены\n\nмолоко |  | 89.9\nin | line | 2026-11-25 | TRUE | #DIV/0! | two runs\n\n## Old (hidden)\n\n1";
    assert_eq!(check("a.xlsx", &workbook(sheet)).1, text);
}

#[test]
fn a_sheet_made_to_break_its_reader_is_bounded() {
    let far =
        "<worksheet><sheetData><row><c r=\"A1\"><v>1</v></c><c r=\"XFD1\"><v>2</v></c></row></sheetData></worksheet>";
    assert!(check("a.xlsx", &workbook(far)).1.contains("1 | 2"));
    let many = format!(
        "<worksheet><sheetData>{}</sheetData></worksheet>",
        "<row><c r=\"IV1\"><v>7</v></c></row>".repeat(20_000)
    );
    assert!(check("a.xlsx", &workbook(&many)).1.len() <= 100_000);
    let without = Zip::default().file("xl/workbook.xml", b"<workbook><sheets/></workbook>").finish();
    assert!(ask("a.xlsx", &without).unwrap_err().text().contains("has no text"));
}

#[test]
fn tables_as_text_are_rows() {
    assert_eq!(check("a.csv", "имя;цена\nмолоко;\"90,5\"".as_bytes()).1, "имя | цена\nмолоко | 90,5");
}
