//! The message that grows while the answer streams. It never fails for something that will pass: then the message just
//! does not grow for a while.

use steward_agent::{Address, Draft};

use super::render::render;
use super::rich::{LIMIT, units};
use super::send::{Edited, Sender, chat_id, message_id};
use super::split::first;
use crate::SendError;

/// A draft shows one message's worth, so no more of the text than this is rendered, in bytes.
const SOURCE: usize = 24 * 1024;

impl Sender<'_> {
    /// Shows the answer as it has grown so far, if it may do so now.
    pub(super) async fn grow(
        &self,
        to: &Address,
        draft: Option<&Draft>,
        text: &str,
    ) -> Result<Option<Draft>, SendError> {
        let chat = chat_id(to)?;
        if !self.throttle.may_edit(chat) {
            return Ok(draft.cloned());
        }
        let Some(part) = first(&render(head(text)), LIMIT) else { return Ok(draft.cloned()) };
        if draft.is_none() {
            self.throttle.finished(chat);
        }
        if !self.throttle.edit(chat, &part.text, units(&part.text)) {
            return Ok(draft.cloned());
        }
        let shown = match draft.and_then(message_id) {
            None => self.new_message(chat, &part).await.map(Some),
            Some(id) => match self.edit(chat, id, &part).await {
                Ok(Edited::Done) => Ok(None),
                Ok(Edited::Lost) => self.new_message(chat, &part).await.map(Some),
                Err(error) => Err(error),
            },
        };
        match shown {
            Ok(Some(id)) => Ok(Some(Draft(id.to_string()))),
            Ok(None) => Ok(draft.cloned()),
            Err(error @ SendError::Never { .. }) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "the growing message stays as it is for now");
                self.throttle.finished(chat);
                Ok(draft.cloned())
            }
        }
    }
}

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(SOURCE)]
}
