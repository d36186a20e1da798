package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// acme has certificates issued by the ACME protocol (RFC 8555). Who gives a domain agrees to the
// issuer's terms.
func (c config) acme(log *slog.Logger) (*encryption, error) {
	if err := writable(string(c.ACMECache)); err != nil {
		return nil, &settingError{fmt.Errorf("--acme-cache (CALLER_ACME_CACHE): %w", err)}
	}
	names := make([]string, 0, len(c.ACMEDomains))
	for _, name := range c.ACMEDomains {
		names = append(names, string(name))
	}
	manager := &autocert.Manager{
		Prompt: autocert.AcceptTOS, Email: c.ACMEEmail, Cache: autocert.DirCache(c.ACMECache),
		HostPolicy: autocert.HostWhitelist(names...),
		Client: &acme.Client{DirectoryURL: string(c.ACMEDirectory), UserAgent: "caller",
			HTTPClient: &http.Client{Transport: &ordered{next: http.DefaultTransport, orders: map[string]string{}}}},
	}
	logged := &expiryLogger{get: manager.GetCertificate, log: log, now: time.Now}
	e := &encryption{config: tlsConfig(logged.certificate), obtain: func() { obtain(names, logged.certificate, log) }}
	e.config.NextProtos = append(e.config.NextProtos, acme.ALPNProto) // the issuer's question by TLS-ALPN-01
	if c.HTTPRedirect != "" {
		e.challenged = func(rest http.Handler) http.Handler { return withoutPort(manager.HTTPHandler(rest), rest) }
	}
	return e, nil
}

// withoutPort hands an issuer's questions on under the host's name alone, which is what autocert
// compares: an issuer that does not ask on port 80 gives its port too.
func withoutPort(answer, rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/.well-known/acme-challenge/") {
			rest.ServeHTTP(w, r)
			return
		}
		asked := *r
		if host, _, err := net.SplitHostPort(r.Host); err == nil {
			asked.Host = host
		}
		answer.ServeHTTP(w, &asked)
	})
}

// obtain gets the certificates that are not in the cache, so that the first client does not wait
// for them: its handshake would end before an issuer is done. Nothing can interrupt it, since
// autocert can't be: it ends by its own time limit, or with the process.
func obtain(names []string, get certificateGetter, log *slog.Logger) {
	for _, name := range names {
		cert, err := get(&tls.ClientHelloInfo{
			ServerName: name, SupportedProtos: []string{"h2"},
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, // so that it is one for ECDSA
		})
		if err == nil {
			log.Info("there is a certificate", "names", cert.Leaf.DNSNames, "until", cert.Leaf.NotAfter)
		}
	}
}

// writable makes a directory for secrets, if it is not there, and tells why files can't be made in
// it.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}
