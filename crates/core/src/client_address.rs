//! The address of a client behind proxies, as the key of a rate limit.
//!
//! Each proxy appends the address that it was called from to `X-Forwarded-For`. Only what trusted proxies have appended is
//! true: everything to the left of that is what the client has sent. So the hops are counted from the right.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The address that the outermost of `trusted_hops` proxies was called from. `None` if it is no address.
///
/// A port is left out, an IPv4 address within IPv6 is that IPv4 address, and of another IPv6 address only the first
/// `ipv6_prefix` bits count, because a client has all addresses of its network. With fewer hops than expected, it is the
/// leftmost.
#[must_use]
pub fn client_address(forwarded_for: &str, trusted_hops: usize, ipv6_prefix: u32) -> Option<String> {
    let hops: Vec<&str> = forwarded_for.split(',').map(str::trim).filter(|hop| !hop.is_empty()).collect();
    let hop = hops.get(hops.len().saturating_sub(trusted_hops.max(1)))?;
    Some(match parse(hop)?.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => network(address, ipv6_prefix),
    })
}

/// An address, with or without brackets, a zone and a port.
fn parse(hop: &str) -> Option<IpAddr> {
    if let Ok(with_port) = hop.parse::<SocketAddr>() {
        return Some(with_port.ip());
    }
    let address = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    address.split('%').next()?.parse().ok()
}

fn network(address: Ipv6Addr, prefix: u32) -> String {
    if prefix >= Ipv6Addr::BITS {
        return address.to_string();
    }
    let mask = !u128::MAX.checked_shr(prefix).unwrap_or(0);
    format!("{}/{prefix}", Ipv6Addr::from_bits(address.to_bits() & mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hops_are_counted_from_the_right() {
        let forged = "6.6.6.6, 7.7.7.7, 203.0.113.9, 10.0.0.1";
        for (hops, expected) in
            [(0, "10.0.0.1"), (1, "10.0.0.1"), (2, "203.0.113.9"), (4, "6.6.6.6"), (9, "6.6.6.6")]
        {
            assert_eq!(client_address(forged, hops, 64).as_deref(), Some(expected), "{hops}");
        }
    }

    #[test]
    fn one_client_has_one_address() {
        for (hop, expected) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:203.0.113.9]:4711", "203.0.113.9"),
            ("2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
            ("[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            (" 203.0.113.9 ,", "203.0.113.9"),
        ] {
            assert_eq!(client_address(hop, 1, 64).as_deref(), Some(expected), "{hop}");
        }
    }

    #[test]
    fn the_prefix_says_how_much_of_an_ipv6_address_counts() {
        let of = |prefix| client_address("2001:db8:1:2:3:4:5:6", 1, prefix).unwrap();
        assert_eq!(of(48), "2001:db8:1::/48");
        assert_eq!(of(0), "::/0");
        assert_eq!(of(128), "2001:db8:1:2:3:4:5:6");
    }

    #[test]
    fn what_is_no_address_is_none() {
        for hop in
            ["", ",", "unknown", "_hidden", "203.0.113", "203.0.113.9.1", "1.2.3.4:99999", "::g", "[::1"]
        {
            assert_eq!(client_address(hop, 1, 64), None, "{hop}");
        }
    }
}
