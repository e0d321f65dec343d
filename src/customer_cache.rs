//! `CustomerCache`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::{Customer, CustomerId, Subscription};
use redlatch_core::keys::{CUSTOMER, EMAIL, SUBSCRIPTION, USER};

use crate::argument::{self, Stringify};
use crate::realm::{Answer, Realm, RealmState};

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
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::key(CUSTOMER, "customerId", customer_id)?,
                Customer::from_json("data", argument::json("data", data, &stringify)?)?,
                argument::optional_ttl("ttlSeconds", ttl_seconds)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (key, customer, ttl)| async move {
            handle.customers.set_customer(&key, &customer, ttl).await
        })
    }

    /// The JSON of a customer, or `null`.
    #[napi(catch_unwind)]
    pub fn get_customer<'e>(&self, env: &'e Env, slot: u32, customer_id: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::key(CUSTOMER, "customerId", customer_id);
        self.realm.call(env, slot, arguments, |handle, key| async move {
            handle.customers.get_customer(&key).await
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
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::key(USER, "userId", user_id)?,
                CustomerId::new("customerId", argument::text("customerId", customer_id)?)?,
                argument::optional_ttl("ttlSeconds", ttl_seconds)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (key, customer_id, ttl)| async move {
            handle.customers.set_user_mapping(&key, &customer_id, ttl).await
        })
    }

    /// The customer id of a user, or `null`.
    #[napi(catch_unwind)]
    pub fn get_customer_by_user_id<'e>(&self, env: &'e Env, slot: u32, user_id: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::key(USER, "userId", user_id);
        self.realm.call(env, slot, arguments, |handle, key| async move {
            handle.customers.get_customer_by_user_id(&key).await
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
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::key(EMAIL, "email", email)?,
                CustomerId::new("customerId", argument::text("customerId", customer_id)?)?,
                argument::optional_ttl("ttlSeconds", ttl_seconds)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (key, customer_id, ttl)| async move {
            handle.customers.set_email_mapping(&key, &customer_id, ttl).await
        })
    }

    /// The customer id of an e-mail address, or `null`.
    #[napi(catch_unwind)]
    pub fn get_customer_by_email<'e>(&self, env: &'e Env, slot: u32, email: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::key(EMAIL, "email", email);
        self.realm.call(env, slot, arguments, |handle, key| async move {
            handle.customers.get_customer_by_email(&key).await
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
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::key(SUBSCRIPTION, "subscriptionId", subscription_id)?,
                Subscription::from_json("data", argument::json("data", data, &stringify)?)?,
                argument::optional_ttl("ttlSeconds", ttl_seconds)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (key, subscription, ttl)| async move {
            handle.customers.set_subscription(&key, &subscription, ttl).await
        })
    }

    /// The JSON of a subscription, or `null`.
    #[napi(catch_unwind)]
    pub fn get_subscription<'e>(&self, env: &'e Env, slot: u32, subscription_id: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::key(SUBSCRIPTION, "subscriptionId", subscription_id);
        self.realm.call(env, slot, arguments, |handle, key| async move {
            handle.customers.get_subscription(&key).await
        })
    }

    /// Forgets a customer and the mappings that lead to it.
    #[napi(catch_unwind)]
    pub fn delete_customer<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        customer_id: Unknown<'e>,
        email: Unknown<'e>,
        user_id: Unknown<'e>,
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::key(CUSTOMER, "customerId", customer_id)?,
                argument::optional_key(EMAIL, "email", email)?,
                argument::optional_key(USER, "userId", user_id)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (customer, email, user)| async move {
            handle.customers.delete_customer(customer, email, user).await
        })
    }

    /// `{ status, message }` as JSON.
    #[napi(catch_unwind)]
    pub fn health_check<'e>(&self, env: &'e Env, slot: u32) -> Answer<'e> {
        self.realm.call(
            env,
            slot,
            || Ok(()),
            |handle, ()| async move { Ok(handle.health().await.to_short_json()) },
        )
    }
}
