package authn

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
)

// Public addresses are in 2000::/3 or in IPv4, and not in these blocks: iana.org/assignments/iana-ipv4-special-registry and -ipv6-.
var special = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local; 169.254.169.254 is the metadata server
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // IETF protocols
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
	"2001::/23",       // IETF protocols; Teredo carries IPv4
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4 carries IPv4
	"3fff::/20",       // documentation
)

var global = netip.MustParsePrefix("2000::/3")

// public reports whether an address is public. An IPv6 address that contains an
// IPv4 address (mapped, NAT64, 6to4, Teredo) never is.
func public(address netip.Addr) bool {
	if !address.Is4() && (address.Zone() != "" || !global.Contains(address)) {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}

// PublicClient returns a client that connects only to public addresses, follows no
// redirects and takes at most 5 seconds, for calls to an issuer.
func PublicClient() *http.Client { return restrict(guardedClient()) }

// guardedClient returns a client that connects only to public addresses. It checks
// the address after the name is resolved, so a name that resolves to an internal
// address does not help an attacker. It uses no proxy, because a proxy would resolve
// the name itself.
func guardedClient() *http.Client {
	dialer := &net.Dialer{Control: refuseInward}
	return &http.Client{Transport: &http.Transport{
		DialContext:            dialer.DialContext,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 64 << 10,
	}}
}

func refuseInward(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !public(target.Addr()) {
		return fmt.Errorf("%s is not a public address", address)
	}
	return nil
}

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}
