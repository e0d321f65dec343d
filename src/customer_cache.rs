//! `CustomerCache`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::{Customer, CustomerId, Subscription};
use redlatch_core::keys::{CUSTOMER, EMAIL, SUBSCRIPTION, USER};

use crate::argument;
use crate::realm::{Realm, RealmState};

/// Stripe customers and subscriptions.
#[napi]
pub struct CustomerCache {
    realm: Rc<RealmState>,
}

#[napi]
impl CustomerCache {
    /// The class for `realm`.
    #[napi(constructor)]
    pub fn new(realm: &Realm) -> Self {
        Self { realm: realm.state() }
    }

    /// Stores a customer.
    #[napi(catch_unwind)]
    pub fn set_customer<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        customer_id: Unknown<'env>,
        data: Unknown<'static>,
        ttl_seconds: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || {
                Ok((
                    argument::key(CUSTOMER, "customerId", customer_id)?,
                    Customer::from_json("data", self.realm.json(env, "data", data)?)?,
                    argument::optional_ttl("ttlSeconds", ttl_seconds)?,
                ))
            },
            |handle, (key, customer, ttl)| async move {
                handle.customers.set_customer(&key, &customer, ttl).await
            },
        )
    }

    /// The JSON of a customer, or `null`.
    #[napi(catch_unwind)]
    pub fn get_customer<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        customer_id: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || argument::key(CUSTOMER, "customerId", customer_id),
            |handle, key| async move { handle.customers.get_customer(&key).await },
        )
    }

    /// Stores which customer a user is.
    #[napi(catch_unwind)]
    pub fn set_user_mapping<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        user_id: Unknown<'env>,
        customer_id: Unknown<'env>,
        ttl_seconds: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || {
                Ok((
                    argument::key(USER, "userId", user_id)?,
                    CustomerId::new("customerId", argument::text("customerId", customer_id)?)?,
                    argument::optional_ttl("ttlSeconds", ttl_seconds)?,
                ))
            },
            |handle, (key, customer_id, ttl)| async move {
                handle.customers.set_user_mapping(&key, &customer_id, ttl).await
            },
        )
    }

    /// The customer id of a user, or `null`.
    #[napi(catch_unwind)]
    pub fn get_customer_by_user_id<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        user_id: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || argument::key(USER, "userId", user_id),
            |handle, key| async move { handle.customers.get_customer_by_user_id(&key).await },
        )
    }

    /// Stores which customer has an e-mail address.
    #[napi(catch_unwind)]
    pub fn set_email_mapping<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        email: Unknown<'env>,
        customer_id: Unknown<'env>,
        ttl_seconds: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || {
                Ok((
                    argument::key(EMAIL, "email", email)?,
                    CustomerId::new("customerId", argument::text("customerId", customer_id)?)?,
                    argument::optional_ttl("ttlSeconds", ttl_seconds)?,
                ))
            },
            |handle, (key, customer_id, ttl)| async move {
                handle.customers.set_email_mapping(&key, &customer_id, ttl).await
            },
        )
    }

    /// The customer id of an e-mail address, or `null`.
    #[napi(catch_unwind)]
    pub fn get_customer_by_email<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        email: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || argument::key(EMAIL, "email", email),
            |handle, key| async move { handle.customers.get_customer_by_email(&key).await },
        )
    }

    /// Stores a subscription.
    #[napi(catch_unwind)]
    pub fn set_subscription<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        subscription_id: Unknown<'env>,
        data: Unknown<'static>,
        ttl_seconds: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || {
                Ok((
                    argument::key(SUBSCRIPTION, "subscriptionId", subscription_id)?,
                    Subscription::from_json("data", self.realm.json(env, "data", data)?)?,
                    argument::optional_ttl("ttlSeconds", ttl_seconds)?,
                ))
            },
            |handle, (key, subscription, ttl)| async move {
                handle.customers.set_subscription(&key, &subscription, ttl).await
            },
        )
    }

    /// The JSON of a subscription, or `null`.
    #[napi(catch_unwind)]
    pub fn get_subscription<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        subscription_id: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || argument::key(SUBSCRIPTION, "subscriptionId", subscription_id),
            |handle, key| async move { handle.customers.get_subscription(&key).await },
        )
    }

    /// Forgets a customer and the mappings that lead to it.
    #[napi(catch_unwind)]
    pub fn delete_customer<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        customer_id: Unknown<'env>,
        email: Unknown<'env>,
        user_id: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || {
                Ok((
                    argument::key(CUSTOMER, "customerId", customer_id)?,
                    argument::optional_key(EMAIL, "email", email)?,
                    argument::optional_key(USER, "userId", user_id)?,
                ))
            },
            |handle, (customer, email, user)| async move {
                handle.customers.delete_customer(customer, email, user).await
            },
        )
    }

    /// `{ status, message }` as JSON.
    #[napi(catch_unwind)]
    pub fn health_check<'env>(&self, env: &'env Env, slot: u32) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || Ok(()),
            |handle, ()| async move { Ok(handle.health().await.to_short_json()) },
        )
    }
}
