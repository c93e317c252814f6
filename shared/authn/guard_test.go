package authn

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestOnlyPublicAddressesAreReached(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "172.15.0.1": true, "172.32.0.1": true, "100.63.255.255": true,
		"100.128.0.0": true, "192.0.1.1": true, "223.255.255.255": true,
		"2606:4700::1111": true, "2a00:1450:4001:80b::200e": true,

		"0.0.0.0": false, "0.1.2.3": false, "127.0.0.1": false, "127.255.255.254": false, // this host
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, // private
		"100.64.0.1": false, "100.127.255.255": false, "100.100.100.200": false, // carrier-grade NAT
		"169.254.169.254": false, "169.254.0.1": false, // link-local and metadata
		"192.0.0.192": false, "192.0.2.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"192.88.99.1": false, "224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false,
		"fc00::1": false, "fd00:ec2::254": false, // unique local and metadata
		"::ffff:127.0.0.1": false, "::ffff:8.8.8.8": false, "::ffff:169.254.169.254": false, // IPv4-mapped
		"::127.0.0.1": false, "::ffff:0:127.0.0.1": false, // IPv4-compatible and translated
		"2002:7f00:1::": false, "2002:a9fe:a9fe::1": false, // 6to4
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::1": false, // NAT64
		"2001::1": false, "2001:0:4136:e378:8000:63bf:3fff:fdd2": false, // Teredo
		"2001:db8::1": false, "3fff::1": false, "100::1": false, "5f00::1": false, "4000::1": false,
		"2606:4700::1111%eth0": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("public(%s) is %v", address, got)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestGuardedClientDoesNotReachLoopback(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	byName := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for _, address := range []string{server.URL, byName} {
		_, err := fetchKeySet(t.Context(), restrict(guardedClient()), address)
		if err == nil || !strings.Contains(err.Error(), "is not a public address") {
			t.Errorf("%s: got %v", address, err)
		}
	}
}

func TestRefuseInwardLooksAtTheAddressDialled(t *testing.T) {
	t.Parallel()
	for address, refused := range map[string]bool{
		"8.8.8.8:443": false, "[2606:4700::1111]:443": false,
		"127.0.0.1:443": true, "[::1]:443": true, "[fe80::1%eth0]:443": true, "localhost:443": true, "": true,
	} {
		if err := refuseInward("tcp", address, nil); (err != nil) != refused {
			t.Errorf("%s: got %v", address, err)
		}
	}
}
