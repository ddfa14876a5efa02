//! The message that grows while the answer streams. It never fails for something that will pass: then the message just
//! does not grow for a while.

use steward_agent::{Address, Draft};

use super::render::render;
use super::rich::{LIMIT, Rich};
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
        let id = draft.and_then(message_id);
        if id.is_some_and(|id| self.throttle.shows(chat, id, &part)) || !self.throttle.pass_if_free(chat) {
            return Ok(draft.cloned());
        }
        self.throttle.edited(chat, &part);
        match self.draw(chat, id, &part).await {
            Ok(drawn) => {
                self.throttle.showing(chat, drawn, part);
                Ok(if id == Some(drawn) { draft.cloned() } else { Some(Draft(drawn.to_string())) })
            }
            Err(error @ SendError::Never { .. }) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "the growing message stays as it is for now");
                Ok(draft.cloned())
            }
        }
    }

    /// Changes the message, or makes it where there is none; its id.
    async fn draw(&self, chat: i64, id: Option<i32>, part: &Rich) -> Result<i32, SendError> {
        if let Some(id) = id {
            match self.change(chat, id, part).await? {
                Edited::Done => return Ok(id),
                // Seldom enough to take a place beyond the one that was free.
                Edited::Lost => self.throttle.pass(chat).await,
            }
        }
        self.post(chat, part, None).await
    }
}

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(SOURCE)]
}
