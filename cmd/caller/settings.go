package main

import (
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/lookalike"
	"github.com/caller-chat/caller/metrics"
	"github.com/caller-chat/caller/metrics/trace"
	"github.com/caller-chat/caller/redisstore"
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/transport/conn"
)

// settings are the flags of a server, and of the commands that look after one. The tag "from" names the variable that has the same setting;
// the types' own UnmarshalText methods (values.go) say what a right value is.
type settings struct {
	Addr address `default:":8080" from:"CALLER_ADDR" placeholder:"HOST:PORT"`

	RedisURL  redisURL `name:"redis-url" from:"REDIS_URL" placeholder:"URL"`
	RedisAddr hostPort `from:"REDIS_ADDR" placeholder:"HOST:PORT"`

	HistoryLimit   entries  `default:"100" from:"CALLER_HISTORY_LIMIT" placeholder:"N"`
	HistoryTTL     keeping  `name:"history-ttl" default:"24h" from:"CALLER_HISTORY_TTL" placeholder:"TIME"`
	KeepAfterClose *staying `from:"CALLER_KEEP_AFTER_CLOSE" placeholder:"TIME"`

	WaitReplicas replicas `default:"0" from:"CALLER_WAIT_REPLICAS" placeholder:"N"`

	Heartbeat  pulse  `default:"15s" from:"CALLER_HEARTBEAT" placeholder:"TIME"`
	SessionKey secret `from:"CALLER_SESSION_KEY" placeholder:"KEY"`

	TrustedOrigins []origin   `name:"trusted-origin" from:"CALLER_TRUSTED_ORIGIN" placeholder:"ORIGIN"`
	TrustedProxies []network  `name:"trusted-proxy" from:"CALLER_TRUSTED_PROXY" placeholder:"CIDR"`
	Limits         limitList  `from:"CALLER_LIMITS" placeholder:"off|NAME=BURST/RATE,…"`
	MaxConnections count      `default:"50000" from:"CALLER_MAX_CONNECTIONS" placeholder:"N"`
	MaxRooms       count      `default:"20000" from:"CALLER_MAX_ROOMS" placeholder:"N"`
	MaxMemory      memorySize `from:"CALLER_MAX_MEMORY" placeholder:"SIZE"`
	PostRate       perSecond  `default:"0" from:"CALLER_POST_RATE" placeholder:"N"`
	Hosts          []host     `name:"host" from:"CALLER_HOST" placeholder:"NAME"`
	BasePath       basePath   `from:"CALLER_BASE_PATH" placeholder:"/PATH"`

	TLSCert      file     `name:"tls-cert" from:"CALLER_TLS_CERT" placeholder:"FILE"`
	TLSKey       file     `name:"tls-key" from:"CALLER_TLS_KEY" placeholder:"FILE"`
	HTTPRedirect address  `name:"http-redirect" from:"CALLER_HTTP_REDIRECT" placeholder:"HOST:PORT"`
	HSTS         *staying `name:"hsts" from:"CALLER_HSTS" placeholder:"TIME"`

	ACMEDomains   []domain  `name:"acme-domain" from:"CALLER_ACME_DOMAIN" placeholder:"NAME"`
	ACMEEmail     string    `name:"acme-email" from:"CALLER_ACME_EMAIL" placeholder:"EMAIL"`
	ACMECache     file      `name:"acme-cache" from:"CALLER_ACME_CACHE" placeholder:"DIR"`
	ACMEDirectory directory `name:"acme-directory" default:"https://acme-v02.api.letsencrypt.org/directory" from:"CALLER_ACME_DIRECTORY" placeholder:"URL"`

	LiveKitURL        liveKitURL    `name:"livekit-url" from:"LIVEKIT_URL" placeholder:"URL"`
	LiveKitAPIKey     string        `name:"livekit-api-key" from:"LIVEKIT_API_KEY" placeholder:"KEY"`
	LiveKitAPISecret  liveKitSecret `name:"livekit-api-secret" from:"LIVEKIT_API_SECRET" placeholder:"SECRET"`
	LiveKitPublicURL  liveKitURL    `name:"livekit-public-url" from:"LIVEKIT_PUBLIC_URL" placeholder:"URL"`
	LiveKitRoomPrefix roomPrefix    `name:"livekit-room-prefix" default:"caller:" from:"LIVEKIT_ROOM_PREFIX" placeholder:"TEXT"`

	PushSubject      pushSubject `name:"push-subject" from:"CALLER_PUSH_SUBJECT" placeholder:"URL"`
	PushKey          pushKey     `name:"push-key" from:"CALLER_PUSH_KEY" placeholder:"KEY"`
	PushAllowPrivate bool        `name:"push-allow-private" from:"CALLER_PUSH_ALLOW_PRIVATE"`

	Webhooks            []webhookURL   `name:"webhook" from:"CALLER_WEBHOOK" placeholder:"URL"`
	WebhookSecret       webhookSecrets `name:"webhook-secret" from:"CALLER_WEBHOOK_SECRET" placeholder:"SECRET"`
	WebhookSecretFile   file           `name:"webhook-secret-file" from:"CALLER_WEBHOOK_SECRET_FILE" placeholder:"FILE"`
	WebhookEvents       webhookEvents  `name:"webhook-events" from:"CALLER_WEBHOOK_EVENTS" placeholder:"EVENT,…"`
	WebhookAllowPrivate bool           `name:"webhook-allow-private" from:"CALLER_WEBHOOK_ALLOW_PRIVATE"`
	WebhookGiveUp       giveUp         `name:"webhook-give-up" default:"24h" from:"CALLER_WEBHOOK_GIVE_UP" placeholder:"TIME"`

	LinkPreviews onOff `name:"link-previews" from:"CALLER_LINK_PREVIEWS" placeholder:"on|off"`

	MCP onOff `name:"mcp" from:"CALLER_MCP" placeholder:"on|off"`

	Files     filesURL    `name:"files" from:"CALLER_FILES" placeholder:"URL|off"`
	FileSize  fileSize    `name:"file-size" default:"100MB" from:"CALLER_FILE_SIZE" placeholder:"SIZE"`
	FilesScan scanCommand `name:"files-scan" from:"CALLER_FILES_SCAN" placeholder:"COMMAND"`
	RoomFiles fileSize    `name:"room-files" default:"1GB" from:"CALLER_ROOM_FILES" placeholder:"SIZE"`

	SiteSecret     secret      `name:"site-jwt-secret" from:"CALLER_SITE_JWT_SECRET" placeholder:"SECRET"`
	SiteSecretFile file        `name:"site-jwt-secret-file" from:"CALLER_SITE_JWT_SECRET_FILE" placeholder:"FILE"`
	SiteKeys       providerURL `name:"site-jwks" from:"CALLER_SITE_JWKS" placeholder:"URL"`
	SiteAudience   claimedText `name:"site-audience" default:"caller" from:"CALLER_SITE_AUDIENCE" placeholder:"TEXT"`
	SiteIssuer     claimedText `name:"site-issuer" from:"CALLER_SITE_ISSUER" placeholder:"TEXT"`

	PublicURL            publicURL    `name:"public-url" from:"CALLER_PUBLIC_URL" placeholder:"URL"`
	OIDCIssuer           providerURL  `name:"oidc-issuer" from:"CALLER_OIDC_ISSUER" placeholder:"URL"`
	OIDCClientID         claimedText  `name:"oidc-client-id" from:"CALLER_OIDC_CLIENT_ID" placeholder:"ID"`
	OIDCClientSecret     clientSecret `name:"oidc-client-secret" from:"CALLER_OIDC_CLIENT_SECRET" placeholder:"SECRET"`
	OIDCClientSecretFile file         `name:"oidc-client-secret-file" from:"CALLER_OIDC_CLIENT_SECRET_FILE" placeholder:"FILE"`

	OperatorToken     secret `from:"CALLER_OPERATOR_TOKEN" placeholder:"TOKEN"`
	OperatorTokenFile file   `from:"CALLER_OPERATOR_TOKEN_FILE" placeholder:"FILE"`

	AdminAddr      adminAddress `name:"admin-addr" from:"CALLER_ADMIN_ADDR" placeholder:"HOST:PORT"`
	AdminToken     secret       `name:"admin-token" from:"CALLER_ADMIN_TOKEN" placeholder:"TOKEN"`
	AdminTokenFile file         `name:"admin-token-file" from:"CALLER_ADMIN_TOKEN_FILE" placeholder:"FILE"`
	AdminHosts     []host       `name:"admin-host" from:"CALLER_ADMIN_HOST" placeholder:"NAME"`

	OTLPEndpoint otlpEndpoint `name:"otlp-endpoint" from:"CALLER_OTLP_ENDPOINT" placeholder:"URL"`
	OTLPSample   share        `name:"otlp-sample" default:"0.01" from:"CALLER_OTLP_SAMPLE" placeholder:"SHARE"`

	LogFormat format `default:"text" from:"CALLER_LOG_FORMAT" placeholder:"text|json"`
	LogLevel  level  `default:"info" from:"CALLER_LOG_LEVEL" placeholder:"LEVEL"`
}

