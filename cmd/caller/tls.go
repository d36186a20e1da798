package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"
)

// encryption is how a node serves HTTPS. Nil is plain HTTP.
type encryption struct {
	config *tls.Config
	// obtain fetches the certificates that are not there yet; nil where there are none to fetch.
	obtain func()
	// challenged answers on the port for plain HTTP what the certificates' issuer asks there; nil
	// for nothing.
	challenged func(rest http.Handler) http.Handler
}

// encryption is what the settings make of it; nil without any. Errors are of settings.
func (c config) encryption(log *slog.Logger) (*encryption, error) {
	switch {
	case c.TLSCert != "":
		files := &certificateFiles{cert: string(c.TLSCert), key: string(c.TLSKey), log: log, now: time.Now}
		if err := files.read(); err != nil {
			return nil, &settingError{err}
		}
		logged := &expiryLogger{get: files.get, log: log, now: time.Now}
		return &encryption{config: tlsConfig(logged.certificate)}, nil
	case len(c.ACMEDomains) > 0:
		return c.acme(log)
	default:
		return nil, nil
	}
}

// certificateGetter is [tls.Config.GetCertificate].
type certificateGetter = func(*tls.ClientHelloInfo) (*tls.Certificate, error)

// tlsConfig is the standard library's choice of ciphers, for HTTP/2 and HTTP/1.1. WebSockets come
// by the latter: net/http does not take them over HTTP/2 (RFC 8441), and says so to browsers, which
// then open a connection for each.
func tlsConfig(get certificateGetter) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: get}
}

// checkEvery is how often at most the files are checked for a renewal: it costs two system calls in
// a handshake.
const checkEvery = time.Second

// certificateFiles is a certificate and its key in files, which are read again when they have
// changed. A pair that does not fit is passed over: a renewal writes one file after the other.
type certificateFiles struct {
	cert, key string
	log       *slog.Logger
	now       func() time.Time

	mu      sync.Mutex // guards the following
	loaded  *tls.Certificate
	state   [2]fileState // of what was read last, whether it could be used or not
	checked time.Time
}

// fileState tells one content of a file from the next.
type fileState struct {
	modified time.Time
	size     int64
}

// get is a [certificateGetter]. It never fails: there is a certificate from the start.
func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.checked) >= checkEvery {
		f.checked = now
		if state, err := f.stat(); err != nil || state != f.state {
			f.renewLocked(state, err)
		}
	}
	return f.loaded, nil
}

func (f *certificateFiles) renewLocked(state [2]fileState, err error) {
	var renewed *tls.Certificate
	if err == nil {
		renewed, err = f.load()
	}
	if state == f.state { // the files are gone: say it once, and look on
		return
	}
	f.state = state
	if err != nil {
		f.log.Warn("the certificate's files have changed and can't be used: the old one is served on", "err", err)
		return
	}
	f.loaded = renewed
	f.log.Info("the certificate was read again", "names", renewed.Leaf.DNSNames, "until", renewed.Leaf.NotAfter)
}

// read reads the files for the first time.
func (f *certificateFiles) read() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	if f.state, err = f.stat(); err != nil {
		return err
	}
	f.checked = f.now()
	f.loaded, err = f.load()
	return err
}

// stat follows links: some tools replace those and not the files.
func (f *certificateFiles) stat() (state [2]fileState, err error) {
	for i, path := range []string{f.cert, f.key} {
		info, err := os.Stat(path)
		if err != nil {
			return state, f.named(i, err)
		}
		state[i] = fileState{info.ModTime(), info.Size()}
	}
	return state, nil
}

func (f *certificateFiles) load() (*tls.Certificate, error) {
	var content [2][]byte
	for i, path := range []string{f.cert, f.key} {
		var err error
		if content[i], err = os.ReadFile(path); err != nil {
			return nil, f.named(i, err)
		}
	}
	pair, err := tls.X509KeyPair(content[0], content[1])
	if err != nil {
		return nil, fmt.Errorf("--tls-cert (CALLER_TLS_CERT) and --tls-key (CALLER_TLS_KEY): %s and %s: %w", f.cert, f.key, err)
	}
	return &pair, nil
}

// named says which setting an error is about.
func (f *certificateFiles) named(i int, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = fmt.Errorf("%s: %w", path.Path, path.Err)
	}
	if i == 0 {
		return fmt.Errorf("--tls-cert (CALLER_TLS_CERT): %w", err)
	}
	return fmt.Errorf("--tls-key (CALLER_TLS_KEY): %w", err)
}

const (
	// sayEvery is how often the log repeats that there is no certificate, or one that has not been
	// renewed. Scanners make handshakes all the time.
	sayEvery = time.Hour
	// lateAfter is the part of a certificate's life after which it should have been renewed: the
	// usual time is after two thirds.
	lateAfter = 5.0 / 6
)

// expiryLogger says in the log what is wrong with the certificates that it passes on.
type expiryLogger struct {
	get certificateGetter
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex // guards the following
	said map[string]time.Time
}

func (w *expiryLogger) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert, err := w.get(hello)
	if err != nil {
		w.say(err.Error(), "no certificate", "name", hello.ServerName, "err", err)
		return nil, err
	}
	if leaf := cert.Leaf; leaf != nil && late(leaf, w.now()) {
		w.say(leaf.SerialNumber.String(), "the certificate has not been renewed", "names", leaf.DNSNames, "until", leaf.NotAfter)
	}
	return cert, nil
}

func late(leaf *x509.Certificate, now time.Time) bool {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	return now.After(leaf.NotBefore.Add(time.Duration(float64(life) * lateAfter)))
}

// maxSaid bounds what is remembered: the names in handshakes are anybody's.
const maxSaid = 100

func (w *expiryLogger) say(what, message string, args ...any) {
	w.mu.Lock()
	now := w.now()
	again := now.Sub(w.said[what]) < sayEvery
	if !again {
		if w.said == nil || len(w.said) >= maxSaid {
			w.said = make(map[string]time.Time)
		}
		w.said[what] = now
	}
	w.mu.Unlock()
	if !again {
		w.log.Warn(message, args...)
	}
}
