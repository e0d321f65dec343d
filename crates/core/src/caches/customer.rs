//! Stripe customers and subscriptions, and the customer ids of user ids and e-mail addresses.
//!
//! A customer or a subscription must have its id. No other field is checked, neither on the way in nor on the way out:
//! Stripe moves and renames fields between versions of its API, and an app must not lose what it stored because of that.

use std::sync::Arc;

use super::read;
use crate::json::{self, Field, FieldType, Object};
use crate::keys::{CUSTOMER, EMAIL, Expiry, Key, Namespace, SUBSCRIPTION, Ttl, USER};
use crate::store::Store;
use crate::{Error, Result};

const CUSTOMER_ID: Field = Field::required("stripeCustomerId", FieldType::NonEmptyText);
const SUBSCRIPTION_ID: Field = Field::required("id", FieldType::NonEmptyText);

/// Stores customers and subscriptions, by default for a day.
#[derive(Clone)]
pub struct CustomerCache<S> {
    store: Arc<S>,
}

/// The JSON text of a customer.
pub struct Customer(String);

/// The JSON text of a subscription.
pub struct Subscription(String);

impl Customer {
    /// Takes the caller's JSON text.
    ///
    /// # Errors
    ///
    /// When it is no object or has no `stripeCustomerId`. `argument` names the customer in the error.
    pub fn from_json(argument: &str, text: String) -> Result<Self> {
        check(argument, &text, CUSTOMER_ID)?;
        Ok(Self(text))
    }
}

impl Subscription {
    /// Takes the caller's JSON text.
    ///
    /// # Errors
    ///
    /// When it is no object or has no `id`. `argument` names the subscription in the error.
    pub fn from_json(argument: &str, text: String) -> Result<Self> {
        check(argument, &text, SUBSCRIPTION_ID)?;
        Ok(Self(text))
    }
}

fn check(argument: &str, text: &str, id: Field) -> Result<()> {
    let object =
        Object::parse(text).ok_or_else(|| Error::invalid_field(argument, "must turn into a JSON object"))?;
    json::check(argument, &object, &[id])
}

/// The id of a customer, not empty.
pub struct CustomerId(String);

impl CustomerId {
    /// Takes the caller's id.
    ///
    /// # Errors
    ///
    /// When it is empty. `argument` names it in the error.
    pub fn new(argument: &str, id: String) -> Result<Self> {
        if id.is_empty() { Err(Error::invalid_value(argument, "must not be empty")) } else { Ok(Self(id)) }
    }
}

/// Methods have the errors of [`Store`]. Keys come from [`CUSTOMER`], [`USER`], [`EMAIL`] and [`SUBSCRIPTION`].
impl<S: Store> CustomerCache<S> {
    /// A cache on `store`.
    #[must_use]
    pub fn new(store: Arc<S>) -> Self {
        Self { store }
    }

    /// Stores a customer.
    pub async fn set_customer(&self, key: &Key, customer: &Customer, ttl: Option<Ttl>) -> Result<()> {
        self.put(CUSTOMER, key, &customer.0, ttl).await
    }

    /// The JSON text of a customer. `None` if it is absent, expired or corrupt.
    pub async fn get_customer(&self, key: &Key) -> Result<Option<String>> {
        read(&*self.store, key, |text| check("entry", text, CUSTOMER_ID).is_ok()).await
    }

    /// Stores the customer id of a user.
    pub async fn set_user_mapping(&self, key: &Key, id: &CustomerId, ttl: Option<Ttl>) -> Result<()> {
        self.put(USER, key, &id.0, ttl).await
    }

    /// The customer id of a user. `None` if it is absent or expired.
    pub async fn get_customer_by_user_id(&self, key: &Key) -> Result<Option<String>> {
        self.store.get(key).await
    }

    /// Stores the customer id of an e-mail address. The address is not normalized.
    pub async fn set_email_mapping(&self, key: &Key, id: &CustomerId, ttl: Option<Ttl>) -> Result<()> {
        self.put(EMAIL, key, &id.0, ttl).await
    }

    /// The customer id of an e-mail address. `None` if it is absent or expired.
    pub async fn get_customer_by_email(&self, key: &Key) -> Result<Option<String>> {
        self.store.get(key).await
    }

    /// Stores a subscription.
    pub async fn set_subscription(
        &self,
        key: &Key,
        subscription: &Subscription,
        ttl: Option<Ttl>,
    ) -> Result<()> {
        self.put(SUBSCRIPTION, key, &subscription.0, ttl).await
    }

    /// The JSON text of a subscription. `None` if it is absent, expired or corrupt.
    pub async fn get_subscription(&self, key: &Key) -> Result<Option<String>> {
        read(&*self.store, key, |text| check("entry", text, SUBSCRIPTION_ID).is_ok()).await
    }

    /// Deletes a customer and its mappings, in one command.
    pub async fn delete_customer(&self, customer: Key, email: Option<Key>, user: Option<Key>) -> Result<()> {
        let keys: Vec<Key> = [Some(customer), email, user].into_iter().flatten().collect();
        self.store.delete(&keys).await.map(drop)
    }

    async fn put(&self, namespace: Namespace, key: &Key, value: &str, ttl: Option<Ttl>) -> Result<()> {
        self.store.set(key, value, Expiry::After(namespace.ttl_or_default(ttl))).await
    }
}
