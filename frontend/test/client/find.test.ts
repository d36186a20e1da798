import { expect, test } from "vitest";
import { findMessages } from "../../src/client/find.ts";
import type { Cursor } from "../../src/client/index.ts";

const message = (n: number, text: string) => ({
  type: "message",
  roomId: "lobby",
  id: `${n}-00000001`,
  from: { id: "bob", name: "Bob" },
  text,
  time: "2026-11-24T12:04:31.005Z",
});

/** A server that answers everything so, and what it was asked. */
function answering(body: unknown, status = 200, type = "application/json") {
  const asked: { url: URL; headers: Headers }[] = [];
  const fetch = (url: RequestInfo | URL, init: RequestInit = {}) => {
    asked.push({ url: new URL(String(url)), headers: new Headers(init.headers) });
    const headers = { "Content-Type": type };
    return Promise.resolve(new Response(JSON.stringify(body), { status, headers }));
  };
  return { asked, env: { fetch } };
}

const options = { baseUrl: "http://host/chat/", room: "the room" };

test("asks for words, for whose, and for what was before; and reads the messages", async () => {
  const messages = [message(3, "tea?"), { type: "edit", id: "4-00000001" }, 5, message(7, "Tea!")];
  const { asked, env } = answering({ messages, more: true });
  const query = { text: "TEA & milk", from: "bob", before: "9-00000001" as Cursor };
  const session = { clientId: "me", name: "Ann", token: "secret" };
  const { result } = await findMessages({ session }, { ...options, env }, query);
  expect(result).toMatchObject({ messages: [messages[0], messages[3]], more: true });
  expect(result?.messages).toHaveLength(2);
  const [{ url, headers } = { url: new URL("http://nowhere/"), headers: new Headers() }] = asked;
  expect(url.pathname).toBe("/chat/rooms/the%20room/messages");
  expect(Object.fromEntries(url.searchParams)).toEqual({
    q: "TEA & milk",
    from: "bob",
    before: "9-00000001",
    limit: "100",
  });
  expect(headers.get("Authorization"), "a page has its cookie").toBe(null);
});

test("a program says who it is, and what is not asked for is not sent", async () => {
  const { asked, env } = answering({ messages: [] });
  const session = { clientId: "me", name: "Ann", token: "secret" };
  const all = { ...options, env, tokens: true };
  const { result } = await findMessages({ session }, all, { text: "tea", limit: 5 });
  expect(result).toEqual({ messages: [], more: false });
  expect(asked[0]?.url.search).toBe("?q=tea&limit=5");
  expect(asked[0]?.headers.get("Authorization")).toBe("Bearer secret");
});

test("says why there is no answer", async () => {
  const problem = { code: "invalid_field", title: "Invalid", field: "q", limit: 100 };
  const refusing = answering(problem, 422, "application/problem+json");
  const client = { session: null };
  const refused = await findMessages(client, { ...options, env: refusing.env }, { text: "x" });
  expect(refused.problem).toMatchObject({ ...problem, status: 422 });
  for (const body of [{ messages: 1 }, [], "tea"]) {
    const { env } = answering(body);
    const { problem } = await findMessages(client, { ...options, env }, { text: "x" });
    expect(problem?.code).toBe("no_answer");
  }
  const abort = new AbortController();
  const hanging = (_: RequestInfo | URL, { signal }: RequestInit = {}) =>
    new Promise<Response>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const env = { fetch: hanging };
  const waiting = findMessages(client, { ...options, env }, { text: "x" }, abort);
  abort.abort("enough");
  expect((await waiting).problem).toMatchObject({ code: "no_answer", detail: "enough" });
});
