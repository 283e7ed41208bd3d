//! What a broker refuses, for an administrator. No text of it holds a secret.

use crate::store::Failure;

const NO_EXCHANGE: u16 = 404;
const REFUSED: u16 = 403;
const OTHER_EXCHANGE: u16 = 406;
const NOT_ALLOWED: u16 = 530;
const FORCED: u16 = 320;

/// A connection or channel that the broker closes with this code and text.
pub(super) fn closed(code: u16, text: &str, exchange: &str) -> Failure {
    match code {
        REFUSED if text.contains("Login was refused") || text.contains("login refused") => {
            Failure::refused("the broker refuses user and password")
        }
        REFUSED => Failure::refused(format!("the broker does not allow the user: {text}")),
        NO_EXCHANGE => Failure::refused(format!(
            "there is no exchange {exchange}: create it, or set create=true and the store creates it ({text})"
        )),
        OTHER_EXCHANGE => Failure::refused(format!("the exchange {exchange} is there, but another: {text}")),
        NOT_ALLOWED => Failure::refused(format!("the broker does not let the user into the virtual host: {text}")),
        FORCED => Failure::unavailable(format!("the broker ends connections: {text}")),
        _ => Failure::unavailable(format!("the broker says: {text} ({code})")),
    }
}

/// A message that no queue gets.
pub(super) fn unrouted(exchange: &str, routing_key: &str) -> Failure {
    Failure::refused(format!(
        "no queue is bound for {routing_key}: bind one to the exchange {exchange}, give the store fewer types, or set \
         mandatory=false"
    ))
}

/// A message that a queue does not take.
pub(super) fn not_taken() -> Failure {
    Failure::unavailable("a queue does not take the event: it is full (reject-publish), or it failed")
}

#[expect(clippy::needless_pass_by_value, reason = "it is for map_err")]
pub(super) fn broken(error: std::io::Error) -> Failure {
    Failure::unavailable(format!("the connection to the broker broke: {error}"))
}

pub(super) fn garbage() -> Failure {
    Failure::unavailable("what answers does not speak AMQP 0-9-1")
}
