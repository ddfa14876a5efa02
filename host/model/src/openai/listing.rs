//! The models that a server lists.

use serde_json::Value;

/// A model as a server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    /// Its window in tokens, where the server tells.
    pub(crate) context: Option<u32>,
}

/// The models of a `GET /models` that are no embedding models, in the server's order.
pub(crate) fn chat_models(list: &Value) -> Vec<Listed> {
    let models = list.get("data").or_else(|| list.get("models")).and_then(Value::as_array);
    models.into_iter().flatten().filter_map(listed).filter(|model| chats(&model.id)).collect()
}

fn listed(model: &Value) -> Option<Listed> {
    let id = model.get("id").or_else(|| model.get("name"))?.as_str().filter(|id| !id.is_empty())?;
    let windows = ["loaded_context_length", "max_model_len", "context_length"];
    let context = windows.iter().find_map(|field| model.get(field)?.as_u64()).and_then(|n| u32::try_from(n).ok());
    Some(Listed { id: id.to_owned(), context: context.filter(|tokens| *tokens > 0) })
}

fn chats(id: &str) -> bool {
    let id = id.to_lowercase();
    !["embed", "rerank", "whisper"].iter().any(|other| id.contains(other))
}
