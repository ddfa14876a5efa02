//! `kv`: a plugin's own small data. What was kept while acting for one person is out of reach when it acts for another,
//! so an outsider never reads what was kept for the owner.

use steward_agent::{Principal, Role, Source};
use steward_store::{KvPlace, KvQuota, KvStore};
use wasmtime::component::{HasData, Linker};

use crate::bindings::{Failure, wit};
use crate::capability::{Brings, Capability};
use crate::foreign::{ForeignMarks, Lowering};
use crate::grant::Access;
use crate::host_call::{EffectKey, HostCall};
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "kv",
    summary: (
        "Keep its own small data, separate for each person.",
        "Хранить небольшие собственные данные, отдельно для каждого человека.",
    ),
    interfaces: &["steward:plugin/kv"],
    owner: Access::Write,
    group: Access::Write,
    external: Access::Write,
    brings: Brings::Marked,
    stays_within: true,
    link,
    ..Capability::PLAIN
};

/// The longest key, in bytes.
const KEY: usize = 200;
/// The longest value, in bytes.
const VALUE: usize = 64 << 10;
/// What the owners' data of one plugin may be, and what anybody else's.
const OWNERS: KvQuota = KvQuota { keys: 1000, bytes: 1 << 20 };
const OTHERS: KvQuota = KvQuota { keys: 100, bytes: 64 << 10 };

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::kv::add_to_linker::<_, HasKv>(linker, view)
}

/// What it needs of a call: the values of plugins, whose they are, and what came from others.
struct Kv<'a> {
    values: KvStore<'a>,
    marks: &'a ForeignMarks,
    lowering: &'a Lowering,
    principal: &'a Principal,
    plugin: &'a str,
    key: EffectKey<'a>,
}

struct HasKv;

impl HasData for HasKv {
    type Data<'a> = Kv<'a>;
}

fn view(state: &mut CallState) -> Kv<'_> {
    let HostCall { backing, principal, plugin, lowering, key, .. } = HostCall::of(state);
    Kv { values: backing.store.kv(), marks: &backing.marks, lowering, principal, plugin, key }
}

impl wit::kv::Host for Kv<'_> {
    async fn get(&mut self, key: String) -> Result<Option<Vec<u8>>, Failure> {
        check_key(&key)?;
        let value = self.values.get(self.place(), &key).await?;
        if let Some(value) = &value
            && self.marks.is_text_foreign(&self.marked_place(), &digest(value)).await?
        {
            self.lowering.receive(Source::Tool(self.plugin.to_string()));
        }
        Ok(value)
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Result<(), Failure> {
        check_key(&key)?;
        if value.len() > VALUE {
            let (long, most) = (value.len(), VALUE >> 10);
            return Err(Failure::Invalid(format!(
                "the value of `{key}` has {long} bytes and may have {most} KiB: keep less under one key"
            )));
        }
        if self.lowering.lowers() {
            self.marks.mark_lines(&self.marked_place(), &digest(&value)).await?;
        }
        let quota = if self.principal.role == Role::Owner { OWNERS } else { OTHERS };
        Ok(self.values.set(self.place(), &key, value, quota, &self.key.to_string()).await?)
    }

    async fn delete(&mut self, key: String) -> Result<(), Failure> {
        check_key(&key)?;
        Ok(self.values.delete(self.place(), &key, &self.key.to_string()).await?)
    }

    async fn list(&mut self, prefix: String) -> Result<Vec<String>, Failure> {
        if prefix.len() > KEY {
            return Ok(Vec::new());
        }
        Ok(self.values.list(self.place(), &prefix).await?)
    }
}

/// A value as it is marked.
fn digest(value: &[u8]) -> String {
    blake3::hash(value).to_hex().to_string()
}

impl Kv<'_> {
    fn marked_place(&self) -> String {
        format!("kv/{}/{}", self.plugin, scope(self.principal))
    }

    fn place(&self) -> KvPlace {
        KvPlace { plugin: self.plugin.to_string(), scope: scope(self.principal) }
    }
}

/// Whose data a run works with. Owners share theirs, as they share the workspace; a group has its own.
fn scope(principal: &Principal) -> String {
    match principal.role {
        Role::Owner => "owner".to_owned(),
        Role::Group => format!("group/{}", principal.session),
        Role::External | Role::Named(_) => format!("person/{}", principal.person),
    }
}

fn check_key(key: &str) -> Result<(), Failure> {
    if key.is_empty() || key.len() > KEY || key.chars().any(char::is_control) {
        let long = key.len();
        return Err(Failure::Invalid(format!(
            "a key has 1 to {KEY} bytes of one line, and this one has {long}: choose another"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::wit::kv::Host as _;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn what_is_kept_for_one_person_is_out_of_reach_for_another() {
        let fixture = Fixture::new().await;
        view(&mut fixture.owner()).set("code".to_owned(), b"owner's".to_vec()).await.unwrap();
        view(&mut fixture.anna()).set("code".to_owned(), b"Anna's".to_vec()).await.unwrap();
        let code = || "code".to_owned();
        assert_eq!(view(&mut fixture.owner()).get(code()).await.unwrap().as_deref(), Some(b"owner's".as_slice()));
        assert_eq!(view(&mut fixture.anna()).get(code()).await.unwrap().as_deref(), Some(b"Anna's".as_slice()));
        assert_eq!(view(&mut fixture.boris()).get(code()).await.unwrap(), None);
        assert!(view(&mut fixture.boris()).list(String::new()).await.unwrap().is_empty());
        view(&mut fixture.boris()).delete(code()).await.unwrap();
        assert_eq!(view(&mut fixture.owner()).list("co".to_owned()).await.unwrap(), ["code"]);
        let mut other = fixture.owner();
        other.plugin = "another".into();
        assert_eq!(view(&mut other).get(code()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn keys_and_values_are_bounded_and_outsiders_get_less_room() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        for key in [String::new(), "x".repeat(201), "two\nlines".to_owned()] {
            assert!(matches!(view(&mut owner).set(key.clone(), Vec::new()).await, Err(Failure::Invalid(_))), "{key}");
            assert!(matches!(view(&mut owner).get(key).await, Err(Failure::Invalid(_))));
        }
        let long = view(&mut owner).set("k".to_owned(), vec![0; VALUE + 1]).await;
        assert!(matches!(long, Err(Failure::Invalid(text)) if text.contains("may have 64 KiB")));
        for number in 0..3 {
            view(&mut owner).set(number.to_string(), vec![0; VALUE]).await.unwrap();
        }
        let mut anna = fixture.anna();
        view(&mut anna).set("1".to_owned(), vec![0; VALUE / 2]).await.unwrap();
        let over = view(&mut anna).set("2".to_owned(), vec![0; VALUE / 2]).await;
        assert!(matches!(over, Err(Failure::Invalid(text)) if text.contains("64 KiB is the most")));
    }

    #[tokio::test]
    async fn a_call_made_again_after_a_crash_counts_once() {
        let fixture = Fixture::new().await;
        for _ in 0..2 {
            let mut call = fixture.owner();
            let count = view(&mut call).get("count".to_owned()).await.unwrap().map_or(0, |value| value[0]);
            view(&mut call).set("count".to_owned(), vec![count + 1]).await.unwrap();
        }
        assert_eq!(view(&mut fixture.owner()).get("count".to_owned()).await.unwrap(), Some(vec![1]));
    }
}
