//! Where the URL and the token come from. Messages name these settings, so that the reader finds what to change.

/// One of the pairs of settings that name a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Options in code.
    Code,
    /// `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`.
    Upstash,
    /// `KV_REST_API_URL` and `KV_REST_API_TOKEN`, the deprecated names.
    Kv,
}

impl Source {
    /// The variables, the first pair before the second.
    pub(super) const ENVIRONMENT: [Self; 2] = [Self::Upstash, Self::Kv];

    /// The setting that holds the URL.
    #[must_use]
    pub fn url_name(self) -> &'static str {
        match self {
            Self::Code => "url",
            Self::Upstash => "UPSTASH_REDIS_REST_URL",
            Self::Kv => "KV_REST_API_URL",
        }
    }

    /// The setting that holds the token.
    #[must_use]
    pub fn token_name(self) -> &'static str {
        match self {
            Self::Code => "token",
            Self::Upstash => "UPSTASH_REDIS_REST_TOKEN",
            Self::Kv => "KV_REST_API_TOKEN",
        }
    }

    /// The same in an error of a request, which its reader finds far from the settings.
    pub(crate) fn url_setting(self) -> &'static str {
        match self {
            Self::Code => "UPSTASH_REDIS_REST_URL or the option url",
            _ => self.url_name(),
        }
    }

    /// The same in an error of a request.
    pub(crate) fn token_setting(self) -> &'static str {
        match self {
            Self::Code => "UPSTASH_REDIS_REST_TOKEN or the option token",
            _ => self.token_name(),
        }
    }
}
