//! Bodies: JSON, bounded in bytes and time, read after it is known who asks and whether they may.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};

use super::problem::{Problem, Sort};

/// The largest body.
const LARGEST: usize = 64 * 1024;

/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body that is not read yet.
pub(super) struct Body {
    payload: Payload,
    media_type: Option<String>,
}

impl FromRequest for Body {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default().to_owned());
        ready(Ok(Self { payload: payload.take(), media_type }))
    }
}

impl Body {
    /// What it says. Members that are unknown are refused by name.
    pub(super) async fn read<T: DeserializeOwned>(self) -> Result<T, Problem> {
        let (media_type, bytes) = self.bytes().await?;
        check(media_type.as_deref())?;
        parse(&bytes)
    }

    /// The same, where everything may be left out, and the body with it.
    pub(super) async fn read_or_default<T: DeserializeOwned + Default>(self) -> Result<T, Problem> {
        let (media_type, bytes) = self.bytes().await?;
        if bytes.is_empty() {
            return Ok(T::default());
        }
        check(media_type.as_deref())?;
        parse(&bytes)
    }

    async fn bytes(self) -> Result<(Option<String>, BytesMut), Problem> {
        let Self { payload, media_type } = self;
        let slow =
            |_| Problem::new(Sort::Slow, format!("the body did not arrive within {} seconds", PATIENCE.as_secs()));
        let bytes = tokio::time::timeout(PATIENCE, collect(payload)).await.map_err(slow)??;
        Ok((media_type, bytes))
    }
}

async fn collect(mut payload: Payload) -> Result<BytesMut, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Sort::Invalid, "the body broke off; send it again"))?;
        if bytes.len() + chunk.len() > LARGEST {
            return Err(Problem::new(Sort::TooLarge, format!("a body has at most {LARGEST} bytes; send less at once")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// A form that a browser sends across sites is none of these.
fn check(media_type: Option<&str>) -> Result<(), Problem> {
    let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if matches!(essence.as_str(), "application/json" | "application/merge-patch+json") {
        return Ok(());
    }
    Err(Problem::new(Sort::UnsupportedMediaType, "the body is JSON; send it with Content-Type: application/json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let place = error.path().to_string();
        let place = if place == "." { String::new() } else { format!(" at {place}") };
        Problem::new(Sort::Invalid, format!("the body is refused{place}: {}", error.inner()))
    })?;
    reader.end().map_err(|error| Problem::new(Sort::Invalid, format!("the body is refused: {error}")))?;
    Ok(parsed)
}
