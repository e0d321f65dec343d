//! `CustomerCache`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::{Customer, CustomerId, Subscription};
use redlatch_core::keys::{CUSTOMER, EMAIL, SUBSCRIPTION, USER};

use crate::argument::{self, Stringify};
use crate::realm::{Realm, RealmState, Returned};

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
    pub fn set_customer<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        customer_id: Unknown<'e>,
        data: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(CUSTOMER, "customerId", customer_id)?;
            let json = argument::json("data", data, &stringify)?;
            let customer = Customer::from_json("data", json)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.customers.set_customer(&key, &customer, ttl).await })
        })
    }

    /// The JSON of a customer, or `null`.
    #[napi(catch_unwind)]
    pub fn get_customer<'e>(&self, env: &'e Env, slot: u32, customer_id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(CUSTOMER, "customerId", customer_id)?;
            Ok(async move { service.customers.get_customer(&key).await })
        })
    }

    /// Stores which customer a user is.
    #[napi(catch_unwind)]
    pub fn set_user_mapping<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        user_id: Unknown<'e>,
        customer_id: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(USER, "userId", user_id)?;
            let customer_id = CustomerId::new("customerId", argument::text("customerId", customer_id)?)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.customers.set_user_mapping(&key, &customer_id, ttl).await })
        })
    }

    /// The customer id of a user, or `null`.
    #[napi(catch_unwind)]
    pub fn get_customer_by_user_id<'e>(&self, env: &'e Env, slot: u32, user_id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(USER, "userId", user_id)?;
            Ok(async move { service.customers.get_customer_by_user_id(&key).await })
        })
    }

    /// Stores which customer has an e-mail address.
    #[napi(catch_unwind)]
    pub fn set_email_mapping<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        email: Unknown<'e>,
        customer_id: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(EMAIL, "email", email)?;
            let customer_id = CustomerId::new("customerId", argument::text("customerId", customer_id)?)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.customers.set_email_mapping(&key, &customer_id, ttl).await })
        })
    }

    /// The customer id of an e-mail address, or `null`.
    #[napi(catch_unwind)]
    pub fn get_customer_by_email<'e>(&self, env: &'e Env, slot: u32, email: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(EMAIL, "email", email)?;
            Ok(async move { service.customers.get_customer_by_email(&key).await })
        })
    }

    /// Stores a subscription.
    #[napi(catch_unwind)]
    pub fn set_subscription<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        subscription_id: Unknown<'e>,
        data: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(SUBSCRIPTION, "subscriptionId", subscription_id)?;
            let json = argument::json("data", data, &stringify)?;
            let subscription = Subscription::from_json("data", json)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.customers.set_subscription(&key, &subscription, ttl).await })
        })
    }

    /// The JSON of a subscription, or `null`.
    #[napi(catch_unwind)]
    pub fn get_subscription<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        subscription_id: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(SUBSCRIPTION, "subscriptionId", subscription_id)?;
            Ok(async move { service.customers.get_subscription(&key).await })
        })
    }

    /// Removes a customer and the mappings that lead to it.
    #[napi(catch_unwind)]
    pub fn delete_customer<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        customer_id: Unknown<'e>,
        email: Unknown<'e>,
        user_id: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let customer = argument::key(CUSTOMER, "customerId", customer_id)?;
            let email = argument::optional_key(EMAIL, "email", email)?;
            let user = argument::optional_key(USER, "userId", user_id)?;
            Ok(async move { service.customers.delete_customer(customer, email, user).await })
        })
    }

    /// `{ status, message }` as JSON.
    #[napi(catch_unwind)]
    pub fn health_check<'e>(&self, env: &'e Env, slot: u32) -> Returned<'e> {
        self.realm.call(env, slot, |service| Ok(async move { Ok(service.health().await.to_short_json()) }))
    }
}
