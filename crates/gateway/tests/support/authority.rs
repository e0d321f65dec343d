//! A new certificate authority, and the files of a certificate that it signed for a gateway.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::NamedTempFile;
use tokio_rustls::rustls::pki_types::CertificateDer;

pub(crate) struct Authority {
    pub(crate) der: CertificateDer<'static>,
    /// A certificate for the loopback address.
    pub(crate) certificate: NamedTempFile,
    /// The key of that certificate.
    pub(crate) key: NamedTempFile,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let pair = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&pair, &issuer).unwrap();
        Self {
            der: issuer.der().clone(),
            certificate: file(&certificate.pem()),
            key: file(&pair.serialize_pem()),
        }
    }
}

fn file(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}
