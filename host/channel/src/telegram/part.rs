//! What tells that a message belongs with others: the id of its album, its length, that it was forwarded, and what came
//! behind it in the same answer of the server. It only looks at marks; what is made of them is decided elsewhere.

use serde_json::Value;
use steward_agent::Part;

use super::rich::{LIMIT, units};

/// Programs cut a long text at a pause, so its pieces are a bit shorter than the limit.
const LONG: usize = LIMIT - 600;
/// A piece may be this short if there are few pauses; it counts as one only with a text right behind it.
const PIECE: usize = LIMIT / 2;
/// Messages sent at once have the same time, in seconds, or almost.
const AT_ONCE: i64 = 1;

/// `next` is the update behind it in the same answer.
pub(super) fn of(update: &Value, next: Option<&Value>) -> Part {
    let message = &update["message"];
    let next = next.map(|next| &next["message"]).filter(|next| is_sent_at_once(message, next));
    let length = message["text"].as_str().map_or(0, units);
    let forwarded = is_forwarded(message);
    let piece = length >= PIECE && next.is_some_and(|next| next["text"].is_string() && !is_forwarded(next));
    Part {
        album: message["media_group_id"].as_str().map(str::to_owned),
        long: length >= LONG || piece,
        forwarded,
        comment: !forwarded && next.is_some_and(is_forwarded),
    }
}

fn is_sent_at_once(message: &Value, next: &Value) -> bool {
    let times = message["date"].as_i64().zip(next["date"].as_i64());
    let same = |field: &str| message[field]["id"].is_i64() && message[field]["id"] == next[field]["id"];
    same("chat") && same("from") && times.is_some_and(|(one, other)| one.abs_diff(other) <= AT_ONCE.unsigned_abs())
}

/// Bot APIs have called it by several names.
fn is_forwarded(message: &Value) -> bool {
    let fields = message.as_object().into_iter().flatten();
    fields.into_iter().any(|(name, value)| name.starts_with("forward_") && !value.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn update(fields: Value) -> Value {
        let mut message = json!({"date": 100, "chat": {"id": 7}, "from": {"id": 7}});
        message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({"message": message})
    }

    fn text(length: usize) -> Value {
        update(json!({"text": "x".repeat(length)}))
    }

    #[test]
    fn an_everyday_message_is_not_waited_with() {
        assert!(of(&text(3000), None).is_alone());
        assert!(of(&text(20), Some(&text(20))).is_alone());
        let caption = update(json!({"caption": "look", "photo": []}));
        assert!(of(&caption, Some(&text(20))).is_alone());
    }

    #[test]
    fn pieces_of_a_long_text_go_on_until_the_short_one() {
        let (first, middle, last) = (of(&text(4096), None), of(&text(3900), None), of(&text(100), None));
        assert!(first.goes_on() && first.goes_on_in(&middle) && middle.goes_on_in(&last));
        assert!(!last.goes_on() && !last.goes_on_in(&of(&text(100), None)));
        // It is counted as Telegram counts.
        assert!(of(&update(json!({"text": "🙂".repeat(2000)})), None).long);
        assert!(of(&text(2100), Some(&text(100))).long, "cut early, for its rest came with it");
        let forwarded = update(json!({"text": "x", "forward_origin": {"type": "user"}}));
        assert!(!first.goes_on_in(&of(&forwarded, None)));
    }

    #[test]
    fn an_album_is_told_by_its_id() {
        let photo = |id: &str| of(&update(json!({"photo": [], "media_group_id": id})), None);
        assert!(photo("a").goes_on() && photo("a").goes_on_in(&photo("a")));
        assert!(!photo("a").goes_on_in(&photo("b")) && !photo("a").goes_on_in(&of(&text(5), None)));
    }

    #[test]
    fn what_is_forwarded_at_once_goes_with_its_comment() {
        let forwarded = update(json!({"text": "x", "forward_sender_name": "Bob"}));
        let comment = of(&text(9), Some(&forwarded));
        assert!(comment.comment && comment.goes_on_in(&of(&forwarded, None)));
        assert!(of(&forwarded, None).goes_on_in(&of(&forwarded, None)));
        let mut later = forwarded.clone();
        later["message"]["date"] = json!(160);
        assert!(of(&text(9), Some(&later)).is_alone());
        let mut elsewhere = forwarded;
        elsewhere["message"]["chat"]["id"] = json!(8);
        assert!(of(&text(9), Some(&elsewhere)).is_alone());
    }
}
