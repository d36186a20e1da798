package main

import "github.com/alecthomas/kong"

// helpTexts say what each setting is, by its flag, for --help and for the README's table, which a
// test compares.
// A default stands at the end.
func helpTexts() kong.Vars {
	return kong.Vars{
		"help_addr": "Where to listen. Port 0 takes a free port. Default: :8080.",
		"help_redis_url": "The Redis that keeps the rooms: redis://, rediss:// (TLS), unix://, redis+sentinel:// or " +
			"redis+cluster://. Without it, the program keeps them itself until it ends.",
		"help_redis_addr":    "The same, by host and port alone. If both are set in the same way, --redis-url is used.",
		"help_history_limit": "How many messages to keep in each room. Default: 100.",
		"help_history_ttl":   "How long to keep a room's messages after the last one, as 90m or 24h. Default: 24h.",
		"help_keep_after_close": "How long to keep them at most after the last member has left. 0 deletes them at once. " +
			"Default: as --history-ttl.",
		"help_wait_replicas": "How many replicas of Redis must have a message before it is acknowledged. With 1, no " +
			"acknowledged message is lost when a replica takes over. Default: 0.",
		"help_heartbeat": "How often to send something on a quiet stream. It must be less than the time after which " +
			"proxies cut one. Default: 15s.",
		"help_session_key": "The key that signs sessions: 32 characters or more, the same on all nodes. Other users of " +
			"the machine can see flags: use the variable. Default: shared in Redis.",
		"help_trusted_origin": "Another site, as https://example.org, whose pages may use this server as their users. Can be " +
			"repeated.",
		"help_trusted_proxy": "A proxy, as 10.0.0.0/8, whose X-Forwarded headers are used. Can be repeated.",
		"help_limits": "How often one client may do what: off for no limits, or those to change, as " +
			"messages=200/10,joins=off. caller --help says what each limit is.",
		"help_max_connections": "How many connections to have open. Further ones are refused. 0 is any number. Default: 50000.",
		"help_max_rooms":       "How many rooms to have open at the same time. Others can't be joined then. 0 is any number. Default: 20000.",
		"help_max_memory": "How much memory to use, as 512MB or 4GB. When it is full, those who are there go on, and nobody " +
			"new comes in. Default: three quarters of the machine's.",
		"help_post_rate": "The same as --limits messages=BURST/N, with five seconds' worth at once. 0 leaves it to --limits. Default: 0.",
		"help_host": "A name by which the program is asked, as chat.example.org. Other names are refused, but for localhost " +
			"and addresses. Can be repeated; * is any. Default: the names of --acme-domain, else any, or on a private --addr " +
			"those that nobody can own.",
		"help_base_path": "The path below which the chat is, as /chat, when it is part of a bigger site.",
		"help_tls_cert": "A file with a certificate and those of its issuers, in PEM. The program then serves HTTPS. " +
			"It reads the file again when it changes.",
		"help_tls_key":       "The file with the certificate's key, in PEM.",
		"help_http_redirect": "Where to listen for plain HTTP as well and redirect to HTTPS. Usually :80.",
		"help_hsts": "How long browsers must use HTTPS, as 8760h (Strict-Transport-Security). 0 sends no such " +
			"header. It can't be taken back before it is over. Default: 4320h for names of --host and --acme-domain.",
		"help_acme_domain": "A name of this server. The program gets a certificate for it and serves HTTPS. You agree to " +
			"the issuer's terms. Can be repeated.",
		"help_acme_email": "The address that the certificate's issuer can write to.",
		"help_acme_cache": "The directory for certificates and their keys. --acme-domain needs it, because issuers limit " +
			"how many they give.",
		"help_acme_directory": "The URL of the issuer's ACME directory. Default: Let's Encrypt's.",
		"help_livekit_url": "A LiveKit server, as wss://livekit.example.org. Rooms then have voice and video calls. It " +
			"needs --livekit-api-key and --livekit-api-secret.",
		"help_livekit_api_key":    "An API key of the LiveKit server.",
		"help_livekit_api_secret": "The API key's secret. Other users of the machine can see flags: use the variable.",
		"help_livekit_public_url": "The URL at which browsers reach the LiveKit server. Default: as --livekit-url.",
		"help_livekit_room_prefix": "What rooms' names in LiveKit begin with. It ends with : or ~. Two Callers that share a " +
			"LiveKit server need different ones. Default: caller:.",
		"help_push_subject": "Whom push services can reach about this server: mailto:ops@example.org or an https:// URL. Browsers " +
			"can then be told of mentions while the page is closed.",
		"help_push_key": "The private VAPID key for pushes, in base64url. With another one, browsers have to subscribe anew. Other " +
			"users of the machine can see flags: use the variable. Default: made once and kept in Redis.",
		"help_push_allow_private": "Send pushes also to addresses that are not public, and over HTTP. Only for tests: anybody could " +
			"have the program ask your internal servers.",
		"help_mcp": "on lets agents into rooms by the Model Context Protocol, at /mcp, with a program's access token. docs/mcp.md says more. Default: off.",
		"help_webhook": "An address that is told what happens in all rooms; may be given several times. All nodes need the same ones. " +
			"docs/webhooks.md says what is sent.",
		"help_webhook_secret": "What --webhook's requests are signed with: whsec_ and base64 of 24 to 64 bytes. Several with commas between " +
			"them all sign, so that one can take another's place. Other users of the machine can see flags: use the variable or a file.",
		"help_webhook_secret_file": "A file with such secrets, one a line.",
		"help_webhook_events": "What --webhook is told of: some of message, edit, delete, reaction, joined, left, room.opened, " +
			"room.closed. Default: message,edit,delete.",
		"help_webhook_allow_private": "Let rooms' webhooks be at addresses that are not public, and over HTTP. Owners of rooms could then " +
			"have the program ask your internal servers. --webhook's own addresses may be anywhere.",
		"help_webhook_give_up": "How old something gets that a webhook does not take, before it is put aside (GET /api/webhooks/dead of the " +
			"admin listener). Default: 24h.",
		"help_link_previews": "on shows what is behind the first link of a message. This server then asks other servers for what people " +
			"write, at public addresses only. docs/links.md says more. Default: off.",
		"help_files": "Where to keep the files that people send: file:///FOLDER, s3://BUCKET?endpoint=URL&region=REGION, mem:// or off. " +
			"docs/files.md says more. Default: a new folder for temporary files, until the program ends.",
		"help_file_size": "How large one file may be, as 500KB, 100MB or 2GB. Default: 100MB.",
		"help_files_scan": "A program that looks into each file before anybody is shown it, with its arguments, as clamdscan --no-summary -. " +
			"docs/files.md says what it is given and has to answer.",
		"help_room_files": "How much all files of a room may have together. Default: 1GB.",
		"help_site_jwt_secret": "The secret that the site which embeds this chat signs its users' tokens with (HS256): 32 characters or " +
			"more. Other users of the machine can see flags: use the variable or the file.",
		"help_site_jwt_secret_file": "A file with that secret. Each line is one, so that a new secret can take an old one's place.",
		"help_site_jwks": "Where that site publishes its public keys as a JSON Web Key Set instead, as " +
			"https://example.org/.well-known/jwks.json (RS256, ES256, EdDSA).",
		"help_site_audience": "The audience (aud) that the site's tokens must have. Default: caller.",
		"help_site_issuer":   "The issuer (iss) that they must have. Without it, any will do.",
		"help_public_url": "Where browsers have this chat, as https://chat.example.org, with the base path if there is one. " +
			"Its host is served as one of --host is. " +
			"--oidc-issuer needs it.",
		"help_oidc_issuer": "A sign-in service (OpenID Connect), as https://login.example.org. People can then sign in there. It needs " +
			"--oidc-client-id and --public-url.",
		"help_oidc_client_id": "What the service knows this chat by.",
		"help_oidc_client_secret": "The secret that it gave this chat. Other users of the machine can see flags: use the variable or " +
			"the file.",
		"help_oidc_client_secret_file": "A file with that secret.",
		"help_operator_token": "A token with which a program may do everything in all rooms, without limits: 32 characters or more. " +
			"Other users of the machine can see flags: use the variable or the file.",
		"help_operator_token_file": "A file with that token.",
		"help_admin_addr": "Where to listen for whoever runs the program: metrics, profiles, the admin API and its page. Without a host it is " +
			"this machine alone. It needs --admin-token. docs/admin.md says more. Default: not at all.",
		"help_admin_token": "The token that one needs there: 32 characters or more. Other users of the machine can see flags: use the " +
			"variable or the file.",
		"help_admin_token_file": "A file with that token.",
		"help_admin_host":       "A name by which browsers may ask there, beside addresses and localhost. Can be repeated.",
		"help_otlp_endpoint": "Where to send OpenTelemetry's traces of some posts by OTLP over HTTP, as http://127.0.0.1:4318. docs/metrics.md " +
			"says what is in them. Default: not at all.",
		"help_otlp_sample": "The share of posts that are traced, from 0 to 1. Default: 0.01.",
		"help_log_format":  "How to write the log: text or json. Default: text.",
		"help_log_level":   "What to write to the log: debug (every request), info, warn or error. Default: info.",
	}
}
