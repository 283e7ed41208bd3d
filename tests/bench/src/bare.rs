//! The ceiling of HTTP: actix-web with nothing behind it.

use actix_web::web::{Bytes, to};
use actix_web::{App, HttpResponse, HttpServer};

/// Bytes of the constant answer.
const SIZE: usize = 1024;

/// Serves until it is ended.
pub(crate) fn serve(port: u16, workers: usize) -> anyhow::Result<()> {
    let body = Bytes::from(answer());
    actix_web::rt::System::new().block_on(async move {
        let app = move || {
            let body = body.clone();
            App::new().default_service(to(move || {
                let body = body.clone();
                async move { HttpResponse::Ok().content_type("application/scim+json").body(body) }
            }))
        };
        HttpServer::new(app).workers(workers).bind(("127.0.0.1", port))?.run().await
    })?;
    Ok(())
}

/// A JSON object of exactly [`SIZE`] bytes.
fn answer() -> String {
    let frame = r#"{"constant":""}"#;
    let filling = "x".repeat(SIZE.saturating_sub(frame.len()));
    format!(r#"{{"constant":"{filling}"}}"#)
}

#[cfg(test)]
mod tests {
    use super::{SIZE, answer};

    #[test]
    fn the_constant_answer_is_one_kilobyte_of_json() {
        let text = answer();
        assert_eq!(text.len(), SIZE);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
