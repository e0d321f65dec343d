//! Stripe customers and subscriptions, and the customer ids behind user ids and e-mail addresses.

use std::sync::Arc;

use super::read;
use crate::json::{self, Field, FieldType, Object};
use crate::keys::{CUSTOMER, EMAIL, Expiry, Key, Namespace, SUBSCRIPTION, Ttl, USER};
use crate::store::Store;
use crate::{Error, Result};

const CUSTOMER_FIELDS: &[Field] = &[
    Field::required("stripeCustomerId", FieldType::Text),
    Field::required("email", FieldType::Text),
    Field::optional("userId", FieldType::Text),
    Field::optional("name", FieldType::TextOrNull),
    Field::optional("subscriptions", FieldType::TextList),
    Field::optional("defaultPaymentMethod", FieldType::TextOrNull),
    Field::required("created", FieldType::Number),
    Field::required("updatedAt", FieldType::Number),
];

const SUBSCRIPTION_FIELDS: &[Field] = &[
    Field::required("id", FieldType::Text),
    Field::required("customerId", FieldType::Text),
    Field::required("status", FieldType::Text),
    Field::required("priceId", FieldType::Text),
    Field::required("productId", FieldType::Text),
    Field::required("currentPeriodEnd", FieldType::Number),
    Field::required("cancelAtPeriodEnd", FieldType::Boolean),
    Field::required("created", FieldType::Number),
    Field::required("updatedAt", FieldType::Number),
];

/// Keeps customers and subscriptions, for a day unless a TTL says otherwise.
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
    /// When a field is missing or wrong; `argument` is what the caller calls the customer.
    pub fn from_json(argument: &str, text: String) -> Result<Self> {
        check(argument, &text, CUSTOMER_FIELDS)?;
        Ok(Self(text))
    }
}

impl Subscription {
    /// Takes the caller's JSON text.
    ///
    /// # Errors
    ///
    /// When a field is missing or wrong; `argument` is what the caller calls the subscription.
    pub fn from_json(argument: &str, text: String) -> Result<Self> {
        check(argument, &text, SUBSCRIPTION_FIELDS)?;
        Ok(Self(text))
    }
}

fn check(argument: &str, text: &str, fields: &[Field]) -> Result<()> {
    let object =
        Object::parse(text).ok_or_else(|| Error::invalid_field(argument, "must turn into a JSON object"))?;
    json::check(argument, &object, fields)
}

/// The id of a customer, as a mapping's value: not empty.
pub struct CustomerId(String);

impl CustomerId {
    /// Takes the caller's id.
    ///
    /// # Errors
    ///
    /// When it is empty; `argument` is what the caller calls it.
    pub fn new(argument: &str, id: String) -> Result<Self> {
        if id.is_empty() { Err(Error::invalid_value(argument, "must not be empty")) } else { Ok(Self(id)) }
    }
}

/// Every method can fail as [`Store`] says. Keys are made with [`CUSTOMER`], [`USER`], [`EMAIL`] and [`SUBSCRIPTION`].
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

    /// The JSON text of a customer; `None` when there is none, it has expired or is corrupt.
    pub async fn get_customer(&self, key: &Key) -> Result<Option<String>> {
        read(&*self.store, key, |text| check("entry", text, CUSTOMER_FIELDS).is_ok()).await
    }

    /// Stores which customer a user is.
    pub async fn set_user_mapping(&self, key: &Key, id: &CustomerId, ttl: Option<Ttl>) -> Result<()> {
        self.put(USER, key, &id.0, ttl).await
    }

    /// The customer id of a user; `None` when it is not known.
    pub async fn get_customer_by_user_id(&self, key: &Key) -> Result<Option<String>> {
        self.store.get(key).await
    }

    /// Stores which customer has an e-mail address. The address is used as it is given.
    pub async fn set_email_mapping(&self, key: &Key, id: &CustomerId, ttl: Option<Ttl>) -> Result<()> {
        self.put(EMAIL, key, &id.0, ttl).await
    }

    /// The customer id of an e-mail address; `None` when it is not known.
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

    /// The JSON text of a subscription; `None` when there is none, it has expired or is corrupt.
    pub async fn get_subscription(&self, key: &Key) -> Result<Option<String>> {
        read(&*self.store, key, |text| check("entry", text, SUBSCRIPTION_FIELDS).is_ok()).await
    }

    /// Forgets a customer and the mappings that lead to it, in one command.
    pub async fn delete_customer(&self, customer: Key, email: Option<Key>, user: Option<Key>) -> Result<()> {
        let keys: Vec<Key> = [Some(customer), email, user].into_iter().flatten().collect();
        self.store.delete(&keys).await.map(drop)
    }

    async fn put(&self, namespace: Namespace, key: &Key, value: &str, ttl: Option<Ttl>) -> Result<()> {
        self.store.set(key, value, Expiry::After(namespace.ttl_or_default(ttl))).await
    }
}
