import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  createClient,
  decodeEvent,
  type ServerEvent,
  TRANSPORTS,
  type Transport,
} from "../../src/client/index.ts";
import {
  followRules,
  keepsOrder,
  keyOf,
  mayKeepInOrder,
  type Role,
  type RoomRules,
  readNotice,
  readRules,
} from "../../src/client/rules.ts";
import { FakeServer, problem } from "../fake_server.ts";

const EXAMPLES = new URL("../../../transport/wire/testdata/rules/", import.meta.url);
const example = (name: string) => readFileSync(new URL(`${name}.json`, EXAMPLES), "utf8");

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function start(transport: Transport = "ws", tokens = false) {
  const server = new FakeServer();
  const { fetch, socket } = server;
  const options = {
    baseUrl: "http://host/",
    room: "lobby",
    transport,
    tokens,
    session: { clientId: "me", name: "Ann", token: "t0k" },
    env: { fetch, socket },
  };
  const client = createClient(options);
  const told: RoomRules[] = [];
  const rules = followRules(client, options, (now) => told.push(now));
  return { server, client, rules, told };
}

const settings = (version: number, more: object = {}) => ({
  type: "settings",
  roomId: "lobby",
  version,
  owned: true,
  settings: { title: "Tea", topic: "at four", posting: "everyone", ...more },
});

describe("the wire", () => {
  test("its examples are read", () => {
    expect(readRules(JSON.parse(example("settings")))).toMatchObject({
      version: 7,
      owned: true,
      role: "owner",
      settings: { title: "Tea", password: true, historyLimit: 0, newcomers: "post" },
    });
    const notices = readdirSync(EXAMPLES).filter((name) => name.startsWith("notice-"));
    expect(notices.length).toBeGreaterThan(2);
    for (const name of notices) {
      const raw = JSON.parse(readFileSync(new URL(name, EXAMPLES), "utf8"));
      const event = decodeEvent(JSON.stringify(raw)) as ServerEvent;
      expect(readNotice(event), name).toMatchObject({ what: raw.what, id: raw.id });
    }
    expect(readNotice({ type: "unknown", name: "note", fields: { id: "1-a" } })).toBeUndefined();
    const joined = decodeEvent(example("event-joined-role"));
    expect(joined).toMatchObject({ member: { via: "site", role: "moderator" } });
    const error = decodeEvent(example("event-error-banned"));
    expect(error).toMatchObject({ code: "banned", until: expect.any(String), reason: "spam" });
  });

  test("what nobody knows yet is read as what it is by itself", () => {
    const rules = readRules({ version: 1, owned: true, settings: { posting: "x", slowMode: -1 } });
    expect(rules?.settings).toMatchObject({ posting: "everyone", slowMode: 0, files: true });
    expect(readRules({ settings: {} })).toBeUndefined();
  });
});

