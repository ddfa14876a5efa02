//! How long to wait before asking again: exponential backoff with full jitter, or what the server asked for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::fault::Again;

/// The longest pause of our own before the first repetition; it doubles each time.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(20);
/// A server that asks for more than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// What a server asks for in `retry-after-ms` or `Retry-After` (seconds or an HTTP date).
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let wanted = text(RETRY_AFTER.as_str())?;
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
    pub(crate) fn of(spend: impl Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(spend))
    }

    pub(crate) async fn spend(&self, pause: Duration) {
        (self.0)(pause).await;
    }
}

impl fmt::Debug for Pauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pauses")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_are_spread() {
        for repetition in [0, 1, 3, 10, u32::MAX] {
            let limit = longest(repetition);
            assert!(limit <= LONGEST);
            for _ in 0..50 {
                assert!(pause(Again::Soon, repetition).unwrap() <= limit);
            }
        }
        assert_eq!((longest(0), longest(2), longest(9)), (FIRST, FIRST * 4, LONGEST));
        assert_eq!(pause(Again::Never, 0), None);
    }

    #[test]
    fn the_server_is_waited_for_up_to_a_minute() {
        assert_eq!(pause(Again::After(Duration::from_secs(60)), 0), Some(Duration::from_secs(60)));
        assert_eq!(pause(Again::After(Duration::from_secs(61)), 0), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let cases = [
            ("retry-after", "7", Some(Duration::from_secs(7))),
            ("retry-after", "Fri, 20 Nov 2026 12:00:30 GMT", Some(Duration::from_secs(30))),
            ("retry-after", "Fri, 20 Nov 2026 11:00:00 GMT", Some(Duration::ZERO)),
            ("retry-after-ms", "250", Some(Duration::from_millis(250))),
            ("retry-after", "-1", None),
            ("retry-after", "soon", None),
        ];
        for (name, value, expected) in cases {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), expected, "{name}: {value}");
        }
    }
}
