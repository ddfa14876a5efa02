//! Following redirects by hand, so that the host judges each address on its own. Pure: how a request is sent comes
//! from outside.

use url::Url;

use super::{HttpError, Request, Response, parse};

/// Headers that are meant for one origin and do not follow to another.
const BOUND: &[&str] = &["authorization", "cookie", "proxy-authorization"];

/// Headers that describe a body and go with it.
const OF_BODY: &[&str] = &["content-encoding", "content-length", "content-type"];

/// Sends a request by `exchange` and follows where it is redirected.
pub(super) fn follow(
    mut request: Request,
    mut exchange: impl FnMut(&Request, &Url) -> Result<Response, HttpError>,
) -> Result<Response, HttpError> {
    let mut url = parse(&request.url)?;
    let mut followed = 0;
    loop {
        let mut response = exchange(&request, &url)?;
        let Some(next) = target(&response, &url).filter(|_| request.redirects > 0) else {
            response.url = url.to_string();
            return Ok(response);
        };
        followed += 1;
        let next = next?;
        if followed > request.redirects {
            let host = url.host_str().unwrap_or_default().to_owned();
            return Err(HttpError::TooManyRedirects { host, limit: request.redirects, url: next.into() });
        }
        adapt(&mut request, response.status, url.origin() == next.origin());
        url = next;
    }
}

/// Where an answer redirects to.
fn target(response: &Response, from: &Url) -> Option<Result<Url, HttpError>> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.header("location")?;
    let joined = from.join(location).map_err(|error| HttpError::Address {
        url: location.to_owned(),
        problem: format!("{} redirected to it: {error}", from.host_str().unwrap_or_default()),
    });
    Some(joined.and_then(|mut next| {
        // Of the address people were sent to, the place in the page is kept (RFC 9110, 10.2.2).
        if next.fragment().is_none() {
            next.set_fragment(from.fragment());
        }
        parse(next.as_str())
    }))
}

fn adapt(request: &mut Request, status: u16, same_origin: bool) {
    let keeps_method = matches!(status, 307 | 308) || matches!(request.method.as_str(), "GET" | "HEAD");
    if !keeps_method {
        "GET".clone_into(&mut request.method);
        request.body.clear();
        request.headers.retain(|(name, _)| !OF_BODY.contains(&name.to_lowercase().as_str()));
    }
    if !same_origin {
        request.headers.retain(|(name, _)| !BOUND.contains(&name.to_lowercase().as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Failure;
    use crate::http;

    /// Answers each address with a status and a location; what was sent is written down.
    fn run(request: Request, pages: &[(&str, u16, &str)]) -> (Result<Response, HttpError>, Vec<String>) {
        let mut sent = Vec::new();
        let result = follow(request, |request, url| {
            let headers: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
            sent.push(format!("{} {url} {}", request.method, headers.join(",")).trim_end().to_owned());
            let (_, status, location) = pages.iter().find(|(address, ..)| *address == url.as_str()).unwrap();
            let headers = match *location {
                "" => Vec::new(),
                location => vec![("location".to_owned(), location.to_owned())],
            };
            Ok(Response { status: *status, headers, ..Response::default() })
        });
        (result, sent)
    }

    #[test]
    fn redirects_are_followed_to_the_end() {
        let pages = [
            ("http://a.org/", 301, "https://a.org/x"),
            ("https://a.org/x", 302, "/y?z=1"),
            ("https://a.org/y?z=1", 200, ""),
        ];
        let (result, sent) = run(http::get("http://a.org"), &pages);
        assert_eq!(result.unwrap().url, "https://a.org/y?z=1");
        assert_eq!(sent.len(), 3);
        let (result, _) = run(http::get("http://a.org/").redirects(0), &pages);
        assert_eq!(result.unwrap().status, 301);
        let (result, _) = run(
            http::get("http://a.org/#part").redirects(9),
            &[("http://a.org/#part", 301, "/z"), ("http://a.org/z#part", 200, "")],
        );
        assert_eq!(result.unwrap().url, "http://a.org/z#part");
    }

    #[test]
    fn a_loop_ends() {
        let (result, sent) = run(http::get("http://a.org/"), &[("http://a.org/", 302, "/")]);
        assert!(matches!(result.unwrap_err(), HttpError::TooManyRedirects { limit: 5, .. }));
        assert_eq!(sent.len(), 6);
    }

    #[test]
    fn what_is_meant_for_one_origin_stays_there() {
        let request = http::post("https://a.org/", "x").header("Authorization", "k").header("Content-Type", "t");
        let pages = [("https://a.org/", 303, "https://b.org/"), ("https://b.org/", 200, "")];
        let (_, sent) = run(request.clone(), &pages);
        assert_eq!(sent, ["POST https://a.org/ Authorization,Content-Type", "GET https://b.org/"]);
        let (_, sent) = run(request, &[("https://a.org/", 307, "/b"), ("https://a.org/b", 200, "")]);
        assert_eq!(sent[1], "POST https://a.org/b Authorization,Content-Type");
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        for address in ["", "example.org", "ftp://a.org/", "file:///etc/passwd", "http://"] {
            let (result, sent) = run(http::get(address), &[]);
            assert!(matches!(Failure::from(result.unwrap_err()), Failure::Invalid(_)), "{address}");
            assert!(sent.is_empty());
        }
        let (result, _) = run(http::get("http://a.org/"), &[("http://a.org/", 302, "file:///etc/passwd")]);
        assert!(matches!(result.unwrap_err(), HttpError::Address { .. }));
    }
}
