import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ClientOptions, createClient, type Decision, seqOf } from "../../src/client/index.ts";
import { FakeServer, MODES, type Mode, type Path } from "../fake_server.ts";
import { Random } from "../random.ts";

let server: FakeServer;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-24T12:00:00Z") });
  server = new FakeServer();
});

afterEach(() => {
  vi.useRealTimers();
});

function open(options: Partial<ClientOptions> = {}, seed = 1) {
  const random = new Random(seed);
  let keys = 0;
  const client = createClient({
    baseUrl: "http://host/chat/",
    room: "lobby",
    session: { clientId: "me", name: "Ann" },
    env: {
      fetch: server.fetch,
      socket: server.socket,
      random: random.next,
      key: () => `k-${++keys}`,
    },
    ...options,
  });
  const texts: string[] = [];
  const decisions: Decision[] = [];
  client.on("reset", () => texts.splice(0));
  client.on("message", (message) => texts.push(message.text));
  client.on("decision", (decision) => decisions.push(decision));
  return { client, texts, decisions };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("on an open network", () => {
  test("it is live over WebSocket at once, and tells the past and the present in order", async () => {
    server.post("before");
    const { client, texts } = open();
    client.start();
    await pass(100);
    expect(client.state).toMatchObject({ status: "live", transport: "ws", proven: false });
    server.post("after");
    await pass(1_500);
    expect(client.state.proven).toBe(true);
    expect(texts).toEqual(["before", "after"]);
    expect(server.opened.filter((t) => t !== "poll")).toEqual(["ws"]);
    client.close();
  });

  test("a post is acknowledged, seen once, and gone from the outbox", async () => {
    const { client, texts } = open();
    client.start();
    await pass(100);
    client.post("hello");
    expect(client.posts).toMatchObject([{ text: "hello", state: "waiting" }]);
    await pass(200);
    expect(texts).toEqual(["hello"]);
    expect(client.posts).toEqual([]);
    client.close();
  });

  test("posts that were written before the connection go out in order", async () => {
    const { client, texts } = open();
    for (const text of ["a", "b", "c"]) client.post(text);
    client.start();
    await pass(1_000);
    expect(texts).toEqual(["a", "b", "c"]);
    client.close();
  });

  test("a break is healed from the cursor, and nothing is doubled", async () => {
    const { client, texts } = open();
    client.start();
    await pass(2_000);
    server.post("one");
    await pass(100);
    server.cutAll();
    server.post("two");
    await pass(2_000);
    expect(client.state.status).toBe("live");
    expect(texts).toEqual(["one", "two"]);
    client.close();
  });

  test("a log that began again is told by a reset", async () => {
    const { client, texts } = open();
    client.start();
    await pass(100);
    server.post("old");
    await pass(100);
    server.rewrite();
    server.post("new");
    await pass(3_000);
    expect(texts).toEqual(["new"]);
    expect(client.messages.map(({ text }) => text)).toEqual(["new"]);
    client.close();
  });

  test("what is refused says why, and the next goes out", async () => {
    const { client, texts } = open();
    client.start();
    await pass(100);
    server.refuse = { status: 422, code: "invalid_field", field: "text", limit: 4000 };
    client.post("bad");
    await pass(200);
    server.refuse = undefined;
    client.post("good");
    await pass(200);
    expect(client.posts).toMatchObject([
      { text: "bad", state: "refused", problem: { code: "invalid_field", field: "text" } },
    ]);
    client.retry("k-1");
    await pass(200);
    expect(texts).toEqual(["good", "bad"]);
    client.close();
  });

  test("a change of the roster that was missed is noticed, and one that is old passed over", async () => {
    const { client } = open();
    const counts: number[] = [];
    client.on("members", ({ count }) => counts.push(count));
    client.start();
    await pass(2_000);
    const bob = { ...server.member, id: "bob", name: "Bob" };
    const change = (type: string, version: number) =>
      server.tell({ type, roomId: "lobby", member: bob, version });
    change("joined", 2);
    await pass(100);
    expect(client.memberCount).toBe(2);
    change("left", 2); // older than what is known
    await pass(100);
    expect(client.memberCount).toBe(2);
    server.version = 9;
    change("left", 9); // 3 to 8 are missing
    await pass(100);
    expect(
      client.members?.map(({ id }) => id),
      "as the server has it",
    ).toEqual(["me"]);
    change("joined", 10);
    await pass(100);
    expect(client.memberCount).toBe(2);
    expect(counts).toEqual([1, 2, 1, 2]);
    client.close();
  });

  test("leaving is said, and final", async () => {
    const { client } = open();
    client.start();
    await pass(2_000);
    client.leave();
    await pass(60_000);
    expect(server.streams.size).toBe(0);
    expect(client.state.status).toBe("idle");
  });

  test("a session that has ended is renewed under the same name", async () => {
    const { client } = open({ transport: "sse", name: "Ann" });
    client.start();
    await pass(2_000);
    server.signedIn = false;
    server.cutAll();
    setTimeout(() => {
      server.signedIn = true;
    }, 3_000);
    await pass(20_000);
    expect(client.state.status).toBe("live");
    client.close();
  });
});

describe("a network that lets", () => {
  const cases: {
    name: string;
    network: Partial<Record<Path, Mode>>;
    within: number;
    on: string;
  }[] = [
    { name: "no WebSocket be opened", network: { ws: "refused" }, within: 200, on: "sse" },
    { name: "the WebSocket handshake hang", network: { ws: "hang" }, within: 2_200, on: "sse" },
    { name: "every frame be swallowed", network: { ws: "mute" }, within: 2_200, on: "sse" },
    { name: "WebSocket die after 300 ms", network: { ws: "kill" }, within: 1_000, on: "sse" },
    { name: "nothing go up a WebSocket", network: { ws: "deaf" }, within: 6_000, on: "sse" },
    {
      name: "WebSocket die after 300 ms and streams be held",
      network: { ws: "kill", sse: "mute" },
      within: 6_000,
      on: "poll",
    },
    {
      name: "nothing last longer than 10 s",
      network: { ws: "refused", sse: "short", poll: "short" },
      within: 30_000,
      on: "poll",
    },
    { name: "streams be held", network: { ws: "refused", sse: "mute" }, within: 2_300, on: "poll" },
    { name: "both hang", network: { ws: "hang", sse: "hang" }, within: 4_200, on: "poll" },
    {
      name: "the first events through and then nothing",
      network: { ws: "refused", sse: "freeze" },
      within: 6_000,
      on: "poll",
    },
    {
      name: "long answers be cut",
      network: { ws: "refused", sse: "cut", poll: "cut" },
      within: 14_000,
      on: "poll",
    },
  ];
  test.each(cases)("$name ends on $on in time", async ({ network, within, on }) => {
    Object.assign(server.network, network);
    server.post("before");
    const { client, texts } = open();
    client.start();
    await pass(within);
    expect(client.state).toMatchObject({ status: "live", transport: on });
    client.post("mine");
    await pass(1_000);
    server.post("theirs");
    await pass(1_000);
    expect(texts).toEqual(["before", "mine", "theirs"]);
    await pass(25_000);
    expect(client.state).toMatchObject({ status: "live", transport: on, proven: true });
    client.close();
  });

  test("nothing go up is noticed by the post that gets no answer", async () => {
    server.network.ws = "deaf";
    const { client, texts } = open();
    client.start();
    await pass(2_000);
    expect(client.state.transport).toBe("ws");
    client.post("mine");
    await pass(3_000);
    expect(client.state.transport).toBe("sse");
    expect(texts).toEqual(["mine"]);
    client.close();
  });

  test("answers be lost stores each post once", async () => {
    server.network.ws = "refused";
    server.loseAnswers = true;
    const { client, texts } = open();
    client.start();
    await pass(200);
    for (const text of ["a", "b", "c"]) client.post(text);
    await pass(30_000);
    expect(texts).toEqual(["a", "b", "c"]);
    expect(server.log.map((m) => m.text)).toEqual(["a", "b", "c"]);
    expect(client.posts).toEqual([]);
    client.close();
  });

  test("a stream freeze in mid-session is noticed by its silence", async () => {
    const { client, texts } = open();
    client.start();
    await pass(60_000);
    server.network.ws = "mute";
    server.post("during");
    await pass(40_000);
    expect(client.state).toMatchObject({ status: "live", transport: "sse" });
    expect(texts).toEqual(["during"]);
    client.close();
  });

  test("WebSocket live again is found again", async () => {
    server.network.ws = "refused";
    const { client } = open();
    client.start();
    await pass(5_000);
    expect(client.state.transport).toBe("sse");
    server.network.ws = "ok";
    await pass(4 * 60_000);
    expect(client.state.transport).toBe("ws");
    client.close();
  });

  test("nothing through counts its failures and comes back when told", async () => {
    for (const path of ["ws", "sse", "poll"] as const) server.network[path] = "refused";
    const { client } = open();
    client.start();
    await pass(120_000);
    expect(client.state.failures).toBeGreaterThan(2);
    expect(client.state.downSince).toBe(Date.parse("2026-11-24T12:00:00Z"));
    for (const path of ["ws", "sse", "poll"] as const) server.network[path] = "ok";
    if (client.state.status === "offline") client.retryNow();
    await pass(200);
    expect(client.state.status).toBe("live");
    client.close();
  });
});

describe("a walk through changing networks", () => {
  test.each(Array.from({ length: 24 }, (_, i) => i + 1))(
    "with seed %i loses, doubles and disorders nothing",
    async (seed) => {
      const random = new Random(seed * 7919);
      const { client, texts, decisions } = open({}, seed);
      let cursor = -1;
      let activated = 0;
      client.on("event", () => {
        const now = client.cursor === undefined ? -1 : seqOf(client.cursor);
        expect(now).toBeGreaterThanOrEqual(cursor);
        cursor = now;
      });
      client.on("decision", (decision) => {
        if (decision.what === "activate") activated += 1;
      });
      const mine: string[] = [];
      client.start();
      for (let step = 0; step < 60; step++) {
        const dice = random.below(10);
        if (dice < 4) mine.push(client.post(`mine ${step}`).text);
        else if (dice < 7) server.post(`theirs ${step}`);
        else if (dice < 9)
          server.network[random.of(["ws", "sse", "poll", "post"] as const)] = random.of(MODES);
        else if (dice === 9) server.loseAnswers = random.below(2) === 0;
        if (random.below(12) === 0) server.cutAll();
        if (random.below(12) === 0) client.networkChanged(random.below(2) === 0);
        if (random.below(20) === 0) client.resumed();
        await pass(random.below(6_000));
      }
      Object.assign(server.network, { ws: "ok", sse: "ok", poll: "ok", post: "ok" });
      server.loseAnswers = false;
      client.networkChanged(true);
      await pass(90_000);
      expect(client.state.status).toBe("live");
      expect(client.posts).toEqual([]);
      expect(texts).toEqual(server.log.map((m) => m.text));
      expect(texts.filter((text) => text.startsWith("mine"))).toEqual(mine);
      expect(activated).toBeGreaterThan(0);
      expect(server.streams.size, JSON.stringify(decisions.slice(-10))).toBeLessThanOrEqual(2);
      client.close();
      await pass(100);
      expect(server.streams.size).toBe(0);
    },
  );
});
