// A chat in the terminal: what others say is printed, each line that is typed is said.
//
//   node chat.mjs http://localhost:8080/ lobby Ann
//
// Node 20 has neither WebSocket nor EventSource. With the package ws there is a WebSocket; without it the client uses an
// event stream, which it reads with fetch, or long polling. Node 22 needs no package.
import { createInterface } from "node:readline";
import { createClient } from "@caller-chat/client";

const [baseUrl = "http://localhost:8080/", room = "lobby", name = "Node"] = process.argv.slice(2);
const ws = await import("ws").catch(() => undefined);

const client = createClient({
  baseUrl,
  room,
  name,
  session: null, // there is none yet; a program that runs again keeps what the event "session" brings
  tokens: true, // a program has no cookies
  ...(ws && { env: { socket: (url, headers) => new ws.WebSocket(url, { headers }) } }),
});

client.on("message", ({ from, text }) => console.log(`${from.name}: ${text}`));
client.on("state", ({ status, transport = "" }) => console.error(`* ${status} ${transport}`));
client.on("final", ({ detail }) => {
  console.error(`* the end: ${detail}`);
  process.exitCode = 1;
});

const input = createInterface({ input: process.stdin });
input.on("line", (line) => line.trim() && client.post(line));
input.on("close", leave);

// Leaves when everything that was typed is in the room.
function leave() {
  const done = () => client.posts.every(({ state }) => state === "refused") && client.leave();
  client.on("posts", done);
  done();
}

client.start();
