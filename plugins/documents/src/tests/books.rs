//! Books.

use super::check;
use super::made::{Zip, epub};
use crate::read;

#[test]
fn chapters_come_in_their_order() {
    let data = epub("Война и мир", &["<h1>Глава 1</h1><p>Один<p>Два", "<h1>Глава 2</h1><aside>note</aside>"]);
    let text = "# Глава 1\n\nОдин\n\nДва\n\n# Глава 2\n\nnote";
    assert_eq!(check("a.epub", &data), (Some("Война и мир".to_owned()), text.to_owned()));
}

#[test]
fn half_a_book_says_what_it_lacks() {
    let wanted = crate::part::Wanted::new(None, None, None).unwrap();
    let data = Zip::default().file("mimetype", b"application/epub+zip").finish();
    let failure = read("a.epub", data, &wanted).unwrap_err();
    assert!(failure.text().contains("META-INF/container.xml"), "{}", failure.text());
}
