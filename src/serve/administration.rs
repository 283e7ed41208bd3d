//! The administration API, where the settings want one.

use std::io;
use std::net::TcpListener;

use tenant_admin::api::Api;
use tenant_admin::{Failure, Operator};

use super::listen;
use crate::settings::Settings;

/// The API, or none.
pub(super) struct Administration(Option<Api>);

/// Takes its port. If it is the usual one and another program has it, there is no API, and a sentence that says so.
pub(super) fn listener(settings: &Settings) -> Result<(Option<TcpListener>, Option<String>), Failure> {
    let Some(address) = settings.admin.listen else { return Ok((None, None)) };
    match listen(address, "admin.listen") {
        Ok(listener) => Ok((Some(listener), None)),
        Err(failure) if settings.admin.is_usual() => {
            Ok((None, Some(format!("there is no administration API: {}", failure.message))))
        }
        Err(failure) => Err(failure),
    }
}

impl Administration {
    pub(super) fn start(listener: Option<TcpListener>, operator: &Operator, settings: &Settings) -> io::Result<Self> {
        let serve = |listener| Api::serve(operator.clone(), listener, settings.server.trusted_proxies.clone());
        listener.map(serve).transpose().map(Self)
    }

    /// Comes back only if it fails.
    pub(super) async fn ended(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Some(api) => api.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Answers what has begun.
    pub(super) async fn finish(self) {
        if let Some(api) = self.0 {
            api.stop().await;
        }
    }
}
