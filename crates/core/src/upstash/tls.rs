//! TLS settings: trusts the public certificate authorities and those in `NODE_EXTRA_CA_CERTS`.
//!
//! The public ones are built in, so that a container without certificates works. Verification is always on.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::log::{Log, LogMessage};

/// Creates the TLS settings. As in Node, an unreadable file of extra authorities gives a warning and is ignored.
pub(super) fn config(extra_ca_certs: Option<&Path>, log: &Log) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(Err(problem)) = extra_ca_certs.map(|path| add_file(&mut roots, path)) {
        log.push(LogMessage::Warn(format!(
            "The file that NODE_EXTRA_CA_CERTS names cannot be used in full: {problem}."
        )));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| error.to_string())?;
    match roots.add_parsable_certificates(certificates) {
        (0, _) => Err("it contains no certificate authority".into()),
        (_, 0) => Ok(()),
        (_, ignored) => Err(format!("{ignored} of its certificates cannot be used")),
    }
}
