//! Faults: what they are, for how many requests they apply, and which one applies to the next request.
//!
//! Latencies add up and combine with any other fault. Of the other faults the one added first applies until its
//! requests are used up. `Refuse` does not belong to a request: it closes the port (see `listener.rs`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tokio::sync::watch;

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// Delays the request before anything else. Several latencies add up.
    Latency {
        /// The delay in milliseconds.
        ms: u64,
    },
    /// Closes the port and all connections, so that connecting is refused until the faults are cleared.
    Refuse,
    /// Reads the request and neither executes it nor responds; clearing the faults closes the connection.
    Hang,
    /// Closes the connection after reading the request, which is not executed. Adding it also ends the open
    /// subscriptions, which do not count as requests.
    Drop,
    /// Executes the request and closes the connection without a response.
    ExecuteThenDrop,
    /// Executes the request, sends the beginning of the response and resets the connection.
    Reset {
        /// Bytes of the body that are sent after the complete head; half of the body if absent.
        #[serde(default)]
        after_bytes: Option<usize>,
    },
    /// Responds with a status of 400 or above; the request is not executed.
    Status {
        /// The status.
        status: u16,
        /// The body; `{"error":"ERR injected fault"}` if absent.
        #[serde(default)]
        body: Option<String>,
        /// Additional headers, such as `Retry-After`.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// Responds with 200 and a body that is not JSON; the request is not executed.
    Garbage {
        /// The body; a page of HTML if absent.
        #[serde(default)]
        body: Option<String>,
    },
    /// Executes the request and responds in valid HTTP with the beginning of the body.
    Truncate {
        /// Bytes of the body that are kept; half of the body if absent.
        #[serde(default)]
        keep_bytes: Option<usize>,
    },
}

/// A fault and the number of requests it applies to. Made from a fault, or by [`Fault::times`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    fault: Fault,
    requests: Option<u64>,
}

impl Fault {
    /// Limits the fault to the next `requests` requests. Without it the fault lasts until the faults are cleared.
    #[must_use]
    pub fn times(self, requests: u64) -> Rule {
        Rule { fault: self, requests: Some(requests) }
    }
}

impl From<Fault> for Rule {
    fn from(fault: Fault) -> Self {
        Self { fault, requests: None }
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        // By hand, because serde cannot reject unknown fields of a flattened enum, and a misspelt field must be an error.
        let mut fields = Map::deserialize(deserializer)?;
        let requests = match fields.remove("requests") {
            None | Some(Value::Null) => None,
            Some(value) => {
                Some(value.as_u64().ok_or_else(|| D::Error::custom("`requests` must be a whole number"))?)
            }
        };
        let bare = fields.len() == 1;
        let fault = Fault::deserialize(Value::Object(fields)).map_err(D::Error::custom)?;
        // serde accepts any fields beside the tag of a variant without fields.
        if !bare && matches!(fault, Fault::Refuse | Fault::Hang | Fault::Drop | Fault::ExecuteThenDrop) {
            return Err(D::Error::custom("this fault has no fields but `requests`"));
        }
        Ok(Self { fault, requests })
    }
}

impl Rule {
    pub(crate) fn is_refuse(&self) -> bool {
        self.fault == Fault::Refuse
    }

    /// Returns why the rule is invalid.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        match (&self.fault, self.requests) {
            (_, Some(0)) => Err("a fault for 0 requests never applies"),
            (Fault::Refuse, Some(_)) => Err("`refuse` takes no `requests`; clear the faults to end it"),
            (Fault::Status { status, .. }, _) if !(400..600).contains(status) => {
                Err("the status must be 400 to 599")
            }
            (Fault::Status { headers, .. }, _) if !headers.iter().all(is_header) => {
                Err("a header is not valid")
            }
            _ => Ok(()),
        }
    }
}

fn is_header((name, value): (&String, &String)) -> bool {
    HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok()
}

/// The faults that apply to one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) latency: Duration,
    pub(crate) fault: Option<Fault>,
    /// Changes when the faults are cleared; present with a fault.
    pub(crate) clearing: Option<watch::Receiver<u64>>,
}

/// The rules in force.
pub(crate) struct Faults {
    /// Avoids the lock while there is no rule.
    any: AtomicBool,
    rules: Mutex<Vec<Rule>>,
    clearings: watch::Sender<u64>,
    drops: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        let (clearings, drops) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { any: AtomicBool::new(false), rules: Mutex::default(), clearings, drops }
    }

    pub(crate) fn add(&self, rule: Rule) {
        let mut rules = self.rules();
        if rule.fault == Fault::Drop {
            self.drops.send_modify(|count| *count += 1);
        }
        rules.push(rule);
        self.any.store(true, Ordering::Release);
    }

    /// Changes when a fault ends the open subscriptions.
    pub(crate) fn drops(&self) -> watch::Receiver<u64> {
        self.drops.subscribe()
    }

    /// Removes all rules and ends the requests that hang.
    pub(crate) fn clear(&self) {
        let mut rules = self.rules();
        rules.clear();
        self.any.store(false, Ordering::Release);
        self.clearings.send_modify(|count| *count += 1);
    }

    /// Takes the faults for the next request.
    pub(crate) fn take(&self) -> Plan {
        let mut plan = Plan::default();
        if !self.any.load(Ordering::Acquire) {
            return plan;
        }
        let mut rules = self.rules();
        rules.retain_mut(|rule| {
            match &rule.fault {
                Fault::Latency { ms } => plan.latency += Duration::from_millis(*ms),
                _ if plan.fault.is_some() => return true,
                fault => plan.fault = Some(fault.clone()),
            }
            match &mut rule.requests {
                None => true,
                Some(left) => {
                    *left -= 1;
                    *left > 0
                }
            }
        });
        self.any.store(!rules.is_empty(), Ordering::Release);
        // Subscribed under the lock, so that clearing right after this is not missed.
        plan.clearing = plan.fault.as_ref().map(|_| self.clearings.subscribe());
        plan
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(faults: &Faults, count: usize) -> Vec<(u128, Option<Fault>)> {
        let plans = std::iter::repeat_with(|| faults.take()).take(count);
        plans.map(|plan| (plan.latency.as_millis(), plan.fault)).collect()
    }

    #[test]
    fn the_first_rule_applies_until_used_up_and_latencies_add_up() {
        let faults = Faults::new();
        faults.add(Fault::Latency { ms: 1 }.into());
        faults.add(Fault::Latency { ms: 2 }.times(1));
        faults.add(Fault::Hang.times(1));
        faults.add(Fault::Drop.times(2));

        let met = kinds(&faults, 4);

        assert_eq!(met, [(3, Some(Fault::Hang)), (1, Some(Fault::Drop)), (1, Some(Fault::Drop)), (1, None)]);
    }

    #[test]
    fn a_rule_is_read_from_flat_json_and_unknown_fields_are_rejected() {
        let read = |text: &str| serde_json::from_str::<Rule>(text);

        assert_eq!(
            read(r#"{"fault":"executeThenDrop","requests":2}"#).unwrap(),
            Fault::ExecuteThenDrop.times(2)
        );
        assert_eq!(
            read(r#"{"fault":"reset","afterBytes":3}"#).unwrap(),
            Fault::Reset { after_bytes: Some(3) }.into()
        );
        assert!(read(r#"{"fault":"latency","ms":1,"request":2}"#).is_err());
        assert!(read(r#"{"fault":"nonsense"}"#).is_err());
    }
}
