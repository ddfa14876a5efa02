//! What a status means for whoever wanted to read the page.

use steward_sdk::Failure;
use steward_sdk::http::Response;

/// Refuses the answers that are no page.
pub fn check(response: &Response) -> Result<(), Failure> {
    let (status, url) = (response.status, &response.url);
    match status {
        200..=299 => Ok(()),
        404 | 410 => Err(Failure::not_found(format!(
            "there is no page at {url} (status {status}): check the address or search for another"
        ))),
        401 | 403 | 407 | 451 => Err(Failure::failed(format!(
            "{url} does not let us in (status {status}): it needs a login, or turns programs away"
        ))),
        429 => Err(Failure::unavailable(format!("{url} wants fewer requests (status 429){}", later(response)))),
        408 | 500..=599 => {
            Err(Failure::unavailable(format!("{url} has a problem (status {status}){}", later(response))))
        }
        300..=399 => Err(Failure::failed(format!("{url} redirects without saying where (status {status})"))),
        _ => Err(Failure::failed(format!("{url} answered with status {status}"))),
    }
}

fn later(response: &Response) -> String {
    match response.header("retry-after").map(str::trim) {
        Some(seconds) if seconds.parse::<u32>().is_ok() => format!(": try again in {seconds} seconds"),
        _ => ": try again later".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Result<(), Failure> {
        check(&Response {
            status,
            url: "https://a.org/".to_owned(),
            headers: vec![("retry-after".to_owned(), "30".to_owned())],
            ..Response::default()
        })
    }

    #[test]
    fn each_status_is_the_failure_it_means() {
        assert!(answer(200).is_ok());
        assert!(matches!(answer(404), Err(Failure::NotFound(text)) if text.contains("https://a.org/")));
        assert!(matches!(answer(410), Err(Failure::NotFound(_))));
        assert!(matches!(answer(403), Err(Failure::Failed(text)) if text.contains("login")));
        assert!(matches!(answer(429), Err(Failure::Unavailable(text)) if text.contains("in 30 seconds")));
        assert!(matches!(answer(503), Err(Failure::Unavailable(_))));
        assert!(matches!(answer(418), Err(Failure::Failed(_))));
    }
}
