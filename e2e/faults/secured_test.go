package faults

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// rights are what Caller may have to do in Redis, as docs/guarantees.md lists them.
var rights = []any{
	"~caller:*", "&caller:*", "+@connection", "+eval", "+evalsha", "+multi", "+exec", "+time", "+wait",
	"+publish", "+subscribe", "+unsubscribe", "+spublish", "+ssubscribe", "+sunsubscribe",
	"+get", "+set", "+setnx", "+del", "+pexpire", "+pttl", "+rpush", "+lindex", "+lrange", "+ltrim", "+llen", "+lset", "+lpop",
	"+hget", "+hmget", "+hgetall", "+hexists", "+hset", "+hdel", "+hlen", "+hkeys", "+hvals", "+hincrby", "+exists", "+pexpireat", "+scan",
	"+sadd", "+smembers", "+zadd", "+zrem", "+zremrangebyscore", "+zrange", "+zrangebyscore", "+zrevrangebyscore", "+zscore", "+zcard", "+zcount",
	"+xadd", "+xdel", "+xlen", "+xrange", "+xrevrange", "+xtrim",
}

// TestSecured serves from a Redis that takes TLS only, and an ACL user who may do what Caller has
// to, and no more.
func TestSecured(t *testing.T) {
	dir := t.TempDir()
	certificate, key, ca := makeCertificate(t, dir)
	port := harness.FreePort(t)
	server := harness.StartRedis(t, "--tls-port", fmt.Sprint(port), "--tls-cert-file", certificate, "--tls-key-file", key,
		"--tls-ca-cert-file", ca, "--tls-auth-clients", "no")
	server.Do(t, append([]any{"ACL", "SETUSER", "caller", "on", ">open:sesame@1"}, rights...)...)
	pool := x509.NewCertPool()
	authority, err := os.ReadFile(ca)
	require.NoError(t, err)
	require.True(t, pool.AppendCertsFromPEM(authority))
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool})
	require.NoError(t, err, "the server speaks TLS")
	require.NoError(t, conn.Close())

	t.Setenv("SSL_CERT_FILE", ca)
	var bases []string
	for range 2 {
		node := programs.Node(t, nodeArgs("rediss://caller:open%3Asesame%401@"+addr, "--history-limit", "300")...)
		bases = append(bases, node.URL)
		assert.NotContains(t, node.Output.String(), "sesame")
	}
	c := gather(t, bases, options{rooms: 2, people: 4, limit: 300, pause: 100 * time.Millisecond})
	require.NoError(t, c.recovers())
	time.Sleep(time.Second) // of chat
	server.Do(t, "CLIENT", "KILL", "TYPE", "pubsub")
	require.NoError(t, c.recovers())
	c.judge(t)
	assert.Empty(t, c.resets())
	assert.NotContains(t, fmt.Sprint(server.Do(t, "ACL", "LOG")), "caller", "the user was never refused anything")

	wrong := programs.StartNode(t, "--redis-url", "rediss://caller:wrong@"+addr)
	assert.Equal(t, 503, client.Do(t, "GET", wrong.URL+"/readyz", "").Status, "a wrong password")
	assert.NotContains(t, wrong.Output.String(), "wrong@")
	t.Setenv("SSL_CERT_FILE", "")
	stranger := programs.StartNode(t, "--redis-url", "rediss://caller:open%3Asesame%401@"+addr)
	assert.Equal(t, 503, client.Do(t, "GET", stranger.URL+"/readyz", "").Status, "a server whose certificate nobody vouches for")
}

// makeCertificate makes a certificate for 127.0.0.1 that vouches for itself.
func makeCertificate(t *testing.T, dir string) (certificate, key, ca string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "the tests' Redis"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		var b bytes.Buffer
		require.NoError(t, pem.Encode(&b, &pem.Block{Type: kind, Bytes: der}))
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
		return path
	}
	certificate = write("certificate.pem", "CERTIFICATE", der)
	return certificate, write("key.pem", "PRIVATE KEY", privateDER), certificate
}
