//! Documents of word processors.

use super::made::{docx, odt};
use super::{ask, check};

const STYLES: &str = "<w:styles><w:style w:type=\"paragraph\" w:styleId=\"1\"><w:name w:val=\"heading 1\"/></w:style>\
    <w:style w:styleId=\"my\"><w:name w:val=\"Мой\"/><w:basedOn w:val=\"1\"/></w:style>\
    <w:style w:styleId=\"deep\"><w:name w:val=\"x\"/><w:pPr><w:outlineLvl w:val=\"2\"/></w:pPr></w:style>\
    <w:style w:styleId=\"lb\"><w:name w:val=\"List Bullet\"/></w:style>\
    <w:style w:styleId=\"loop\"><w:name w:val=\"y\"/><w:basedOn w:val=\"loop\"/></w:style></w:styles>";

fn paragraph(properties: &str, text: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>")
}

#[test]
fn headings_lists_and_tables_of_word_are_kept() {
    let item = |level: usize, text| {
        paragraph(&format!("<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"3\"/></w:numPr>"), text)
    };
    let cell = |text| format!("<w:tc>{}{}</w:tc>", paragraph("", text), paragraph("", "+"));
    let body = [
        paragraph("<w:pStyle w:val=\"1\"/>", "Договор"),
        paragraph("<w:pStyle w:val=\"my\"/>", "Мой раздел"),
        paragraph("<w:pStyle w:val=\"deep\"/>", "Deep"),
        paragraph("<w:pStyle w:val=\"loop\"/>", "Plain &amp; simple"),
        item(0, "one"),
        item(1, "two"),
        paragraph("<w:pStyle w:val=\"lb\"/>", "three"),
        paragraph("<w:pStyle w:val=\"lb\"/><w:numPr><w:numId w:val=\"0\"/></w:numPr>", "no item"),
        format!("<w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl>", cell("a"), cell("b"), cell("c"), cell("d")),
        paragraph("", "Конец"),
    ]
    .concat();
    let core = "<cp:coreProperties><dc:title>Найм</dc:title></cp:coreProperties>";
    let data = docx(&body, &[("word/styles.xml", STYLES), ("docProps/core.xml", core)]);
    let text = "# Договор\n\n# Мой раздел\n\n### Deep\n\nPlain & simple\n\n- one\n  - two\n- three\n\nno item\n\na + | b +\nc + | \
                d +\n\nКонец";
    assert_eq!(check("a.docx", &data), (Some("Найм".to_owned()), text.to_owned()));
}

#[test]
fn what_changes_deleted_is_left_out_and_notes_are_told() {
    let run = |text: &str| format!("<w:r><w:t>{text}</w:t></w:r>");
    let body = format!(
        "<w:p>{}<w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:moveFrom>{}</w:moveFrom><w:ins>{}</w:ins>\
         <w:hyperlink>{}</w:hyperlink><w:r><w:tab/><w:footnoteReference w:id=\"2\"/><w:br/></w:r>{}\
         <w:r><mc:AlternateContent><mc:Choice><w:txbxContent>{}</w:txbxContent></mc:Choice>\
         <mc:Fallback>{}</mc:Fallback></mc:AlternateContent></w:r><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>",
        run("kept "),
        run("moved"),
        run("new "),
        run("link"),
        run("next"),
        paragraph("", "box"),
        paragraph("", "box again"),
    );
    let notes = "<w:footnotes><w:footnote w:type=\"separator\" w:id=\"-1\"><w:p><w:r><w:t>-</w:t></w:r></w:p></w:footnote>\
        <w:footnote w:id=\"2\"><w:p><w:r><w:t>see there</w:t></w:r></w:p></w:footnote>\
        <w:footnote w:id=\"3\"><w:p><w:r><w:t>of nothing</w:t></w:r></w:p></w:footnote></w:footnotes>";
    let data = docx(&body, &[("word/footnotes.xml", notes)]);
    assert_eq!(check("a.docx", &data).1, "box\n\nkept new link\t[^2]\nnext\n\n[^2]: see there");
}

#[test]
fn documents_of_libre_office_are_read() {
    let body = "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>\
        <text:h text:outline-level=\"2\">Глава</text:h><text:p>a<text:s text:c=\"2\"/>b\n   c<text:tab/>d<text:note>\
        <text:note-citation>1</text:note-citation><text:note-body><text:p>сноска</text:p></text:note-body></text:note></text:p>\
        <text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>two</text:p></text:list-item>\
        </text:list></text:list-item></text:list><table:table><table:table-row><table:table-cell><text:p>x</text:p>\
        </table:table-cell><table:table-cell><text:p>y</text:p></table:table-cell></table:table-row></table:table>\
        <office:annotation><text:p>comment</text:p></office:annotation>";
    let text = "## Глава\n\na  b c\td[^1]\n\n- one\n  - two\n\nx | y\n\n[^1]: сноска\n\n[^2]: comment";
    assert_eq!(check("a.odt", &odt(body)), (Some("Отчёт".to_owned()), text.to_owned()));
}

#[test]
fn a_document_without_text_says_so() {
    let failure = ask("a.docx", &docx("<w:p/>", &[])).unwrap_err();
    assert!(failure.text().contains("has no text"), "{}", failure.text());
}
