//! Bodies on their way out and in. Nothing of them is collected but what may be the beginning of a value.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http_body::Frame;
use http_body_util::{BodyExt as _, BodyStream, StreamBody};
use wasmtime_wasi_http::{Error, WasiBody};

use super::vault::Known;

/// The body of a request, which ends with an error before a value leaves that `refuse` does not let pass.
pub(super) fn guarded(
    body: WasiBody,
    known: Arc<Known>,
    refuse: impl Fn(&Known, &[u8]) -> Option<Error> + Send + 'static,
) -> WasiBody {
    let start = Some((body, Vec::new(), known, refuse));
    let frames = stream::unfold(start, |state| async move {
        let (mut body, mut held, known, refuse): (_, Vec<u8>, _, _) = state?;
        loop {
            let data = match next(&mut body).await {
                Some(Ok(Ok(data))) => data,
                Some(Err(error)) => return Some((Err(error), None)),
                // Trailers could carry a value, and hardly any server reads them.
                Some(Ok(Err(_))) | None => return end(held),
            };
            held.extend_from_slice(&data);
            if let Some(error) = refuse(&known, &held) {
                return Some((Err(error), None));
            }
            let sure = known.unsure_from(&held);
            if sure > 0 {
                let part = Bytes::from(held.drain(..sure).collect::<Vec<_>>());
                return Some((Ok(Frame::data(part)), Some((body, held, known, refuse))));
            }
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// What was read of a body, and the rest of it.
pub(super) fn joined(read: Bytes, rest: WasiBody) -> WasiBody {
    let read = stream::once(std::future::ready(Ok(Frame::data(read))));
    StreamBody::new(read.chain(BodyStream::new(rest))).boxed_unsync()
}

/// The body of a response without values.
pub(super) fn cleaned(body: WasiBody, known: Arc<Known>) -> WasiBody {
    let start = Some((body, Vec::new(), known));
    let frames = stream::unfold(start, |state| async move {
        let (mut body, mut held, known): (_, Vec<u8>, Arc<Known>) = state?;
        loop {
            match next(&mut body).await {
                Some(Ok(Ok(data))) => held.extend_from_slice(&data),
                Some(Err(error)) => return Some((Err(error), None)),
                // Trailers tell of the connection and of checksums that no longer fit.
                Some(Ok(Err(_))) | None => return end(known.redact_part(&mut held, false)),
            }
            let clean = known.redact_part(&mut held, true);
            if !clean.is_empty() {
                return Some((Ok(Frame::data(Bytes::from(clean))), Some((body, held, known))));
            }
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// The next data, or a frame that is none.
async fn next(body: &mut WasiBody) -> Option<Result<Result<Bytes, Frame<Bytes>>, Error>> {
    Some(body.frame().await?.map(Frame::into_data))
}

/// A part of a body, and the state in which the next one is asked for; `None` after the last.
type Step<S> = (Result<Frame<Bytes>, Error>, Option<S>);

/// The last frame of a body, if anything is left for it.
fn end<S>(rest: Vec<u8>) -> Option<Step<S>> {
    (!rest.is_empty()).then(|| (Ok(Frame::data(Bytes::from(rest))), None))
}
