#!/usr/bin/env python3
"""A chat in the terminal over a WebSocket, with Python's standard library alone, written from docs/protocol.md.

    python3 chat.py http://localhost:8080 lobby Pia

What others say is printed, each line that is typed is said. When the connection breaks it comes back, goes on from the last
message it has, and sends again, under its key, what was not acknowledged.
"""

import base64
import collections
import json
import os
import secrets
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import urllib.request

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class WebSocket:
    """The client's part of RFC 6455, for messages that are text in one frame, as Caller sends them."""

    def __init__(self, url, headers):
        at = urllib.parse.urlsplit(url)
        port = at.port or (443 if at.scheme == "https" else 80)
        sock = socket.create_connection((at.hostname, port), timeout=10)
        if at.scheme == "https":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=at.hostname)
        self.sock, self.sending = sock, threading.Lock()
        self.input = sock.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {at.path}?{at.query} HTTP/1.1", f"Host: {at.netloc}", "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        status = self.input.readline().decode().strip()
        while self.input.readline() not in (b"\r\n", b""):
            pass
        if " 101 " not in status:
            raise ConnectionError(status)
        sock.settimeout(40)  # a heartbeat comes every 15 s: two missed and more is a dead connection

    def send(self, payload, opcode=TEXT):
        size, mask = len(payload), os.urandom(4)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        else:  # Caller takes no more than 65,536 bytes
            head += bytes([0x80 | 126]) + struct.pack("!H", size)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        with self.sending:
            self.sock.sendall(head + mask + masked)

    def receive(self):
        """The next message; ConnectionError with the code when the server closes."""
        while True:
            first, second = self._read(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", self._read(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self._read(8))
            payload, opcode = self._read(size), first & 0x0F
            if opcode == TEXT:
                return payload.decode()
            if opcode == PING:
                self.send(payload, PONG)
            if opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
                raise Closed(code, payload[2:].decode())

    def close(self):
        self.sock.close()

    def _read(self, size):
        data = self.input.read(size)
        if len(data) < size:
            raise ConnectionError("the connection broke")
        return data


class Closed(ConnectionError):
    """The server has closed the connection."""


class Room:
    """One room: what is to be said until it is acknowledged, and where to go on."""

    def __init__(self, base, room, name):
        self.base = base.rstrip("/")
        self.path = f"{self.base}/rooms/{urllib.parse.quote(room, safe='')}"
        self.name, self.token, self.cursor = name, None, None
        self.posts = collections.OrderedDict()  # by key: the order in which they were typed
        self.changed = threading.Condition()  # guards posts and socket
        self.socket = None

    def sign_in(self):
        request = urllib.request.Request(f"{self.base}/session", json.dumps({"name": self.name}).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            self.token = json.load(answer)["token"]

    def run(self):
        """Connects, again and again, until the server says not to come back."""
        while True:
            try:
                if self.token is None:
                    self.sign_in()
                self.connect()
            except Closed as end:
                if end.args[0] == 1000:
                    return
                if end.args[0] == 4003:
                    raise
                if end.args[0] == 4001:
                    self.token = None
                print(f"* closed: {end}", file=sys.stderr)
            except OSError as error:  # urllib's errors and ConnectionError are of it
                print(f"* {error}", file=sys.stderr)
            time.sleep(0.5 + secrets.randbelow(1000) / 1000)  # not all at once after a restart

    def connect(self):
        after = "" if self.cursor is None else "after=" + self.cursor
        connection = WebSocket(f"{self.path}/ws?{after}", {"Authorization": f"Bearer {self.token}"})
        try:
            while True:
                self.event(connection, json.loads(connection.receive()))
        finally:
            with self.changed:
                self.socket = None
            connection.close()

    def event(self, connection, event):
        kind = event["type"]
        if kind == "message":
            print(f"{event['from']['name']}: {event['text']}", flush=True)
        if kind in ("message", "live") or "id" in event and kind != "ack":
            self.cursor = event.get("id") or event["cursor"]
        if kind == "reset":
            print("* some older messages are no longer kept", flush=True)
        if kind == "live":
            print("* live", file=sys.stderr, flush=True)
            with self.changed:
                self.socket = connection
                self.changed.notify_all()
                self.send_first()
        if kind == "ack" or kind == "error" and "key" in event:
            self.answered(event)

    def answered(self, event):
        if "retryAfter" in event:  # not now, but the post is good: it stays the first
            threading.Timer(event["retryAfter"], self.again).start()
            return
        if event["type"] == "error":
            print(f"* refused: {event.get('detail', event['title'])}", file=sys.stderr, flush=True)
        with self.changed:
            self.posts.pop(event["key"], None)
            self.changed.notify_all()
            self.send_first()

    def again(self):
        with self.changed:
            self.send_first()

    def send_first(self):
        """Sends the oldest post; the next one goes when this one is acknowledged, so that they keep their order."""
        for key, text in self.posts.items():
            self.command(type="post", key=key, text=text)
            return

    def command(self, **fields):
        if self.socket is None:
            return  # it goes out when we are live again
        try:
            self.socket.send(json.dumps(fields).encode())
        except OSError:
            self.socket = None  # the reader sees it too, and connects again

    def post(self, text):
        with self.changed:
            self.posts[secrets.token_hex(16)] = text
            if len(self.posts) == 1:
                self.send_first()

    def leave(self):
        """Leaves when all that was typed is in the room."""
        with self.changed:
            self.changed.wait_for(lambda: not self.posts and self.socket)
            self.command(type="leave")


def main():
    base, room, name = sys.argv[1:] or ["http://localhost:8080", "lobby", "Pia"]
    chat = Room(base, room, name)

    def read():
        for line in sys.stdin:
            if line.strip():
                chat.post(line.rstrip("\n"))
        chat.leave()

    threading.Thread(target=read, daemon=True).start()
    chat.run()


if __name__ == "__main__":
    main()
