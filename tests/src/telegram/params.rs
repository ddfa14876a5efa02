//! The parameters of a request, in any of the forms the server takes: query, form, JSON, multipart.

use std::collections::BTreeMap;

use axum::RequestExt;
use axum::body::to_bytes;
use axum::extract::{Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::answer::ApiError;

/// The largest request body: the limit on uploads and room for the other fields.
const BODY_LIMIT: usize = 52 * 1024 * 1024;

#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    pub(crate) fields: Map<String, Value>,
    pub(crate) uploads: BTreeMap<String, Upload>,
}

#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) mime: Option<String>,
    pub(crate) bytes: Bytes,
}

impl Params {
    pub(crate) async fn read(request: Request) -> Result<Self, ApiError> {
        let mut params = Self::default();
        params.add_pairs(request.uri().query().unwrap_or_default().as_bytes());
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            params.add_parts(request).await?;
        } else if kind.starts_with("application/json") {
            params.add_json(&read_body(request).await?)?;
        } else {
            let body = read_body(request).await?;
            params.add_pairs(&body);
        }
        Ok(params)
    }

    fn add_pairs(&mut self, pairs: &[u8]) {
        for (name, value) in url::form_urlencoded::parse(pairs) {
            self.fields.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }

    fn add_json(&mut self, body: &[u8]) -> Result<(), ApiError> {
        if body.is_empty() {
            return Ok(());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => self.fields.extend(fields),
            _ => return Err(ApiError::bad("can't parse request parameters JSON object")),
        }
        Ok(())
    }

    async fn add_parts(&mut self, request: Request) -> Result<(), ApiError> {
        let broken = |_| ApiError::bad("can't parse multipart form data");
        let mut parts: Multipart = request.extract().await.map_err(|_| ApiError::bad("wrong multipart header"))?;
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            let field = part.name().unwrap_or_default().to_owned();
            let name = part.file_name().map(str::to_owned);
            let mime = part.content_type().map(str::to_owned);
            let bytes = part.bytes().await.map_err(broken)?;
            match name {
                Some(name) => drop(self.uploads.insert(field, Upload { name, mime, bytes })),
                None => drop(self.fields.insert(field, Value::String(String::from_utf8_lossy(&bytes).into_owned()))),
            }
        }
        Ok(())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// A whole number, also when it came as text.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        match self.fields.get(name)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        }
    }

    /// An object or list, also when it came as JSON in a string, as it does in forms.
    pub(crate) fn structure(&self, name: &str) -> Option<Value> {
        match self.fields.get(name)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            value => Some(value.clone()),
        }
    }
}

async fn read_body(request: Request) -> Result<Bytes, ApiError> {
    to_bytes(request.into_body(), BODY_LIMIT).await.map_err(|_| ApiError::new(413, "Request Entity Too Large"))
}
