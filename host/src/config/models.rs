//! Which models to ask, in which order. Local first: only a configured address or model name goes before a server on
//! this machine, and a key alone comes after it.

use anyhow::bail;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use steward_model::{PROVIDERS, ProviderKind, ServerKind};

use super::environment::{self, Environment};

/// One `[[models]]` entry.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Whose API the server speaks. `rehearsal` is the built-in script.
    ///
    /// Default: must be said
    /// Values: `openai`, `anthropic`, `rehearsal`
    #[serde(deserialize_with = "provider")]
    pub provider: &'static ProviderKind,
    /// The server's address.
    ///
    /// Environment: `OPENAI_BASE_URL`, `ANTHROPIC_BASE_URL` (of the first entry)
    /// Values: an address
    /// Default: the provider's
    pub base_url: Option<String>,
    /// The key. One from the environment is used at the provider's own address only.
    ///
    /// Environment: `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`
    pub key: Option<String>,
    /// The model's name. `MODEL=rehearsal` forces the built-in script.
    ///
    /// Environment: `MODEL` (of the first entry)
    /// Default: the server's first
    pub model: Option<String>,
    /// The model's window.
    ///
    /// Values: tokens, at least 2000
    /// Default: what the server says
    pub context: Option<u32>,
    /// The price of a million tokens read, for `access.limits.money`.
    pub price_in: Option<f64>,
    /// The price of a million tokens written, for `access.limits.money`.
    pub price_out: Option<f64>,
}

/// The kind of that name.
fn provider<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static ProviderKind, D::Error> {
    let name = String::deserialize(deserializer)?;
    PROVIDERS.into_iter().find(|kind| kind.name == name).ok_or_else(|| {
        let names: Vec<_> = PROVIDERS.iter().map(|kind| format!("`{}`", kind.name)).collect();
        D::Error::custom(format!("unknown variant `{name}`, expected one of {}", names.join(", ")))
    })
}

/// How the models are found.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelPlan {
    /// These, in this order.
    Configured(Vec<ModelEntry>),
    /// A server on this machine (with this model, if one is named), else these, else the rehearsal model.
    LocalFirst {
        /// What to ask the server for.
        model: Option<String>,
        /// In this order.
        otherwise: Vec<ModelEntry>,
    },
}

/// What a million tokens of each model cost, read and written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prices(Vec<(Option<String>, f64, f64)>);

impl Prices {
    /// Every model that may be asked has a price.
    pub(crate) fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    /// What an answer costs in millionths; of a model without a price of its own, as much as of the dearest one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cast to the nearest number"
    )]
    pub(crate) fn cost(&self, model: Option<&str>, read: u64, written: u64) -> u64 {
        let cost = |(_, price_in, price_out): &(Option<String>, f64, f64)| {
            (read as f64 * price_in + written as f64 * price_out).ceil() as u64
        };
        let own = self.0.iter().find(|(name, ..)| model.is_some() && name.as_deref() == model).map(cost);
        own.or_else(|| self.0.iter().map(cost).max()).unwrap_or(0)
    }
}

impl ModelPlan {
    /// What the models cost; none if one of them has no price.
    pub(crate) fn prices(&self) -> Prices {
        let Self::Configured(entries) = self else { return Prices::default() };
        let paid = entries.iter().filter(|entry| entry.provider.server.is_some());
        let prices = paid.map(|entry| Some((entry.model.clone(), entry.price_in?, entry.price_out?)));
        Prices(prices.collect::<Option<Vec<_>>>().unwrap_or_default())
    }

    pub(super) fn choose(environment: &Environment, entries: Vec<ModelEntry>) -> anyhow::Result<Self> {
        let mut by_address = false;
        for key in servers().map(|(_, server)| server.address_variable) {
            if let Some(url) = environment.get(key) {
                environment::url(key, url)?;
                by_address = true;
            }
        }
        if !entries.is_empty() {
            return Ok(Self::Configured(from_file(environment, entries)?));
        }
        let model = environment.get("MODEL").map(str::to_owned);
        let is_built_in = |kind: &&&ProviderKind| kind.server.is_none() && Some(kind.name) == model.as_deref();
        if let Some(kind) = PROVIDERS.iter().find(is_built_in) {
            return Ok(Self::Configured(vec![entry(kind, None, None, None)]));
        }
        let found = from_environment(environment, model.as_deref());
        if by_address || (model.is_some() && !found.is_empty()) {
            return Ok(Self::Configured(found));
        }
        Ok(Self::LocalFirst { model, otherwise: found })
    }
}

