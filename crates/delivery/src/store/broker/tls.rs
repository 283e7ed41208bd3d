//! TLS to a broker.

use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::Line;

/// Whose certificates are believed.
#[derive(Clone)]
pub(in crate::store) struct Trust(Arc<ClientConfig>);

impl Trust {
    /// The authorities of the setting `ca`, and no others; or, without it, those that browsers know.
    ///
    /// # Errors
    /// A sentence about the setting.
    pub(in crate::store) fn new(authorities: Option<&str>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match authorities {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(pem) => add(&mut roots, pem)?,
        }
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// Speaks TLS over a connection with this host.
    pub(super) async fn secure(&self, line: Line, host: &str) -> Result<Line, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} is no name of a host"))?;
        let secured = TlsConnector::from(Arc::clone(&self.0)).connect(name, line).await;
        secured.map(Line::new).map_err(|error| error.to_string())
    }
}

fn add(roots: &mut RootCertStore, pem: &str) -> Result<(), String> {
    let wrong = || "ca is certificates in PEM, which begin with -----BEGIN CERTIFICATE-----".to_owned();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(|_| wrong())?).map_err(|_| wrong())?;
    }
    if roots.is_empty() { Err(wrong()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_certificate_is_refused() {
        let wrong = "ca is certificates in PEM, which begin with -----BEGIN CERTIFICATE-----";
        for pem in ["", "certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert_eq!(Trust::new(Some(pem)).err().as_deref(), Some(wrong), "{pem}");
        }
        assert!(Trust::new(None).is_ok());
    }
}
