//! Where a request comes from, behind proxies.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::HeaderName;
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address that a request comes from: the peer's, unless that is a trusted proxy. Each proxy adds the address of whom
/// it heard from at the end of `X-Forwarded-For`, so the last one there that is no trusted proxy is the client's. What
/// stands before it anybody may have written, and is not read.
///
/// `Forwarded` (RFC 7239) is not read: a proxy that sets one of the two passes the other on as the client sent it.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut address = peer.to_canonical();
    if !is_trusted(address) {
        return address;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    // Taken apart as bytes: a line is not passed over because of what the client wrote at its beginning.
    let hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for hop in hops {
        // What is no address (`unknown`) hides whom the proxy heard from; the proxy itself is the last one known.
        let Some(heard_from) = std::str::from_utf8(hop).ok().and_then(|hop| address_of(hop.trim())) else {
            break;
        };
        address = heard_from;
        if !is_trusted(address) {
            break;
        }
    }
    address
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address =
        bare.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn from(peer: &str, lines: &[&str]) -> String {
        let trusted: Vec<IpNet> =
            ["10.0.0.0/8", "fd00::/8", "127.0.0.1/32"].map(|network| network.parse().unwrap()).into();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_peer_that_is_no_proxy_is_believed_nothing() {
        assert_eq!(from("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(from("::ffff:192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn a_proxy_tells_whom_it_heard_from() {
        assert_eq!(from("10.1.1.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("::ffff:10.1.1.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("fd00::1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(from("10.1.1.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(from("10.1.1.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(from("10.1.1.1", &["[2001:db8::7]"]), "2001:db8::7");
    }

    #[test]
    fn what_a_client_wrote_itself_stands_before_what_the_proxy_added() {
        assert_eq!(from("10.1.1.1", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("10.1.1.1", &["203.0.113.9", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("10.1.1.1", &["10.9.9.9, 198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn bytes_that_are_no_text_hide_nothing_of_what_the_proxy_added() {
        let with_bytes = |line: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.append(FORWARDED_FOR, HeaderValue::from_static("203.0.113.9"));
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
            let trusted = ["10.0.0.0/8".parse().unwrap()];
            client_address("10.1.1.1".parse().unwrap(), &headers, &trusted).to_string()
        };
        assert_eq!(with_bytes(b"\xff, 198.51.100.7"), "198.51.100.7");
        assert_eq!(with_bytes(b"\xff"), "10.1.1.1");
    }

    #[test]
    fn proxies_behind_proxies_are_passed_over() {
        assert_eq!(from("10.1.1.1", &["198.51.100.7, 10.2.2.2, 10.3.3.3"]), "198.51.100.7");
        assert_eq!(from("10.1.1.1", &["198.51.100.7", "10.2.2.2"]), "198.51.100.7");
    }

    #[test]
    fn a_proxy_that_says_nothing_of_use_is_the_client_itself() {
        assert_eq!(from("10.1.1.1", &[]), "10.1.1.1");
        assert_eq!(from("10.1.1.1", &["10.2.2.2"]), "10.2.2.2");
        for hop in ["unknown", "", "_hidden", "198.51.100.7, unknown", "300.1.1.1"] {
            assert_eq!(from("10.1.1.1", &[hop]), "10.1.1.1", "{hop}");
        }
    }
}