/// The kinds whose models are asked at a server.
fn servers() -> impl Iterator<Item = (&'static ProviderKind, &'static ServerKind)> {
    PROVIDERS.into_iter().filter_map(|kind| Some((kind, kind.server.as_ref()?)))
}

fn entry(
    provider: &'static ProviderKind,
    base_url: Option<&str>,
    key: Option<&str>,
    model: Option<&str>,
) -> ModelEntry {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let (base_url, key, model) = (owned(base_url), owned(key), owned(model));
    ModelEntry { provider, base_url, key, model, context: None, price_in: None, price_out: None }
}

/// What the environment tells: the provider that `MODEL` belongs to comes first and the others are its fallback.
fn from_environment(environment: &Environment, model: Option<&str>) -> Vec<ModelEntry> {
    let owner = model.and_then(|model| servers().find(|(_, server)| server.is_own(model)));
    let is_owner = |kind: &ProviderKind| owner.is_some_and(|(owner, _)| owner == kind);
    let mut found = Vec::new();
    for (kind, server) in servers() {
        if environment.first(&[server.address_variable, server.key_variable]).is_none() {
            continue;
        }
        let url = environment.get(server.address_variable).unwrap_or(server.address);
        let usual = (url == server.address || !server.lists_models).then_some(server.model);
        // A name that tells no provider is for the one that comes first.
        let asked = model.filter(|_| is_owner(kind) || (owner.is_none() && found.is_empty()));
        found.push(entry(kind, Some(url), environment.get(server.key_variable), asked.or(usual)));
    }
    found.sort_by_key(|entry| !is_owner(entry.provider));
    found
}

/// The file's entries, completed by the environment's keys, addresses and model.
fn from_file(environment: &Environment, mut entries: Vec<ModelEntry>) -> anyhow::Result<Vec<ModelEntry>> {
    for (at, entry) in entries.iter_mut().enumerate() {
        let Some(server) = &entry.provider.server else { continue };
        if let Some(url) = &entry.base_url {
            environment::url(&format!("models[{at}].base_url"), url)?;
        }
        if at == 0 {
            entry.base_url = environment.get(server.address_variable).map(str::to_owned).or(entry.base_url.take());
            entry.model = environment.get("MODEL").map(str::to_owned).or(entry.model.take());
        }
        let base_url = entry.base_url.get_or_insert_with(|| server.address.to_owned());
        if entry.key.is_none() && base_url == server.address {
            entry.key = environment.get(server.key_variable).map(str::to_owned);
        }
        if !server.lists_models && entry.model.is_none() {
            let (title, model) = (server.title, server.model);
            bail!("models[{at}].model: an {title} entry names its model, such as {model}.");
        }
        for (name, price) in [("price_in", entry.price_in), ("price_out", entry.price_out)] {
            if price.is_some_and(|price| !(0.0..=1e6).contains(&price)) {
                bail!("models[{at}].{name}: use the price of a million tokens, such as 2.5.");
            }
        }
        if entry.context.is_some_and(|tokens| tokens < 2_000) {
            bail!("models[{at}].context: a window under 2000 tokens holds no conversation. Leave it out or raise it.");
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use steward_model::OPENAI;

    use super::*;

    #[test]
    fn an_answer_costs_what_its_model_does_and_an_unknown_one_what_the_dearest_does() {
        let entry = |model: &str, price_in, price_out| ModelEntry {
            price_in,
            price_out,
            ..entry(&OPENAI, None, None, Some(model))
        };
        let (small, large) = (entry("small", Some(1.0), Some(2.0)), entry("large", Some(3.0), Some(15.0)));
        let prices = ModelPlan::Configured(vec![small.clone(), large]).prices();
        assert_eq!(prices.cost(Some("small"), 1_000, 100), 1_200);
        assert_eq!(prices.cost(Some("large-2026"), 1_000, 100), 4_500);
        assert_eq!(prices.cost(None, 1_000, 100), 4_500);
        let unknown = ModelPlan::Configured(vec![small, entry("free", None, Some(1.0))]).prices();
        assert!(!unknown.is_known());
        assert_eq!(unknown.cost(Some("small"), 1_000, 100), 0);
    }
}