// config is what the settings come to.
type config struct {
	settings

	// redis is the URL of the Redis to use; empty for the embedded one.
	redis string

	secrets secrets
	// idleAdminToken says that there is a token for the admin listener, and no such listener.
	idleAdminToken bool

	// metrics are who is told of what happens, for counting; nil for nobody.
	metrics *metrics.Metrics
	// tracer is who is told of the way of posts; nil for nobody.
	tracer *trace.Tracer
}

// fit tells which settings can't go together.
func (s *settings) fit() error {
	files, acme := s.TLSCert != "" || s.TLSKey != "", len(s.ACMEDomains) > 0
	switch {
	case files && acme:
		return errors.New("--tls-cert (CALLER_TLS_CERT) and --acme-domain (CALLER_ACME_DOMAIN) can't go together: certificates come from files or from an issuer")
	case files && s.TLSCert == "":
		return errors.New("--tls-key (CALLER_TLS_KEY) needs --tls-cert (CALLER_TLS_CERT)")
	case files && s.TLSKey == "":
		return errors.New("--tls-cert (CALLER_TLS_CERT) needs --tls-key (CALLER_TLS_KEY)")
	case acme && s.ACMECache == "":
		return errors.New("--acme-domain (CALLER_ACME_DOMAIN) needs --acme-cache (CALLER_ACME_CACHE), a directory to keep certificates in")
	case !acme && (s.ACMECache != "" || s.ACMEEmail != ""):
		return errors.New("--acme-cache (CALLER_ACME_CACHE) and --acme-email (CALLER_ACME_EMAIL) need --acme-domain (CALLER_ACME_DOMAIN)")
	case s.WaitReplicas > 0 && s.RedisURL == "" && s.RedisAddr == "":
		return errors.New("--wait-replicas (CALLER_WAIT_REPLICAS) needs --redis-url (REDIS_URL): without, there are no replicas to wait for")
	case s.HTTPRedirect != "" && !files && !acme:
		return errors.New("--http-redirect (CALLER_HTTP_REDIRECT) needs HTTPS: --tls-cert (CALLER_TLS_CERT) or --acme-domain (CALLER_ACME_DOMAIN)")
	}
	if _, err := s.limits(); err != nil {
		return err
	}
	if err := s.fitWebhooks(); err != nil {
		return err
	}
	if err := s.fitPush(); err != nil {
		return err
	}
	if err := s.fitFiles(); err != nil {
		return err
	}
	if err := s.fitSignIn(); err != nil {
		return err
	}
	if err := s.fitAdmin(); err != nil {
		return err
	}
	return s.fitCalls()
}

