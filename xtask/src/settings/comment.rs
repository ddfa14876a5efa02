//! What the doc comment of a setting says.

use syn::Attribute;

use crate::marks;

/// A doc comment, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Comment {
    /// The section of the page.
    pub(super) heading: Option<String>,
    /// Each paragraph on one line.
    pub(super) paragraphs: Vec<String>,
    pub(super) variable: Option<String>,
    pub(super) default: Option<String>,
    pub(super) values: Option<String>,
}

impl Comment {
    pub(super) fn read(attributes: &[Attribute]) -> Self {
        let mut comment = Self::default();
        let mut paragraph = String::new();
        for line in marks::documentation(attributes) {
            let facts = [
                ("Environment: ", &mut comment.variable),
                ("Default: ", &mut comment.default),
                ("Values: ", &mut comment.values),
                ("# ", &mut comment.heading),
            ];
            let fact = facts.into_iter().find_map(|(name, place)| Some((place, line.strip_prefix(name)?)));
            if let Some((place, value)) = fact {
                *place = Some(value.trim_end_matches('.').to_owned());
            } else if line.is_empty() {
                comment.paragraphs.extend(Some(std::mem::take(&mut paragraph)).filter(|text| !text.is_empty()));
            } else {
                paragraph.push_str(if paragraph.is_empty() { "" } else { " " });
                paragraph.push_str(&line);
            }
        }
        comment.paragraphs.extend(Some(paragraph).filter(|text| !text.is_empty()));
        comment
    }

    pub(super) fn meaning(&self) -> String {
        self.paragraphs.join(" ").trim().replace("[`", "`").replace("`]", "`")
    }
}
