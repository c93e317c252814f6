package authn

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
)

// Everything that the internet routes is in 2000::/3 or in IPv4, and outside
// these: iana.org/assignments/iana-ipv4-special-registry and -ipv6-.
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

// public reports whether an address is one of the internet's. IPv6 forms that
// carry an IPv4 address (mapped, NAT64, 6to4, Teredo) are not, whichever it is.
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

// guardedClient reaches public addresses only. It looks at the address that it
// connects to, after names are resolved, so that no name can point it inward;
// and it uses no proxy, which would resolve names itself.
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
