//! plugin.toml and the question an owner is asked about it.

use steward_agent::{Language, is_hidden};

use crate::capability::CAPABILITIES;
use crate::component::Kind;
use crate::consent::{Before, Consent, Request, Source};
use crate::grant::{Access, CapabilitySet};
use crate::limits::Limits;
use crate::manifest::Manifest;

/// The text of a plugin.toml, as if its component imported everything.
///
/// # Panics
/// A refusal says nothing; what was approved is not what was asked; a limit is wider than the host's; or the question
/// has a line of the author's own, something hidden, or keeps something back.
pub fn manifest(text: &str) {
    let manifest = match Manifest::parse(text) {
        Ok(manifest) => manifest,
        Err(error) => return assert!(!error.to_string().is_empty(), "a refusal without a word"),
    };
    let host = Limits::default();
    let limits = manifest.limits(&host);
    assert!(limits.memory <= host.memory && limits.time <= host.time, "wider than the host's");
    assert!(limits.output <= host.output && limits.write <= host.write, "wider than the host's");
    let imports: Vec<String> =
        CAPABILITIES.iter().flat_map(|one| one.interfaces).map(|name| format!("{name}@0.1.0")).collect();
    let all = CAPABILITIES.iter().fold(CapabilitySet::EMPTY, |set, one| set.with(one.name, Access::Write));
    let reach = all.intersection(manifest.grant.capabilities);
    let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
    let source = Source { manifest: &manifest, hash, size: text.len(), kind: Kind::Plugin, imports: &imports, reach };
    let request = Request::of(source, std::iter::empty());
    kept(&request);
    let asked: Vec<_> = request.capabilities.iter().map(|one| one.name.as_str()).collect();
    let granted: Vec<_> = reach.iter().map(|(one, _)| one.name).collect();
    assert_eq!(asked, granted, "what is granted is not what is asked about");
    for language in [Language::En, Language::Ru] {
        question(&request, &limits, language);
    }
}

/// What is approved is read back, is not wider than itself, and nothing of it need be asked again.
fn kept(request: &Request) {
    let read = request.kept().and_then(|kept| Request::read(&kept)).ok();
    assert_eq!(read.as_ref(), Some(request), "what was approved is not read back");
    assert!(request.within(request).is_ok(), "it is wider than itself");
    assert!(
        !Consent::new(request.clone(), None, Some(Before { request, author: None })).is_needed(),
        "the same is asked again"
    );
}

/// Every line is the host's, with the author's words within it.
fn question(request: &Request, limits: &Limits, language: Language) {
    let text = Consent::new(request.clone(), None, None).text(language, limits);
    assert!(!text.contains(|c| c != '\n' && is_hidden(c)), "something is hidden in {text:?}");
    // The same request by an author of no words has as many lines.
    let plain = Request { version: "1".to_owned(), description: "d".to_owned(), ..request.clone() };
    let plain = Consent::new(plain, None, None).text(language, limits);
    assert_eq!(text.lines().count(), plain.lines().count(), "the author wrote a line of the question: {text}");
    for capability in &request.capabilities {
        assert!(text.contains(&format!("\n  {}", capability.name)), "{} is not asked about", capability.name);
    }
}
