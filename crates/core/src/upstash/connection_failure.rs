//! Why a request got no response, in words for the operator. They contain neither the URL nor the token.

use std::error::Error as StdError;
use std::io;

use reqwest::Url;
use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::Error;

/// The database that a request goes to, as messages name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    is_encrypted: bool,
    /// The setting that holds the URL.
    url_name: &'static str,
}

impl Target {
    pub(super) fn new(url: &Url, url_name: &'static str) -> Self {
        Self { is_encrypted: url.scheme() == "https", url_name }
    }

    /// Distinguishes a request that was certainly not sent from one that may have been executed. Removes the URL.
    pub(super) fn failure(self, error: reqwest::Error) -> Error {
        let is_certainly_not_sent = error.is_connect() || error.is_builder();
        let error = error.without_url();
        if is_certainly_not_sent {
            Error::connect(self.cause(&error), error)
        } else {
            Error::lost(self.hint(&error), error)
        }
    }

    /// Why there is no connection.
    fn cause(self, error: &reqwest::Error) -> String {
        let name = self.url_name;
        let causes = || std::iter::successors(Some(error as &dyn StdError), |&error| below(error));
        if let Some(tls) = causes().find_map(<dyn StdError>::downcast_ref::<TlsError>) {
            return self.tls_cause(tls);
        }
        // hyper-util has no types for these.
        let says = |text: &str| causes().any(|error| error.to_string().starts_with(text));
        if says("tunnel error") {
            return "the proxy does not connect to it; check the proxy of the environment".into();
        }
        if says("dns error") {
            return format!("its host is unknown; check {name} and the DNS");
        }
        match causes().find_map(<dyn StdError>::downcast_ref::<io::Error>).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => {
                format!("the connection was refused; check the host and port in {name}")
            }
            Some(io::ErrorKind::TimedOut) => {
                format!("connecting took too long; check {name} and the network")
            }
            Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
                format!("its host cannot be reached; check {name} and the network")
            }
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) if self.is_encrypted => {
                format!("the connection was closed during the TLS handshake; check the port in {name}")
            }
            _ => format!("check {name} and the network"),
        }
    }

    fn tls_cause(self, error: &TlsError) -> String {
        let name = self.url_name;
        match error {
            TlsError::InvalidMessage(_) | TlsError::InappropriateMessage { .. } => {
                format!(
                    "the server does not speak TLS; check the port in {name}, or whether it should start with http://"
                )
            }
            TlsError::InvalidCertificate(problem) => certificate_cause(problem, name),
            TlsError::AlertReceived(AlertDescription::UnrecognisedName) => {
                format!("the server does not know this host; check {name}")
            }
            _ => format!("the TLS handshake failed; check the host and port in {name}"),
        }
    }

    /// What can be the reason for a lost connection, if there is a likely one.
    fn hint(self, error: &reqwest::Error) -> Option<String> {
        // After the head of a response, it is certain that the server speaks this scheme.
        let is_head = error.is_request();
        (is_head && !self.is_encrypted)
            .then(|| format!("if its port expects TLS, {} must start with https://", self.url_name))
    }
}

fn certificate_cause(problem: &CertificateError, url_name: &str) -> String {
    let reason = match problem {
        CertificateError::UnknownIssuer => {
            return "its certificate comes from an unknown authority".into();
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            return format!("its certificate is for another host; check {url_name}");
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet; check the clock of this machine"
        }
        CertificateError::Revoked => "is revoked",
        _ => "cannot be verified",
    };
    format!("its certificate {reason}")
}

/// The cause of `error`. An I/O error that wraps another one does not name it as its source.
fn below<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
