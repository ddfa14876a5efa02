//! How long to wait before asking again: exponential backoff with full jitter, or what the server asked for.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::EmbedError;

/// The longest pause before the first repetition; it doubles each time.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(20);
/// A server that asks for more than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether asking again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Never,
    Soon,
    /// After the pause the server asked for.
    After(Duration),
}

/// Why one attempt failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: EmbedError,
    pub(crate) again: Again,
}

/// The pause before the repetition of that number (from 0); `None` where asking again does not help.
pub(crate) fn pause(again: Again, repetition: u32) -> Option<Duration> {
    match again {
        Again::Never => None,
        Again::Soon => Some(longest(repetition).mul_f64(rand::random::<f64>())),
        Again::After(wanted) => (wanted <= PATIENCE).then_some(wanted),
    }
}

fn longest(repetition: u32) -> Duration {
    FIRST.saturating_mul(2u32.saturating_pow(repetition)).min(LONGEST)
}

/// What a server asks for in `Retry-After`: seconds or an HTTP date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let wanted = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = wanted.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let when = DateTimeParser::new().parse_timestamp(wanted).ok()?;
    Some(Duration::try_from(when.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// How pauses are spent; tests count them instead.
#[derive(Clone)]
pub(crate) struct Pauses(Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>);

impl Pauses {
    pub(crate) fn real() -> Self {
        Self(Arc::new(|pause| Box::pin(tokio::time::sleep(pause))))
    }

    #[cfg(test)]
    pub(crate) fn of(spend: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |pause| {
            spend(pause);
            Box::pin(std::future::ready(()))
        }))
    }

    pub(crate) async fn spend(&self, pause: Duration) {
        (self.0)(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_servers_are_waited_for_up_to_a_minute() {
        assert_eq!((longest(0), longest(2), longest(99)), (FIRST, FIRST * 4, LONGEST));
        assert!(pause(Again::Soon, 3).unwrap() <= longest(3));
        assert_eq!(pause(Again::Never, 0), None);
        assert_eq!(pause(Again::After(PATIENCE), 0), Some(PATIENCE));
        assert_eq!(pause(Again::After(PATIENCE * 2), 0), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let cases = [
            ("7", Some(Duration::from_secs(7))),
            ("Fri, 20 Nov 2026 12:00:30 GMT", Some(Duration::from_secs(30))),
            ("Fri, 20 Nov 2026 11:00:00 GMT", Some(Duration::ZERO)),
            ("-1", None),
            ("soon", None),
        ];
        for (value, expected) in cases {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), expected, "{value}");
        }
    }
}
