#!/usr/bin/python3
"""conversation.py URL: talks in a room over Autobahn's own WebSocket client, which judges every frame that it gets.

It posts at once, in fragments and in other scripts, with pings meanwhile, and closes. Then it prints one line of JSON
with what it saw. It exits with 1 when the server has not done what it should.
"""

import asyncio
import json
import sys
from urllib.parse import urlsplit

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol

TEXTS = ["hello", "κόσμε привет 你好 🎉", "x" * 125, "y" * 126, "z" * 4000, "é" * 2000]
PATIENCE = 60  # seconds, for all of it


class Talker(WebSocketClientProtocol):
    def onOpen(self):
        self.seen = {"events": 0, "acks": [], "texts": [], "pongs": []}
        self.pings = []

    def onMessage(self, payload, isBinary):
        assert not isBinary
        event = json.loads(payload.decode("utf-8"))
        self.seen["events"] += 1
        if event["type"] == "live":
            self.talk()
        elif event["type"] == "ack":
            self.seen["acks"].append(event["key"])
        elif event["type"] == "message":
            self.seen["texts"].append(event["text"])
        elif event["type"] == "error":
            raise AssertionError(event)
        self.perhapsEnd()

    def talk(self):
        for i, text in enumerate(TEXTS):
            command = json.dumps({"type": "post", "key": f"k{i}", "text": text}, ensure_ascii=i % 2 == 0).encode("utf-8")
            # Every other one in fragments, which part letters of more than one byte, too.
            self.sendMessage(command, fragmentSize=7 if i % 2 else None)
            payload = bytes([i]) * (i * 25)
            self.pings.append(payload)
            self.sendPing(payload)

    def onPong(self, payload):
        self.seen["pongs"].append(len(payload))
        assert payload == self.pings[len(self.seen["pongs"]) - 1]
        self.perhapsEnd()

    def perhapsEnd(self):
        if [len(self.seen[what]) for what in ("acks", "texts", "pongs")] == [len(TEXTS)] * 3:
            self.sendClose(1000, "all said")

    def onClose(self, wasClean, code, reason):
        self.factory.done.set_result((wasClean, code, getattr(self, "seen", None), reason))


async def main(url):
    loop = asyncio.get_running_loop()
    factory = WebSocketClientFactory(url)
    factory.protocol = Talker
    factory.done = loop.create_future()
    factory.setProtocolOptions(failByDrop=False, openHandshakeTimeout=PATIENCE, closeHandshakeTimeout=PATIENCE)
    at = urlsplit(url)
    await loop.create_connection(factory, at.hostname, at.port)
    clean, code, seen, reason = await asyncio.wait_for(factory.done, PATIENCE)
    said = seen["texts"] == TEXTS and seen["acks"] == [f"k{i}" for i in range(len(TEXTS))]
    print(json.dumps({"clean": clean, "code": code, "reason": reason, "events": seen["events"], "all said": said}))
    sys.exit(0 if clean and code == 1000 and said else 1)


asyncio.run(main(sys.argv[1]))
