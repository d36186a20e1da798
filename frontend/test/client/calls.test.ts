import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { followCall } from "../../src/client/calls.ts";
import type { Member, ServerEvent } from "../../src/client/index.ts";
import { createClient, TRANSPORTS } from "../../src/client/index.ts";
import { FakeServer } from "../fake_server.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-24T12:00:00Z") });
});

afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test.each(TRANSPORTS)("the call is told as it changes, over %s", async (transport) => {
  const server = new FakeServer();
  const client = createClient({
    baseUrl: "http://host/",
    room: "lobby",
    transport,
    session: { clientId: "me", name: "Ann" },
    env: { fetch: server.fetch, socket: server.socket },
  });
  const calls: unknown[] = [];
  const came: string[] = [];
  const room = followCall(client, (call) => calls.push(call?.memberCount));
  client.on("joined", ({ member }) => came.push(member.name));
  client.start();
  await pass(3_000);
  const startedAt = new Date().toISOString();
  const { member } = server;
  const tell = (inCall: boolean, version: number, state: string) => {
    server.member = { ...member, ...(inCall && { inCall }) };
    server.call = inCall ? { startedAt, memberCount: 1 } : undefined;
    server.version = version;
    server.tell({ type: "joined", roomId: "lobby", member: server.member, version });
    server.tell({ type: "call", roomId: "lobby", state, time: startedAt });
  };
  tell(true, 2, "started");
  await pass(30_000);
  expect(room.call).toEqual({ startedAt, memberCount: 1 });
  expect(client.members?.[0]?.inCall).toBe(true);
  tell(false, 3, "ended");
  await pass(30_000);
  expect(room.call).toBeUndefined();
  expect(calls).toEqual([1, undefined]);
  expect(came, "being in the call is no arrival").toEqual([]);
  client.close();
});

describe("the call of a room", () => {
  const member = (id: string, inCall?: true): Member => ({
    id,
    name: id,
    transport: "ws",
    joinedAt: "",
    ...(inCall && { inCall }),
  });

  /** A client whose events and members are at the test's hand. */
  function start() {
    let tell: (event: ServerEvent) => void = () => undefined;
    const client = {
      members: undefined as Member[] | undefined,
      on: (_: string, listener: (event: never) => void) => {
        tell = listener as typeof tell;
        return () => undefined;
      },
    };
    const changes: unknown[] = [];
    const room = followCall(client, (call) => changes.push(call?.memberCount));
    return { client, room, changes, tell: (event: object) => tell(event as ServerEvent) };
  }
  const call = (state: string) => ({
    type: "unknown",
    name: "call",
    fields: { state, time: "12:00" },
  });
  const presence = (version: number) => ({ type: "joined", member: member("a"), version });

  test("is what was told, and who is in it", () => {
    const { client, room, changes, tell } = start();
    client.members = [member("a"), member("b")];
    tell({ type: "welcome", memberCount: 2, version: 1 });
    client.members = [member("a", true), member("b")];
    tell(presence(2));
    expect(room.call).toBeUndefined();
    tell(call("started"));
    expect(room.call).toEqual({ startedAt: "12:00", memberCount: 1 });
    client.members = [member("a", true), member("b", true)];
    tell(presence(3));
    client.members = [member("b", true)];
    tell(presence(4));
    tell(call("paused"));
    client.members = [member("b")];
    tell(presence(5));
    tell(call("ended"));
    expect(changes).toEqual([1, 2, 1, undefined]);
  });

  test("is the roster's where a room is too large to list", () => {
    const { room, tell } = start();
    tell({
      type: "welcome",
      memberCount: 300,
      version: 6,
      call: { startedAt: "11:00", memberCount: 7 },
    });
    expect(room.call).toEqual({ startedAt: "11:00", memberCount: 7 });
    tell({ type: "members", memberCount: 300, version: 5 });
    expect(room.call, "an older roster").toBeDefined();
    tell({ type: "members", memberCount: 300, version: 7 });
    expect(room.call).toBeUndefined();
    tell(call("started"));
    expect(room.call).toEqual({ startedAt: "12:00", memberCount: 1 });
  });
});
