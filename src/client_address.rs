//! The address of a client, from what proxies say.

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::Error;

use crate::argument;
use crate::error::or_throw;

const IPV6_BITS: u64 = 128;

/// The address of the client, or `null` if there is none in the list.
#[napi(catch_unwind)]
pub fn client_address(
    env: &Env,
    forwarded_for: String,
    trusted_hops: Unknown<'_>,
    ipv6_prefix: Unknown<'_>,
) -> napi::Result<Option<String>> {
    or_throw(env, || {
        let hops = argument::count("options.trustedHops", trusted_hops)?;
        let prefix = argument::count("options.ipv6Prefix", ipv6_prefix)?;
        if prefix > IPV6_BITS {
            let problem = format_args!("must be at most {IPV6_BITS}, got {prefix}");
            return Err(Error::invalid_value("options.ipv6Prefix", problem).into());
        }
        #[expect(clippy::cast_possible_truncation, reason = "more hops than memory has bytes are none")]
        Ok(redlatch_core::client_address(&forwarded_for, hops as usize, prefix as u32))
    })
}
