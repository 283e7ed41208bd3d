//! What the kinds have in common that call somebody's HTTP server.

mod answer;
mod settings;

use outbound::{Client, Options, Refused};

pub(super) use answer::{Answer, shown};
pub(super) use settings::{Hidden, check_seconds, headers, usual_seconds};

use super::Failure;

/// A client with these options.
pub(super) async fn client(options: Options) -> Result<Client, Failure> {
    // It reads the certificates of the system from files.
    let client = tokio::task::spawn_blocking(move || Client::new(&options)).await;
    let client = client.map_err(|error| Failure::unavailable(error.to_string()))?;
    client.map_err(|error| Failure::refused(error.to_string()))
}

/// It was not called.
pub(super) fn not_called(refused: &Refused) -> Failure {
    let why = format!("url: {refused}");
    if refused.is_passing() { Failure::unavailable(why) } else { Failure::refused(why) }
}

/// There is no answer.
pub(super) fn failed(error: &outbound::Error) -> Failure {
    if let Some(refused) = outbound::refusal(error) {
        return not_called(refused);
    }
    let why = outbound::reason(error);
    Failure::unavailable(if why.contains("certificate") {
        format!(
            "the certificate of the receiver is not trusted ({why}); if it is of an authority of your own, give its certificate as ca"
        )
    } else {
        format!("the receiver cannot be reached: {why}")
    })
}
