//! The tokens that stand around every text: `[CLS]` and `[SEP]`, or whatever a tokenizer.json calls them.

use std::collections::HashMap;

use serde::Deserialize;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) before: Vec<u32>,
    pub(super) after: Vec<u32>,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Named {
    #[serde(rename = "TemplateProcessing")]
    Template { single: Vec<Part>, special_tokens: HashMap<String, Special> },
    #[serde(rename = "BertProcessing", alias = "RobertaProcessing")]
    Pair { cls: (String, u32), sep: (String, u32) },
}

#[derive(Deserialize)]
enum Part {
    SpecialToken { id: String },
    Sequence {},
}

#[derive(Deserialize)]
struct Special {
    ids: Vec<u32>,
}

/// What stands around a text, or what is not known of it.
pub(super) fn read(json: Option<serde_json::Value>) -> Result<Frame, String> {
    let Some(json) = json else { return Ok(Frame::default()) };
    match serde_json::from_value(json).map_err(|error| format!("its post_processor is not known: {error}"))? {
        Named::Pair { cls, sep } => Ok(Frame { before: vec![cls.1], after: vec![sep.1] }),
        Named::Template { single, special_tokens } => template(&single, &special_tokens),
    }
}

fn template(parts: &[Part], tokens: &HashMap<String, Special>) -> Result<Frame, String> {
    let mut frame = Frame::default();
    let mut inside = false;
    for part in parts {
        match part {
            Part::Sequence {} => inside = true,
            Part::SpecialToken { id } => {
                let token = tokens.get(id).ok_or_else(|| format!("its post_processor does not say what {id} is"))?;
                if inside { &mut frame.after } else { &mut frame.before }.extend(&token.ids);
            }
        }
    }
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_of_saying_it_is_read() {
        let frame = Frame { before: vec![101], after: vec![102] };
        let bert = json!({"type": "BertProcessing", "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]});
        assert_eq!(read(Some(bert)), Ok(frame));
        let roberta = json!({"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true});
        assert_eq!(read(Some(roberta)), Ok(Frame { before: vec![0], after: vec![2] }));
        let template = json!({
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [2]}},
        });
        assert_eq!(read(Some(template)), Ok(Frame { before: vec![0], after: vec![2] }));
        assert_eq!(read(None), Ok(Frame::default()));
    }

    #[test]
    fn what_is_not_known_is_named() {
        assert!(read(Some(json!({"type": "ByteLevel"}))).unwrap_err().contains("ByteLevel"));
        let unsaid = json!({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}],
                            "special_tokens": {}});
        assert!(read(Some(unsaid)).unwrap_err().contains("<s>"));
    }
}
