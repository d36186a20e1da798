import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createConnection } from "../../src/client/connection.ts";
import { defaultEnvironment } from "../../src/client/environment.ts";
import type { Command, WelcomeEvent } from "../../src/client/events.ts";
import type { Decision, End, ErrorEvent, ServerEvent } from "../../src/client/index.ts";
import { oneRoom, type Target } from "../../src/client/target.ts";
import type { Sink } from "../../src/client/transport.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const ROOM = oneRoom({ baseUrl: "http://host/", room: "lobby", headers: {} });
const LOST: End = { kind: "lost", detail: "closed with 1006" };

/** A connection with one transport, whose attempts are at the test's hand. */
function start(target: Target = ROOM) {
  const sinks: Sink[] = [];
  const events: ServerEvent[] = [];
  const decisions: Decision[] = [];
  const finals: End[] = [];
  const sent: Command[] = [];
  let closed = 0;
  const nothing = () => undefined;
  const connection = createConnection({
    env: { ...defaultEnvironment(), random: () => 0 },
    target: () => target,
    transports: ["ws"],
    open: {
      ws: (_env, _target, sink) => {
        sinks.push(sink);
        return { send: (command) => sent.push(command) > 0, close: () => closed++ };
      },
    },
    onEvent: (event) => events.push(event),
    onActivate: nothing,
    onState: nothing,
    onDecision: (decision) => decisions.push(decision),
    onMemory: nothing,
    onFinal: (end) => finals.push(end),
  });
  connection.input({ type: "start" });
  const error = (more: Partial<ErrorEvent>) =>
    sinks[0]?.event({ type: "error", code: "going_away", title: "", ...more });
  const why = (what: string) => decisions.find((decision) => decision.what === what)?.why;
  return { connection, sinks, events, finals, sent, error, why, closed: () => closed };
}

describe("an error before the end", () => {
  test.each([
    ["going_away", "busy"],
    ["left", "left"],
    ["session_invalid", "signed-out"],
    ["too_slow", "busy"],
    ["unheard_of", "lost"],
  ])("%s says that it is %s", (code, kind) => {
    const { sinks, error, why, finals } = start();
    error({ code });
    sinks[0]?.end(LOST);
    expect(why("ended")).toMatch(new RegExp(`^${kind}: closed with 1006`));
    const final = kind !== "busy" && kind !== "lost";
    expect(finals).toMatchObject(final ? [{ kind, problem: { code } }] : []);
  });

  test("says when to come back; a close code says more of what it was", () => {
    const { sinks, error, why } = start();
    error({ code: "left", retryAfter: 3 });
    sinks[0]?.end({ kind: "busy", detail: "closed with 1001" });
    expect(why("ended")).toMatch(/^busy:/);
    expect(why("wait")).toBe("3000 ms");
  });

  test("is none when the connection goes on after it", () => {
    const { sinks, error, why, finals } = start();
    error({ code: "not_allowed" });
    sinks[0]?.event({ type: "ping" });
    sinks[0]?.end(LOST);
    expect(why("ended")).toMatch(/^lost:/);
    expect(finals).toEqual([]);
  });

  test("is none when it answers a command, or ends one room of several", () => {
    const command = start();
    command.error({ code: "left", key: "k" });
    command.sinks[0]?.end(LOST);
    expect(command.why("ended")).toMatch(/^lost:/);
    const several = start({ ...ROOM, positions: [{ room: "a" }, { room: "b" }] });
    several.error({ code: "left", roomId: "a" });
    several.sinks[0]?.end(LOST);
    expect(several.why("ended")).toMatch(/^lost:/);
  });
});

test("what comes before a try carries the session is held, in order and not without end", () => {
  const { sinks, events, why, closed } = start();
  for (let i = 0; i < 5_000; i++) sinks[0]?.event({ type: "ping" });
  expect(events).toEqual([]);
  sinks[0]?.event({ type: "ping" });
  expect(why("ended")).toMatch(/^lost: overflow/);
  expect(closed()).toBe(1);
});

test.each([
  { type: "network", online: true },
  { type: "resumed", frozen: true },
] as const)("on $type the one in use is asked whether it lives", (input) => {
  const { connection, sinks, sent } = start();
  sinks[0]?.event({ type: "welcome", heartbeat: 15 } as WelcomeEvent);
  sent.length = 0; // the question that proves it
  connection.input(input);
  expect(sent).toEqual([{ type: "ping" }]);
});

test("a connection of several rooms is asked once whether what is sent arrives", () => {
  const { sinks, sent } = start({ ...ROOM, positions: [{ room: "a" }, { room: "b" }] });
  for (const roomId of ["a", "b"])
    sinks[0]?.event({ type: "welcome", roomId, heartbeat: 15 } as WelcomeEvent);
  expect(sent).toEqual([{ type: "ping" }]);
});

test("an end comes once", () => {
  const { sinks, finals } = start();
  sinks[0]?.end({ kind: "left", detail: "" });
  sinks[0]?.end({ kind: "left", detail: "" });
  expect(finals).toHaveLength(1);
});
