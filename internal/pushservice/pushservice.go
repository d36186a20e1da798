// Package pushservice is a push service for tests, as a browser's maker runs one: it takes what
// RFC 8030 says, checks its signature by RFC 8292, and decrypts it as the browser would, by RFC
// 8291. It speaks HTTP on loopback, and knows nothing of Caller.
package pushservice

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Push is one that was taken.
type Push struct {
	// Browser is whose it is.
	Browser *Browser
	// Text is what the browser's service worker gets.
	Text string
	// TTL is in seconds.
	TTL     int
	Urgency string
	// Length is how long the body was, in bytes.
	Length int
}

// Service is a running push service. Close it when done.
type Service struct {
	http *httptest.Server

	mu       sync.Mutex // protects following
	browsers map[string]*Browser
	answers  []Answer
	pushes   chan Push
	asked    int
	faults   []error
}

// Answer is what the service answers with instead of taking a push.
type Answer struct {
	Status int
	// RetryAfter is a header; empty for none.
	RetryAfter string
}

// Browser is one that has subscribed.
type Browser struct {
	service *Service
	path    string
	private *ecdh.PrivateKey
	secret  [16]byte
	// Key is the public key of the only server that it takes pushes from, in base64url.
	Key string
}

// Start begins to serve.
func Start() *Service {
	s := &Service{browsers: map[string]*Browser{}, pushes: make(chan Push, 1000)}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// Close ends it.
func (s *Service) Close() { s.http.Close() }

// Subscribe is a browser that takes pushes signed with that key.
func (s *Service) Subscribe(key string) *Browser {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	b := &Browser{service: s, path: "/push/" + rand.Text(), private: private, Key: key}
	_, _ = rand.Read(b.secret[:]) // never fails (crypto/rand)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers[b.path] = b
	return b
}

// Endpoint is where its pushes go.
func (b *Browser) Endpoint() string { return b.service.http.URL + b.path }

// Subscription is what the browser gives its page: a PushSubscription as JSON, with more fields if
// there are any.
func (b *Browser) Subscription(more map[string]any) string {
	fields := map[string]any{
		"endpoint": b.Endpoint(), "expirationTime": nil,
		"keys": map[string]string{
			"p256dh": base64.RawURLEncoding.EncodeToString(b.private.PublicKey().Bytes()),
			"auth":   base64.RawURLEncoding.EncodeToString(b.secret[:]),
		},
	}
	for name, value := range more {
		fields[name] = value
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err) // plain fields
	}
	return string(text)
}

// Unsubscribe makes the service answer 410 for it from now on.
func (b *Browser) Unsubscribe() {
	b.service.mu.Lock()
	defer b.service.mu.Unlock()
	delete(b.service.browsers, b.path)
}

// Answer has the next pushes answered so, one by one, before others are taken.
func (s *Service) Answer(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, answers...)
}

// Pushes are those that were taken, in their order.
func (s *Service) Pushes() <-chan Push { return s.pushes }

// Asked is how many requests have come.
func (s *Service) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// Faults are what was wrong with requests.
func (s *Service) Faults() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.faults...)
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if len(s.answers) > 0 {
		answer := s.answers[0]
		s.answers = s.answers[1:]
		if answer.RetryAfter != "" {
			w.Header().Set("Retry-After", answer.RetryAfter)
		}
		w.WriteHeader(answer.Status)
		return
	}
	b := s.browsers[r.URL.Path]
	if b == nil {
		w.WriteHeader(http.StatusGone)
		return
	}
	push, err := b.take(r)
	if err != nil {
		s.faults = append(s.faults, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.pushes <- push
	w.WriteHeader(http.StatusCreated)
}

// take is a request as the service and then the browser see it.
func (b *Browser) take(r *http.Request) (Push, error) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Encoding") != "aes128gcm" {
		return Push{}, errors.New("want a POST of aes128gcm")
	}
	if err := b.checkSignature(r.Header.Get("Authorization")); err != nil {
		return Push{}, fmt.Errorf("its signature: %w", err)
	}
	ttl, err := strconv.Atoi(r.Header.Get("TTL"))
	if err != nil {
		return Push{}, fmt.Errorf("TTL: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 4097))
	if err != nil || len(body) > 4096 {
		return Push{}, fmt.Errorf("a body of %d bytes: %w", len(body), err)
	}
	text, err := b.decrypt(body)
	if err != nil {
		return Push{}, fmt.Errorf("decrypt: %w", err)
	}
	return Push{Browser: b, Text: text, TTL: ttl, Urgency: r.Header.Get("Urgency"), Length: len(body)}, nil
}

// checkSignature is RFC 8292: a JSON Web Token by ES256, by the key that the browser has subscribed
// with.
func (b *Browser) checkSignature(header string) error {
	parameters, ok := strings.CutPrefix(header, "vapid ")
	if !ok {
		return errors.New("the scheme is not vapid")
	}
	var token, key string
	for part := range strings.SplitSeq(parameters, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			token = value
		case "k":
			key = value
		}
	}
	if key != b.Key {
		return fmt.Errorf("the key is %q, and the browser's is %q", key, b.Key)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return errors.New("no token")
	}
	point, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return fmt.Errorf("the key: %w", err)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return fmt.Errorf("the key: %w", err)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return errors.New("the signature has no form")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	x, y := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if !ecdsa.Verify(public, sum[:], x, y) {
		return errors.New("it is not by that key")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return fmt.Errorf("the claims: %w", err)
	}
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		return fmt.Errorf("the claims: %w", err)
	}
	left := time.Until(time.Unix(claims.Exp, 0))
	switch {
	case claims.Aud != b.service.http.URL:
		return fmt.Errorf("it is for %q", claims.Aud)
	case !strings.HasPrefix(claims.Sub, "mailto:") && !strings.HasPrefix(claims.Sub, "https:"), strings.Count(claims.Sub, "mailto:") > 1:
		return fmt.Errorf("its subject is %q", claims.Sub)
	case left <= 0 || left > 24*time.Hour:
		return fmt.Errorf("it is good for %v", left)
	}
	return nil
}

// decrypt is RFC 8291 with the one record of RFC 8188.
func (b *Browser) decrypt(body []byte) (string, error) {
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		return "", errors.New("the header is not whole")
	}
	salt, size, point, sealed := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:21+int(body[20])], body[21+int(body[20]):]
	if len(sealed) > int(size) {
		return "", fmt.Errorf("a record of %d bytes, where %d are said", len(sealed), size)
	}
	theirs, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return "", fmt.Errorf("the sender's key: %w", err)
	}
	shared, err := b.private.ECDH(theirs)
	if err != nil {
		return "", fmt.Errorf("the shared secret: %w", err)
	}
	info := "WebPush: info\x00" + string(b.private.PublicKey().Bytes()) + string(point)
	ikm, err := hkdf.Key(sha256.New, shared, b.secret[:], info, 32)
	if err != nil {
		return "", err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return "", err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	text, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil {
		return "", err
	}
	said, padded := strings.CutSuffix(strings.TrimRight(string(text), "\x00"), "\x02")
	if !padded {
		return "", errors.New("the padding does not end it")
	}
	return said, nil
}
