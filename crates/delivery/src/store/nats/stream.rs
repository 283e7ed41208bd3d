//! The stream: whether it is there, creating it, and what it refuses
//! (<https://docs.nats.io/reference/reference-protocols/nats_api_reference>).

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::settings::{Creation, Settings};
use crate::store::{Failure, Place};

/// The server's numbers of errors.
const NO_STREAM: u32 = 10059;
const NO_JETSTREAM: [u32; 3] = [10035, 10039, 10076];
const NO_RESOURCES: [u32; 4] = [10023, 10028, 10047, 10002];
const STORE_FAILED: u32 = 10077;
const OTHER_STREAM: u32 = 10060;
const TOO_LARGE: [u32; 2] = [10054, 10097];
/// For how long a stream that is created here remembers ids, in nanoseconds.
const WINDOW: u64 = 10 * 60 * 1_000_000_000;

/// An error of the API.
#[derive(Debug, Deserialize)]
pub(super) struct ApiError {
    #[serde(default)]
    err_code: u32,
    #[serde(default)]
    description: String,
}

/// Looks whether the stream is there. One that is missing is created if the settings say so.
pub(super) async fn check(client: &mut Client, settings: &Settings, place: &Place) -> Result<(), Failure> {
    let stream = settings.stream(place);
    let found = client.ask(&format!("$JS.API.STREAM.INFO.{stream}"), &json!({})).await?;
    match (error(&found), settings.creation) {
        (None, _) => Ok(()),
        (Some(error), Some(creation)) if error.err_code == NO_STREAM => {
            let wanted = creation.describe(&stream, &settings.subject(place, ">"));
            let created = client.ask(&format!("$JS.API.STREAM.CREATE.{stream}"), &wanted).await?;
            self::error(&created).map_or(Ok(()), |error| Err(error.failure(&stream)))
        }
        (Some(error), _) => Err(error.failure(&stream)),
    }
}

impl Creation {
    /// It keeps everything within its bounds, and refuses what is more: nothing goes that somebody may still need.
    fn describe(self, stream: &str, subject: &str) -> Value {
        let max_age = self.max_age.map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
        // The window cannot be longer than messages are kept.
        let window = if max_age == 0 { WINDOW } else { WINDOW.min(max_age) };
        json!({
            "name": stream, "subjects": [subject], "retention": "limits", "storage": "file", "discard": "new",
            "max_bytes": self.max_bytes.map_or(json!(-1), Value::from), "max_age": max_age, "max_msgs": -1, "max_consumers": -1,
            "num_replicas": 1, "duplicate_window": window,
        })
    }
}

/// What an answer of the API refuses.
pub(super) fn error(answer: &Value) -> Option<ApiError> {
    ApiError::deserialize(answer.get("error")?).ok()
}

impl ApiError {
    pub(super) fn failure(&self, stream: &str) -> Failure {
        let (code, said) = (self.err_code, &self.description);
        match code {
            NO_STREAM => Failure::refused(format!(
                "there is no stream {stream}: create it, or set create=true and the store creates it"
            )),
            OTHER_STREAM => Failure::refused(format!(
                "another stream than {stream} takes the subjects of this tenant: set stream to its name, or change prefix"
            )),
            STORE_FAILED => Failure::unavailable(format!("the stream {stream} is full, or cannot be written: {said}")),
            _ if NO_JETSTREAM.contains(&code) => {
                Failure::refused(format!("the NATS server has no JetStream for this account: {said}"))
            }
            _ if NO_RESOURCES.contains(&code) => Failure::unavailable(format!("the NATS server is full: {said}")),
            _ if TOO_LARGE.contains(&code) => {
                Failure::refused(format!("the event is longer than the stream {stream} takes (max_msg_size)"))
            }
            _ => Failure::unavailable(format!("the NATS server says: {said} ({code})")),
        }
    }
}
