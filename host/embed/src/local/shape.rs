//! Which encoder a folder holds, by its config.json: how large it is, and what its tensors are called.

use serde::Deserialize;

/// What `model_type` may be.
const KNOWN: &str = "bert, xlm-roberta, camembert and distilbert can be run here";

#[derive(Deserialize)]
struct Json {
    #[serde(default)]
    model_type: String,
    #[serde(alias = "activation")]
    hidden_act: Option<String>,
    position_embedding_type: Option<String>,
    #[serde(alias = "dim")]
    hidden_size: usize,
    #[serde(alias = "n_layers")]
    num_hidden_layers: usize,
    #[serde(alias = "n_heads")]
    num_attention_heads: usize,
    #[serde(alias = "hidden_dim")]
    intermediate_size: usize,
    max_position_embeddings: usize,
    layer_norm_eps: Option<f32>,
    pad_token_id: Option<usize>,
    #[serde(rename = "_name_or_path", default)]
    name: String,
}

/// An encoder's measures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) names: &'static Names,
    pub(super) hidden: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) inner: usize,
    pub(super) epsilon: f32,
    /// Rows of the table of positions.
    pub(super) positions: usize,
    /// Which of them a text's first token has.
    pub(super) first_position: usize,
    /// What it was called where it was made; may be a path.
    pub(super) made_as: String,
}

/// What the tensors of a kind of model are called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) words: &'static str,
    pub(super) positions: &'static str,
    /// Of the two texts of a pair; the first row is added to every token.
    pub(super) kinds: Option<&'static str>,
    pub(super) norm: &'static str,
    /// Before a layer's number.
    pub(super) layer: &'static str,
    pub(super) query: &'static str,
    pub(super) key: &'static str,
    pub(super) value: &'static str,
    pub(super) attended: &'static str,
    pub(super) attended_norm: &'static str,
    pub(super) inner: &'static str,
    pub(super) outer: &'static str,
    pub(super) outer_norm: &'static str,
}

static BERT: Names = Names {
    words: "embeddings.word_embeddings.weight",
    positions: "embeddings.position_embeddings.weight",
    kinds: Some("embeddings.token_type_embeddings.weight"),
    norm: "embeddings.LayerNorm",
    layer: "encoder.layer",
    query: "attention.self.query",
    key: "attention.self.key",
    value: "attention.self.value",
    attended: "attention.output.dense",
    attended_norm: "attention.output.LayerNorm",
    inner: "intermediate.dense",
    outer: "output.dense",
    outer_norm: "output.LayerNorm",
};

static DISTILBERT: Names = Names {
    kinds: None,
    layer: "transformer.layer",
    query: "attention.q_lin",
    key: "attention.k_lin",
    value: "attention.v_lin",
    attended: "attention.out_lin",
    attended_norm: "sa_layer_norm",
    inner: "ffn.lin1",
    outer: "ffn.lin2",
    outer_norm: "output_layer_norm",
    ..BERT
};

impl Shape {
    /// By a config.json, or why it cannot be run.
    pub(super) fn read(json: &[u8]) -> Result<Self, String> {
        let json: Json = serde_json::from_slice(json).map_err(|error| format!("{error}; {KNOWN}"))?;
        let (names, offset) = match json.model_type.as_str() {
            "bert" => (&BERT, 0),
            "distilbert" => (&DISTILBERT, 0),
            // Their positions are counted from behind the number of the padding.
            "xlm-roberta" | "camembert" => (&BERT, json.pad_token_id.unwrap_or(1) + 1),
            other => return Err(format!("its model_type is {other:?}; {KNOWN}")),
        };
        json.check(offset)?;
        Ok(Self {
            names,
            hidden: json.hidden_size,
            layers: json.num_hidden_layers,
            heads: json.num_attention_heads,
            inner: json.intermediate_size,
            epsilon: json.layer_norm_eps.unwrap_or(1e-12),
            positions: json.max_position_embeddings,
            first_position: offset,
            made_as: json.name,
        })
    }

    /// The most tokens that have a position.
    pub(super) fn most_tokens(&self) -> usize {
        self.positions - self.first_position
    }
}

impl Json {
    fn check(&self, offset: usize) -> Result<(), String> {
        let act = self.hidden_act.as_deref().unwrap_or("gelu");
        let positions = self.position_embedding_type.as_deref().unwrap_or("absolute");
        if act != "gelu" {
            return Err(format!("its hidden_act is {act:?}; gelu can be computed here"));
        }
        if positions != "absolute" {
            return Err(format!("its position_embedding_type is {positions:?}; absolute can be computed here"));
        }
        let sizes = [self.hidden_size, self.num_hidden_layers, self.num_attention_heads, self.intermediate_size];
        if sizes.contains(&0) || !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err("its sizes do not fit each other".to_owned());
        }
        if self.max_position_embeddings < offset + 3 {
            return Err("its max_position_embeddings leaves room for no token".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn bert(change: &Value) -> Result<Shape, String> {
        let mut config = json!({
            "model_type": "bert", "hidden_act": "gelu", "hidden_size": 8, "num_hidden_layers": 2,
            "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 514, "pad_token_id": 1,
        });
        config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        Shape::read(config.to_string().as_bytes())
    }

    #[test]
    fn positions_begin_where_the_kind_of_model_has_them() {
        let of = |kind: &str| bert(&json!({"model_type": kind})).unwrap();
        assert_eq!((of("bert").first_position, of("bert").most_tokens()), (0, 514));
        assert_eq!((of("xlm-roberta").first_position, of("xlm-roberta").most_tokens()), (2, 512));
    }

    #[test]
    fn distilbert_has_names_of_its_own() {
        let config = json!({"model_type": "distilbert", "activation": "gelu", "dim": 8, "n_layers": 1, "n_heads": 2,
                            "hidden_dim": 16, "max_position_embeddings": 512});
        let shape = Shape::read(config.to_string().as_bytes()).unwrap();
        assert_eq!((shape.hidden, shape.inner, shape.names.query), (8, 16, "attention.q_lin"));
    }

    #[test]
    fn what_cannot_be_run_says_what_can() {
        let why = |change: Value| bert(&change).unwrap_err();
        assert!(why(json!({"model_type": "llama"})).contains("bert, xlm-roberta"));
        assert!(why(json!({"hidden_act": "relu"})).contains("gelu"));
        assert!(why(json!({"position_embedding_type": "relative_key"})).contains("absolute"));
        assert!(why(json!({"num_attention_heads": 3})).contains("fit"));
        assert!(why(json!({"max_position_embeddings": 1})).contains("room"));
        assert!(Shape::read(b"{").is_err());
    }
}
