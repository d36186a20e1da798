# Varnish 6 or newer in front of two Caller nodes, and behind what does TLS: haproxy.cfg with Varnish's address in place
# of the nodes'. What to replace in it is in docs/deploy.md.
vcl 4.1;

import directors;

probe ready {
    .url = "/readyz";
    .interval = 1s;
    .timeout = 2s;
    .window = 1;
    .threshold = 1;
    .initial = 1;
}

# Something is sent every 15 s, and a poll is held for up to 60 s: longer silence is a node that is gone.
backend one {
    .host = "127.0.0.1";
    .port = "8081";
    .probe = ready;
    .connect_timeout = 2s;
    .first_byte_timeout = 75s;
    .between_bytes_timeout = 75s;
}
backend two {
    .host = "127.0.0.1";
    .port = "8082";
    .probe = ready;
    .connect_timeout = 2s;
    .first_byte_timeout = 75s;
    .between_bytes_timeout = 75s;
}

sub vcl_init {
    new caller = directors.round_robin();
    caller.add_backend(one);
    caller.add_backend(two);
}

sub vcl_recv {
    set req.backend_hint = caller.backend();
    # Varnish has added the proxy's address to X-Forwarded-For, which Caller is told to trust.
    if (req.http.Upgrade ~ "(?i)^websocket$") {
        return (pipe);
    }
    # Files with a hash in their name are the same for everybody and for ever. All else is somebody's own, or a stream.
    if (req.method == "GET" && req.url ~ "^/chat/assets/") {
        unset req.http.Cookie;
        return (hash);
    }
    return (pass);
}

sub vcl_pipe {
    # Varnish drops these otherwise, and the node sees no WebSocket.
    set bereq.http.Upgrade = req.http.Upgrade;
    set bereq.http.Connection = req.http.Connection;
}

sub vcl_backend_error {
    # A node that has just gone: the other one is asked. A post is not sent twice, and answered 503: clients send it again
    # under its key.
    if (bereq.retries == 0 && bereq.method ~ "^(GET|HEAD)$") {
        return (retry);
    }
}
