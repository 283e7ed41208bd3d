//! The operations port: whether the process lives, whether it may be sent requests, and its numbers.

use std::sync::Arc;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, ServiceConfig, get};
use actix_web::{HttpResponse, Responder};

use crate::app::Gateway;

/// Its three paths. It has no others, and nothing of a tenant.
pub(crate) fn routes(gateway: Arc<Gateway>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(Data::from(gateway))
            .route("/livez", get().to(live))
            .route("/readyz", get().to(ready))
            .route("/metrics", get().to(metrics));
    }
}

/// The process answers. A process that does not should be started again.
async fn live() -> impl Responder {
    "ok\n"
}

/// Requests may be sent here: the database answers, and the process is not about to end.
async fn ready(gateway: Data<Gateway>) -> impl Responder {
    match gateway.check_ready().await {
        Ok(()) => HttpResponse::Ok().body("ok\n"),
        Err(reason) => HttpResponse::ServiceUnavailable().body(format!("{reason}\n")),
    }
}

/// The text format of Prometheus.
async fn metrics(gateway: Data<Gateway>) -> impl Responder {
    match gateway.telemetry.metrics().to_text() {
        Ok(text) => HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4")).body(text),
        Err(error) => {
            tracing::error!(error = %error, "the metrics could not be shown");
            HttpResponse::InternalServerError().finish()
        }
    }
}