describe("the rules of a room", () => {
  test.each(["ws", "sse"] as const)("come with the room, and when they change: %s", async (by) => {
    const { server, client, rules, told } = start(by);
    server.settings = settings(3);
    client.start();
    await pass(200);
    expect(rules.rules).toMatchObject({ version: 3, settings: { title: "Tea" } });
    server.tell(settings(4, { title: "Coffee" }));
    server.tell(settings(2, { title: "late" }));
    await pass(200);
    expect(told.map((now) => now.settings.title)).toEqual(["Tea", "Coffee"]);
    client.close();
  });

  test("one's own role is asked for, and is told by the log", async () => {
    const { server, client, rules } = start();
    server.settings = settings(3);
    server.answer = (method, url) =>
      url.pathname === "/rooms/lobby/settings" && method === "GET"
        ? Response.json({ ...settings(3), role: "member" })
        : undefined;
    client.start();
    await pass(200);
    expect(rules.rules?.role).toBeUndefined();
    expect((await Promise.all([rules.read(), pass(50)]))[0].result?.role).toBe("member");
    const said = (from: string, about: string, role: string) =>
      server.append({
        type: "notice",
        what: "role",
        from: { id: from, name: from },
        member: { id: about, name: about },
        role,
      });
    const roles: (Role | undefined)[] = [];
    for (const [from, about, role] of [
      ["owner", "me", "moderator"],
      ["owner", "bob", "member"],
      ["owner", "me", "owner"],
      ["me", "bob", "moderator"],
      ["me", "bob", "owner"],
    ] as const) {
      said(from, about, role);
      await pass(50);
      roles.push(rules.rules?.role);
    }
    expect(roles).toEqual(["moderator", "moderator", "owner", "owner", "moderator"]);
    server.append({
      type: "notice",
      what: "let-in",
      from: { id: "owner", name: "owner" },
      member: { id: "me", name: "me" },
    });
    await pass(50);
    expect(rules.rules?.role).toBe("member");
    said("owner", "me", "moderator");
    await pass(50);
    // An event says nothing of it, and takes nothing back.
    server.tell(settings(9));
    await pass(50);
    expect(rules.rules).toMatchObject({ version: 9, role: "moderator" });
    client.close();
  });

  test("are changed by calls that say as whom, and on what they rest", async () => {
    const { server, client, rules } = start("ws", true);
    client.start();
    await pass(200);
    const asked: unknown[] = [];
    server.answer = (method, url, { body, headers }) => {
      const { Authorization: who, "If-Match": match } = headers as Record<string, string>;
      asked.push([method, url.pathname, JSON.parse(String(body ?? null)), who, match]);
      return undefined;
    };
    const answers = [
      rules.change({ topic: "at five", password: null }, 7),
      rules.own(),
      rules.enter({ invite: "s" }),
      rules.invite({ uses: 3 }),
      rules.revokeInvite("i/1"),
      rules.ban("b/../c", { for: 60, reason: "spam", deleteMessages: 600 }),
      rules.unmute("b"),
      rules.unban("b-1"),
      rules.clear(),
      rules.closeRoom(),
      rules.report("4-a" as never, "rude"),
      rules.makeToken({ name: "ci" }),
    ];
    await pass(100);
    await Promise.all(answers);
    client.close();
    const room = "/rooms/lobby";
    const who = "Bearer t0k";
    expect(asked).toEqual([
      ["PATCH", `${room}/settings`, { topic: "at five", password: null }, who, '"7"'],
      ["POST", `${room}/own`, {}, who, undefined],
      ["POST", `${room}/enter`, { invite: "s" }, who, undefined],
      ["POST", `${room}/invites`, { uses: 3 }, who, undefined],
      ["DELETE", `${room}/invites/i%2F1`, {}, who, undefined],
      [
        "POST",
        `${room}/members/b%2F..%2Fc/ban`,
        { for: 60, reason: "spam", deleteMessages: 600 },
        who,
        undefined,
      ],
      ["DELETE", `${room}/members/b/mute`, {}, who, undefined],
      ["DELETE", `${room}/bans/b-1`, {}, who, undefined],
      ["DELETE", `${room}/messages`, {}, who, undefined],
      ["DELETE", room, {}, who, undefined],
      ["POST", `${room}/reports`, { message: "4-a", reason: "rude" }, who, undefined],
      ["POST", `${room}/tokens`, { name: "ci" }, who, undefined],
    ]);
  });

  test("lists are read, and what answers nothing is no problem", async () => {
    const { server, rules } = start();
    const bodies: Record<string, string> = {
      invites: example("invites"),
      bans: example("bans"),
      tokens: example("tokens"),
      reports: example("reports"),
    };
    server.answer = (method, url) => {
      const name = url.pathname.split("/").at(-1) ?? "";
      if (method === "DELETE") return new Response(null, { status: 204 });
      return new Response(bodies[name] ?? "{}");
    };
    const [invites, bans, tokens, reports, gone] = await Promise.all([
      rules.invites(),
      rules.bans(),
      rules.tokens(),
      rules.reports(),
      rules.closeRoom(),
      pass(100),
    ]);
    expect(invites.result).toMatchObject([{ uses: 1, used: 0, by: { name: "Ann" } }]);
    expect(bans.result).toMatchObject([{ member: { name: "Bob" }, reason: "spam", network: true }]);
    expect(tokens.result).toMatchObject([{ name: "ci", read: true, post: true }]);
    expect(reports.result).toMatchObject([{ reason: "spam", context: [{ text: "buy now" }] }]);
    expect(gone.problem).toBeUndefined();
    server.answer = () => problem(412, "version_mismatch");
    const [late] = await Promise.all([rules.change({ locked: true }, 1), pass(100)]);
    expect(late.problem?.code).toBe("version_mismatch");
  });
});

