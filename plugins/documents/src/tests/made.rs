//! Small documents of each kind, made from nothing but bytes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Read, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchiveWriter};

/// A ZIP archive that is being made.
#[derive(Default)]
pub(crate) struct Zip(Vec<(String, Vec<u8>, u64)>);

impl Zip {
    pub(crate) fn file(mut self, name: &str, data: &[u8]) -> Self {
        self.0.push((name.to_owned(), data.to_vec(), 0));
        self
    }

    /// A file of that many zeros, of which no more than a thousandth is written.
    pub(crate) fn zeros(mut self, name: &str, length: u64) -> Self {
        self.0.push((name.to_owned(), Vec::new(), length));
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut data = Vec::new();
        let mut archive = ZipArchiveWriter::new(&mut data);
        for (name, content, zeros) in self.0 {
            let method = CompressionMethod::DEFLATE;
            let (mut entry, config) = archive.new_file(&name).compression_method(method).start().unwrap();
            let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
            writer.write_all(&content).unwrap();
            io::copy(&mut io::repeat(0).take(zeros), &mut writer).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        archive.finish().unwrap();
        data
    }
}

pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    files.iter().fold(Zip::default(), |zip, (name, data)| zip.file(name, data)).finish()
}

/// A Word document with this inside of its body and these further parts.
pub(crate) fn docx(body: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}</w:body>\
         </w:document>"
    );
    let zip = Zip::default().file("word/document.xml", document.as_bytes());
    parts.iter().fold(zip, |zip, (name, part)| zip.file(name, part.as_bytes())).finish()
}

/// A book of these chapters, the second of which is named in an odd way.
pub(crate) fn epub(title: &str, chapters: &[&str]) -> Vec<u8> {
    let container = "<container><rootfiles><rootfile full-path=\"OEBPS/book.opf\"/></rootfiles></container>";
    let (mut manifest, mut spine) = (String::new(), String::new());
    let mut zip = Zip::default().file("mimetype", b"application/epub+zip");
    zip = zip.file("META-INF/container.xml", container.as_bytes());
    for (number, chapter) in chapters.iter().enumerate() {
        write!(manifest, "<item id=\"c{number}\" href=\"text/%D0%B3{number}.xhtml\"/>").unwrap();
        write!(spine, "<itemref idref=\"c{number}\"/>").unwrap();
        let page =
            format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><html><head><title>x</title></head><body>{chapter}");
        zip = zip.file(&format!("OEBPS/text/г{number}.xhtml"), page.as_bytes());
    }
    let package = format!(
        "<package xmlns:dc=\"d\"><metadata><dc:title>{title}</dc:title></metadata><manifest>{manifest}</manifest>\
         <spine>{spine}</spine></package>"
    );
    zip.file("OEBPS/book.opf", package.as_bytes()).finish()
}

/// An OpenDocument text with this inside of its body.
pub(crate) fn odt(body: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content xmlns:office=\"o\" xmlns:text=\"t\" xmlns:table=\"b\"><office:body><office:text>{body}\
         </office:text></office:body></office:document-content>"
    );
    let meta = "<office:document-meta xmlns:dc=\"d\"><office:meta><dc:title>Отчёт</dc:title></office:meta>\
                </office:document-meta>";
    zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", content.as_bytes()),
        ("meta.xml", meta.as_bytes()),
    ])
}

/// A PDF file of these objects, numbered from 1; the first is the catalogue.
pub(crate) fn objects(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut data = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", data.len()).unwrap();
        data.extend(format!("{} 0 obj\n", number + 1).into_bytes());
        data.extend(object);
        data.extend(b"\nendobj\n");
    }
    let (start, size) = (data.len(), objects.len() + 1);
    data.extend(
        format!("{table}trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n").bytes(),
    );
    data
}

/// A stream that is not packed.
pub(crate) fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
    [format!("<< {dict} /Length {} >>\nstream\n", data.len()).as_bytes(), data, b"\nendstream"].concat()
}

/// A PDF of pages that are drawn by these operators, in a font that is not in the file.
pub(crate) fn pdf(pages: &[&str]) -> Vec<u8> {
    let font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec();
    pages_with(font, &[], pages.iter().map(|page| stream("", page.as_bytes())).collect(), "")
}

/// A PDF with the font as object 3, further objects from 4, then the pages with their contents.
pub(crate) fn pages_with(font: Vec<u8>, further: &[Vec<u8>], contents: Vec<Vec<u8>>, trailer: &str) -> Vec<u8> {
    let first = 4 + further.len();
    let kids: String = (0..contents.len()).map(|number| format!("{} 0 R ", first + 2 * number)).collect();
    let mut all = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} /MediaBox [0 0 595 842] >>", contents.len()).into_bytes(),
        font,
    ];
    all.extend_from_slice(further);
    for (number, content) in contents.into_iter().enumerate() {
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> /XObject << /X1 4 0 R >> >> /Contents {} 0 R >>",
            first + 2 * number + 1
        );
        all.extend([page.into_bytes(), content]);
    }
    objects(&all, trailer)
}

/// A PDF of lines in a font whose codes mean nothing but what its ToUnicode map says, as all programs write Russian. The
/// letters of a ligature have one code.
pub(crate) fn mapped_pdf(lines: &[&str], ligature: &str) -> Vec<u8> {
    let letters: BTreeSet<char> = lines.iter().flat_map(|line| line.chars()).collect();
    let letters: Vec<char> = letters.into_iter().collect();
    let code = |c: char| letters.iter().position(|known| *known == c).unwrap() + 16;
    let hex = |text: &str| text.encode_utf16().fold(String::new(), |hex, unit| hex + &format!("{unit:04X}"));
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n1 begincodespacerange <0000> \
         <FFFF> endcodespacerange\n",
    );
    writeln!(map, "{} beginbfchar", letters.len() + 1).unwrap();
    writeln!(map, "<0005> <{}>", hex(ligature)).unwrap();
    for letter in &letters {
        writeln!(map, "<{:04X}> <{}>", code(*letter), hex(letter.encode_utf8(&mut [0; 4]))).unwrap();
    }
    map.push_str("endbfchar endcmap end end");
    let mut content = String::from("BT /F1 12 Tf 14 TL 50 800 Td\n");
    for line in lines {
        let codes: String = line.chars().map(|c| format!("{:04X}", code(c))).collect();
        writeln!(content, "<{}> Tj T*", codes.replace(&hex_codes(ligature, &code), "0005")).unwrap();
    }
    content.push_str("ET");
    let font =
        b"<< /Type /Font /Subtype /Type0 /BaseFont /AAAAAA+Times /Encoding /Identity-H /DescendantFonts [4 0 R] \
                 /ToUnicode 5 0 R >>";
    let descendant =
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /AAAAAA+Times /DW 500 /CIDSystemInfo << /Registry \
                       (Adobe) /Ordering (Identity) /Supplement 0 >> >>";
    let further = [descendant.to_vec(), stream("", map.as_bytes())];
    pages_with(font.to_vec(), &further, vec![stream("", content.as_bytes())], "")
}

fn hex_codes(text: &str, code: &impl Fn(char) -> usize) -> String {
    text.chars().map(|c| format!("{:04X}", code(c))).collect()
}

/// Numbers that look random and are the same in every run (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % most.max(1) as u64) as usize
    }
}
