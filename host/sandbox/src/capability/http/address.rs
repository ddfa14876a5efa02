//! Which addresses a guest may be connected to: the public internet and nothing nearer.
//!
//! The rule is by address and never by name, because a name can be made to point anywhere. The ranges are those of
//! the IANA special-purpose registries (RFC 6890) and the metadata services of clouds that are outside them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The host service of one cloud that has a public address and answers its tenants' machines alone.
const PUBLIC_METADATA: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Whether the address belongs to the public internet. Loopback, private, link-local, shared, multicast, reserved and
/// documentation addresses do not, nor does any IPv6 address that carries an IPv4 one.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, _, _) => true,
        // Carrier-grade NAT; one cloud's metadata service is in it.
        (100, 64..=127, _) => true,
        (169, 254, _) => true,
        (172, 16..=31, _) => true,
        // Protocol assignments, documentation, the retired 6to4 relays, private.
        (192, 0, 0 | 2) | (192, 88, 99) | (192, 168, _) => true,
        // Benchmarks, documentation.
        (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        // Multicast, reserved and broadcast.
        (224.., _, _) => true,
        _ => false,
    };
    !special && address != PUBLIC_METADATA
}

/// Only 2000::/3 is handed out for the public internet; loopback, unspecified, IPv4-mapped, IPv4-compatible, NAT64,
/// unique-local, link-local and multicast addresses all are outside it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    // Protocol assignments with Teredo and ORCHID, 2001::/23.
    let protocol = first == 0x2001 && second < 0x0200;
    let documentation = (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000);
    let six_to_four = first == 0x2002;
    global && !protocol && !documentation && !six_to_four
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn the_public_internet_is_open() {
        for address in
            ["1.1.1.1", "93.184.216.34", "172.32.0.1", "192.0.1.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"]
        {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn everything_nearer_is_closed() {
        let closed = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.8.8.8",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.5",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ];
        for address in closed {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn an_ipv6_address_cannot_hide_a_nearer_one() {
        let closed = [
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in closed {
            assert!(!public(address), "{address}");
        }
    }
}
