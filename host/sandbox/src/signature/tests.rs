use super::*;
use crate::compile::Compiler;
use crate::guest::{self, Guest};
use crate::inspect::inspect_with;
use crate::limits::Limits;

const MANIFEST: &str = "name = \"echo\"\nversion = \"1.0\"\ndescription = \"Echoes.\"\n[capabilities]\n";

fn packed(manifest: &str) -> Vec<u8> {
    packed::pack(&Guest::new("echo", guest::ECHO).wasm(), manifest).unwrap()
}

async fn request(wasm: &[u8], manifest: &str) -> Request {
    let inspection = inspect_with(&Compiler::InProcess, wasm.to_vec(), manifest, &Limits::default()).await.unwrap();
    inspection.request.unwrap().unwrap().0
}

fn key() -> SigningKey {
    SigningKey::open(&SigningKey::generate(None).unwrap().secret, None).unwrap()
}

fn public(key: &SigningKey) -> String {
    PublicKey::from_secret_key(&key.0).unwrap().to_base64()
}

fn refused(wasm: &[u8], request: &Request) -> String {
    let LoadError::Signature(text) = signer(wasm, MANIFEST, request).unwrap_err() else {
        panic!("about the signature")
    };
    text
}

#[tokio::test]
async fn who_signed_is_read_back_and_signing_again_takes_the_place() {
    let wasm = packed(MANIFEST);
    let request = request(&wasm, MANIFEST).await;
    assert_eq!(signer(&wasm, MANIFEST, &request).unwrap(), None);
    let (first, second) = (key(), key());
    let signed = sign(&wasm, &request, &first).unwrap();
    assert_eq!(signer(&signed, MANIFEST, &request).unwrap(), Some(public(&first)));
    let again = sign(&signed, &request, &second).unwrap();
    assert_eq!(signer(&again, MANIFEST, &request).unwrap(), Some(public(&second)));
    assert_eq!(packed::without(&again, &[SIGNATURE]).unwrap(), wasm);
    // Another manifest than the signed one is the owner's; one that is packed takes the signature away.
    let other = MANIFEST.replace("Echoes", "Repeats");
    assert_eq!(signer(&signed, &other, &request).unwrap(), None);
    assert_eq!(signer(&packed::pack(&signed, &other).unwrap(), &other, &request).unwrap(), None);
}

#[tokio::test]
async fn a_signature_is_for_one_component_one_manifest_and_its_grants() {
    let wasm = packed(MANIFEST);
    let request = request(&wasm, MANIFEST).await;
    let key = key();
    let signed = sign(&wasm, &request, &key).unwrap();
    let section = &signed[wasm.len()..];
    let with_section = |file: Vec<u8>| [&file, section].concat();

    let more = [&wasm, section::written("x", b"y").as_slice()].concat();
    assert!(refused(&with_section(more), &request).contains("another component"));
    let manifest = packed(&MANIFEST.replace("Echoes", "Repeats"));
    assert!(refused(&with_section(manifest), &request).contains("another manifest"));
    assert!(refused(&with_section(signed.clone()), &request).contains("more than one"));
    let mut wider = request.clone();
    wider.capabilities.push(crate::consent::AskedCapability {
        name: "http".to_owned(),
        access: crate::grant::Access::Write,
        interfaces: Vec::new(),
        scopes: Default::default(),
    });
    assert!(refused(&signed, &wider).contains("`http`"));
    let newer = Request { version: "2.0".to_owned(), ..request.clone() };
    assert!(refused(&signed, &newer).contains("version"));
}

#[tokio::test]
async fn a_statement_that_was_changed_or_signed_by_another_key_is_refused() {
    let wasm = packed(MANIFEST);
    let request = request(&wasm, MANIFEST).await;
    let (mine, other) = (key(), key());
    let signed = sign(&wasm, &request, &mine).unwrap();
    let forged = |change: &dyn Fn(&mut Signature)| {
        let mut signature = read(&signed).unwrap().unwrap();
        change(&mut signature);
        let json = serde_json::to_vec(&signature).unwrap();
        refused(&[&wasm, section::written(SIGNATURE, &json).as_slice()].concat(), &request)
    };
    let not_made = "not made with the key";
    assert!(forged(&|signature| signature.statement.push_str("grant: http write\n")).contains(not_made));
    assert!(forged(&|signature| signature.public_key = public(&other)).contains(not_made));
    assert!(forged(&|signature| signature.public_key.truncate(20)).contains("public key is damaged"));
    assert!(forged(&|signature| signature.signature.truncate(30)).contains("damaged"));
    for data in [&b"{}"[..], b"", b"\xff", &[b' '; MOST + 1]] {
        let file = [&wasm, section::written(SIGNATURE, data).as_slice()].concat();
        assert!(refused(&file, &request).contains("fetch the file again"));
    }
}

#[tokio::test]
async fn no_value_makes_a_line_of_the_statement() {
    let wasm = packed(MANIFEST);
    let mut request = request(&wasm, MANIFEST).await;
    request.version = "1\ngrant: http write".to_owned();
    let text = Statement::new(&wasm, MANIFEST, &request).to_string();
    assert!(!text.lines().any(|line| line.starts_with("grant: http")), "{text}");
    assert_eq!(Statement::parse(&text).unwrap(), Statement::new(&wasm, MANIFEST, &request));
    for strange in ["", "hello", "steward plugin statement 2\n", &text.replace("manifest", "manifesto")] {
        assert!(Statement::parse(strange).is_err());
    }
}

#[test]
fn what_is_not_a_key_is_refused() {
    let plain = SigningKey::generate(None).unwrap();
    assert!(!SigningKey::needs_password(&plain.secret).unwrap());
    for strange in ["", "no key", plain.public.as_str(), &plain.secret[..60]] {
        assert!(SigningKey::open(strange, None).is_err() && SigningKey::needs_password(strange).is_err(), "{strange}");
    }
}
