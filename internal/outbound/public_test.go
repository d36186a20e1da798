package outbound

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPublicAddresses(t *testing.T) {
	for _, address := range []string{"142.250.1.1", "2a00:1450::1", "1.1.1.1", "::ffff:8.8.8.8"} {
		assert.True(t, IsPublic(netip.MustParseAddr(address)), address)
	}
	for _, address := range []string{
		"127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
		"0.1.2.3", "255.255.255.255", "224.0.0.1", "240.0.0.1", "198.18.0.1", "192.0.0.1", "203.0.113.1",
		"::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
		"::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1",
	} {
		assert.False(t, IsPublic(netip.MustParseAddr(address)), address)
	}
}

func TestLocalNames(t *testing.T) {
	for _, host := range []string{
		"localhost", "LOCALHOST.", "a.localhost", "localhost.localdomain", "printer.local", "db.internal", "nas.home.arpa", "intranet", "2130706433",
		"127.1", "127.0.1.", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.0x1", "①②⑦.⓪.⓪.①", "",
	} {
		assert.True(t, IsLocalName(host), host)
	}
	for _, host := range []string{"example.org", "example.org.", "8.8.8.8", "2a00:1450::1", "1.example", "xn--e1afmkfd.xn--p1ai", "пример.рф", "a.0xyz.example"} {
		assert.False(t, IsLocalName(host), host)
	}
}