func (c config) logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.Level(c.LogLevel)}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

func (c config) store(log *slog.Logger) redisstore.Options {
	o := redisstore.Options{
		URL: c.redis, HistoryLimit: int(c.HistoryLimit), HistoryTTL: time.Duration(c.HistoryTTL),
		KeepAfterClose: (*time.Duration)(c.KeepAfterClose), WaitReplicas: int(c.WaitReplicas), Logger: log,
		WrapConn: conn.WrapPooled,
	}
	if c.metrics != nil {
		o.Observer = c.metrics.Store
	}
	return o
}

func (c config) node(policy chat.Counter, log *slog.Logger) chat.Options {
	o := chat.Options{
		Policy: policy, MaxRooms: int(c.MaxRooms), Shape: lookalike.Shape,
		HistoryLimit: int(c.HistoryLimit), HistoryTTL: time.Duration(c.HistoryTTL),
		Heartbeat: time.Duration(c.Heartbeat), Logger: log,
	}
	if c.metrics != nil {
		o.Observer = c.metrics.Core()
	}
	if c.tracer != nil {
		o.Policy = c.tracer.Policy(policy)
		o.Observer = chat.Observers(o.Observer, chat.Observer{Posts: c.tracer, Deliveries: c.tracer})
	}
	return o
}

func (c config) server(log *slog.Logger) server.Options {
	o := server.Options{
		Logger: log, BasePath: string(c.BasePath), HSTS: (*time.Duration)(c.HSTS), Private: c.Addr.isPrivate(),
		Site: c.site(), Operator: c.secrets.operator,
	}
	if c.metrics != nil {
		o.Observer = c.metrics.Requests
	}
	for _, v := range c.Hosts {
		o.Hosts = append(o.Hosts, string(v))
	}
	if public, err := url.Parse(string(c.PublicURL)); err == nil {
		o.PublicHost = public.Host
	}
	for _, v := range c.ACMEDomains {
		o.Hosts = append(o.Hosts, string(v))
	}
	if c.SessionKey != "" {
		o.SessionKey = []byte(c.SessionKey)
	}
	for _, v := range c.TrustedOrigins {
		o.TrustedOrigins = append(o.TrustedOrigins, string(v))
	}
	for _, v := range c.TrustedProxies {
		o.TrustedProxies = append(o.TrustedProxies, netip.Prefix(v))
	}
	return o
}
