//! The environment variables.

/// Looks variables up. White space around a value does not count.
pub(super) struct Environment<F>(F);

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    pub(super) fn new(lookup: F) -> Self {
        Self(lookup)
    }

    /// The value; `None` if it is absent or empty.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Whether the variable is there, with nothing in it.
    pub(super) fn is_empty(&self, name: &str) -> bool {
        (self.0)(name).is_some_and(|value| value.trim().is_empty())
    }

    pub(super) fn is_production(&self) -> bool {
        self.get("NODE_ENV").as_deref() == Some("production")
    }
}
