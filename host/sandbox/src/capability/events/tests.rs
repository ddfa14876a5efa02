use std::path::Path;

use async_trait::async_trait;
use serde_json::json;
use steward_store::StoreError;

use super::*;
use crate::backing::Backing;
use crate::bindings::wit::events::Host as _;
use crate::fixture::Fixture;

/// Stands in for what can be watched for: the weather of a place.
pub(crate) struct Weather;

#[async_trait]
impl EventKinds for Weather {
    fn all(&self) -> Vec<EventKind> {
        let [name, description, schema] = ["weather", "It rains.", r#"{"type":"object"}"#].map(str::to_owned);
        vec![EventKind { name, description, schema }]
    }

    async fn fit(&self, workspace: &Path, kind: &str, settings: Value) -> Result<Value, EventFault> {
        match (kind, settings["place"].as_str()) {
            ("weather", Some("Atlantis")) => Err(EventFault::Store(StoreError::NotFound("no such place".to_owned()))),
            ("weather", Some(place)) => Ok(json!({ "place": place, "for": workspace.file_name().unwrap().to_str() })),
            ("weather", None) => Err(EventFault::Invalid("name a place".to_owned())),
            _ => Err(EventFault::Invalid("use one of weather".to_owned())),
        }
    }

    async fn look(&self, _: &Path, _: &str, settings: &Value) -> Result<String, EventFault> {
        Ok(format!("dry in {}", settings["place"]))
    }
}

fn wanted(kind: &str, settings: Value) -> wit::events::NewSubscription {
    let (kind, settings) = (kind.to_owned(), settings.to_string());
    wit::events::NewSubscription { kind, settings, prompt: "look at it".to_owned(), recipients: vec![] }
}

#[tokio::test]
async fn what_is_watched_is_kept_as_the_host_settled_and_saw_it() {
    let fixture = Fixture::new().await;
    let mut owner = fixture.owner();
    let made = view(&mut owner).subscribe(wanted(" weather ", json!({ "place": "Bergen" }))).await.unwrap();
    assert_eq!((made.kind.as_str(), made.last), ("weather", None));
    let kept = owner.backing.store.subscriptions("weather").await.unwrap();
    assert_eq!(kept[0].settings, json!({ "place": "Bergen", "for": "workspace" }));
    assert_eq!(kept[0].seen, r#"dry in "Bergen""#);
}

#[tokio::test]
async fn what_does_not_fit_is_named_and_own_ones_are_dropped() {
    let fixture = Fixture::new().await;
    let mut owner = fixture.owner();
    for (kind, settings, told) in [
        ("volcano", json!({}), "use one of weather"),
        ("weather", json!({}), "name a place"),
        ("weather", json!([]), "must be a JSON object"),
        ("", json!({}), "`kind` is empty"),
    ] {
        let refused = view(&mut owner).subscribe(wanted(kind, settings)).await;
        assert!(matches!(refused, Err(Failure::Invalid(text)) if text.contains(told)), "{kind}");
    }
    let refused = view(&mut owner).subscribe(wanted("weather", json!({ "place": "Atlantis" }))).await;
    assert!(matches!(refused, Err(Failure::NotFound(_))));
    let made = view(&mut owner).subscribe(wanted("weather", json!({ "place": "Bergen" }))).await.unwrap();
    assert!(matches!(view(&mut fixture.anna()).unsubscribe(made.id.clone()).await, Err(Failure::NotFound(_))));
    assert_eq!(view(&mut owner).list().await.unwrap().len(), 1);
    assert_eq!(view(&mut owner).unsubscribe(made.id).await.unwrap().kind, "weather");
    assert!(view(&mut owner).list().await.unwrap().is_empty());
    for kind in view(&mut owner).kinds().await {
        assert!(serde_json::from_str::<Value>(&kind.settings_schema).is_ok(), "{}", kind.name);
    }
}

#[tokio::test]
async fn where_nothing_watches_that_is_said() {
    let fixture = Fixture::new().await;
    let mut owner = fixture.owner();
    owner.backing =
        std::sync::Arc::new(Backing { events: None, ..owner.backing.elsewhere(owner.backing.workspace.clone()) });
    assert!(view(&mut owner).kinds().await.is_empty());
    let refused = view(&mut owner).subscribe(wanted("weather", json!({ "place": "Bergen" }))).await;
    assert!(matches!(refused, Err(Failure::Unavailable(text)) if text.contains("nothing can be watched")));
}