describe("a room that one may not enter", () => {
  test.each(
    TRANSPORTS.flatMap((by) => ["banned", "room_closed"].map((code) => [by, code] as const)),
  )("by %s: %s is final, and what was written stays", async (transport, code) => {
    const { server, client } = start(transport);
    const ends: unknown[] = [];
    client.on("final", ({ kind, problem }) => ends.push([kind, problem?.code]));
    client.start();
    await pass(200);
    expect(client.state.status).toBe("live");
    const status = code === "banned" ? 403 : 410;
    server.close(code, status);
    server.refuse = { status, code };
    client.post("too late");
    await pass(60_000);
    expect(ends).toEqual([["forbidden", code]]);
    expect(client.posts).toMatchObject([{ text: "too late" }]);
    const tries = server.opened.length;
    await pass(600_000);
    expect(server.opened).toHaveLength(tries);
    // Let in again, one goes on.
    server.door = undefined;
    server.refuse = undefined;
    for (const { key } of client.posts) client.retry(key);
    client.start();
    await pass(15_000);
    expect(client.state.status).toBe("live");
    expect(client.posts).toEqual([]);
    client.close();
  });

  test("is told by another transport where a WebSocket can't say why", async () => {
    const server = new FakeServer();
    server.door = { status: 403, code: "password_required" };
    const { fetch, socket } = server;
    const client = createClient({
      baseUrl: "http://host/",
      room: "lobby",
      session: { clientId: "me", name: "Ann" },
      env: { fetch, socket },
    });
    const ends: unknown[] = [];
    client.on("final", ({ problem }) => ends.push(problem?.code));
    client.start();
    await pass(3_000);
    expect(ends).toEqual(["password_required"]);
    await pass(600_000);
    expect(server.opened.slice(0, 2)).toEqual(["ws", "sse"]);
    expect(server.opened).toHaveLength(2);
    client.close();
  });
});

describe("a post", () => {
  test.each(TRANSPORTS)(
    "that is too soon waits as long as it is told to, and says so: %s",
    async (by) => {
      const { server, client } = start(by);
      client.start();
      await pass(200);
      server.refuse = { status: 429, code: "slow_mode", retryAfter: 20 };
      client.post("again");
      await pass(1_000);
      expect(client.posts).toMatchObject([
        { state: "waiting", problem: { code: "slow_mode", retryAfter: 20 } },
      ]);
      server.refuse = undefined;
      await pass(15_000);
      expect(client.posts).toHaveLength(1);
      await pass(15_000);
      expect(client.posts).toEqual([]);
      expect(client.messages.map(({ text }) => text)).toEqual(["again"]);
      client.close();
    },
  );

  test.each(TRANSPORTS)("of who is muted is refused, with until when: %s", async (by) => {
    const { server, client } = start(by);
    client.start();
    await pass(200);
    server.refuse = { status: 403, code: "muted", until: "2026-11-25T12:10:00.000Z" };
    client.post("but");
    await pass(1_000);
    expect(client.posts).toMatchObject([
      { state: "refused", text: "but", problem: { code: "muted", until: server.refuse.until } },
    ]);
    expect(client.state.status).toBe("live");
    client.close();
  });
});

test("a secret is read out of an address", () => {
  expect(keyOf("#i=mIhOq1Wc8kq5sZJE3Yk0yg")).toEqual({ invite: "mIhOq1Wc8kq5sZJE3Yk0yg" });
  expect(keyOf("#o=v1Jm0yq3J0o2mIhOq1Wc8g")).toEqual({ owner: "v1Jm0yq3J0o2mIhOq1Wc8g" });
  for (const other of [
    "",
    "#",
    "#i=",
    "#i=a b",
    "#42-7f3a9c12",
    "#link=c0de",
    `#i=${"x".repeat(300)}`,
  ])
    expect(keyOf(other), other).toBeUndefined();
});

test("a moderator keeps order among those who are none", () => {
  const all = ["owner", "moderator", "member", undefined] as const;
  expect(all.filter((role) => keepsOrder(role))).toEqual(["owner", "moderator"]);
  expect(all.filter((role) => mayKeepInOrder("moderator", role))).toEqual(["member", undefined]);
  expect(all.filter((role) => mayKeepInOrder("owner", role))).toEqual([
    "moderator",
    "member",
    undefined,
  ]);
  expect(all.filter((role) => mayKeepInOrder("member", role))).toEqual([]);
});
