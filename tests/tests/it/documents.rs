//! A document somebody sends: kept, read in the sandbox by the tool for it, and told.

use serde_json::json;
use steward_tests::model::Reply;

use crate::stage::Stage;

/// A PDF of one page, without the table that says where its objects are.
const LEASE: &[u8] =
    b"%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n2 0 obj << /Type /Pages /Kids [3 0 R] \
    /Count 1 >> endobj\n3 0 obj << /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >> \
    endobj\n4 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj\n5 0 obj << /Length 59 >>\nstream\n\
    BT /F1 12 Tf 50 700 Td (The rent is due on the fifth) Tj ET\nendstream endobj\ntrailer << /Root 1 0 R >>\n";

#[tokio::test]
async fn a_document_that_was_sent_is_read() {
    let stage = Stage::set(|asked| match asked.results().first() {
        Some((_, text)) => Reply::text(text),
        None => {
            let said = asked.last_said();
            let start = said.find("uploads/").unwrap();
            let end = said[start..].find(".pdf").unwrap();
            Reply::call("read_document", json!({ "path": &said[start..start + end + 4] }))
        }
    })
    .await;
    stage.owner.sends_document("lease.pdf", "application/pdf", LEASE, "when is the rent due?");
    let answer = stage.owner.hears(|text| text.contains("due on the fifth")).await;
    assert!(answer.text().contains("page 1"), "{}", answer.text());
    assert_eq!(stage.audit(1).await, [("read_document".to_owned(), "ok".to_owned())]);
}
