import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Call } from "../../../src/ui/call/call.ts";
import { ConnectError, type OwnMedia } from "../../../src/ui/call/session.ts";
import { FakeCalls } from "./fake_session.ts";

const BOTH: OwnMedia = { camera: true, microphone: true, devices: { camera: "c1" } };

let calls: FakeCalls;
let call: Call;

beforeEach(() => {
  vi.useFakeTimers();
  calls = new FakeCalls();
  call = new Call({ pass: calls.pass, open: calls.open, random: () => 1 });
});

afterEach(() => {
  call.leave();
  expect(vi.getTimerCount(), "nothing goes on after leaving").toBe(0);
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

async function join(media = BOTH): Promise<void> {
  call.join(media);
  await pass(0);
}

describe("joining", () => {
  test("with a pass, and what one wants the others to have", async () => {
    const phases: string[] = [];
    call.subscribe(() => phases.push(call.state.phase));
    await join();
    expect([...new Set(phases)]).toEqual(["connecting", "in"]);
    expect(calls.last.pass.token).toBe("token 1");
    expect(calls.last.devices).toEqual(BOTH.devices);
    expect(calls.last.switched).toEqual(["microphone on", "camera on"]);
  });

  test("is given up by leaving, at any moment", async () => {
    calls.hanging = true;
    await join();
    expect(call.state.phase).toBe("connecting");
    call.leave();
    await pass(60_000);
    expect(call.state).toEqual({ phase: "out" });
    expect(calls.sessions).toEqual([]);
  });

  test("a connection that comes after leaving is closed", async () => {
    call.join(BOTH);
    call.leave();
    await pass(60_000);
    expect(call.state).toEqual({ phase: "out" });
    for (const session of calls.sessions) expect(session.closed).toBe(true);
  });

  test.each([
    ["unreachable", new ConnectError("unreachable")],
    ["blocked", new ConnectError("blocked")],
    ["denied", new ConnectError("denied")],
    ["unloaded", new ConnectError("unloaded")],
    ["unreachable", new Error("something else")],
  ])("says %s, and tries again until it works", async (trouble, failure) => {
    calls.failure = failure;
    await join();
    expect(call.state).toEqual({ phase: "waiting", trouble, retryAt: Date.now() + 1_000 });
    await pass(1_000);
    expect(call.state).toMatchObject({ trouble, retryAt: Date.now() + 2_000 });
    await pass(60_000);
    expect(calls.passes).toBeGreaterThan(4);
    expect(call.state).toMatchObject({ phase: "waiting" });
    calls.failure = undefined;
    await pass(15_000);
    expect(call.state.phase).toBe("in");
    expect(calls.last.pass.token, "each try has a pass of its own").toBe(`token ${calls.passes}`);
  });

  test.each(["unconfigured", "room-name"] as const)("%s is final", async (problem) => {
    calls.problem = { problem };
    await join();
    await pass(60_000);
    expect(call.state).toEqual({ phase: "out", trouble: problem });
    expect(calls.passes).toBe(1);
  });

  test("waits as long as the server asks for", async () => {
    calls.problem = { problem: "too-much", retryAfter: 20_000 };
    await join();
    await pass(20_900);
    expect(calls.passes).toBe(1);
    await pass(200);
    expect(calls.passes).toBe(2);
  });

  test("somebody who is not in the room joins when the chat is back", async () => {
    calls.problem = { problem: "absent" };
    call.chatIs(false);
    await join();
    expect(call.state).toEqual({ phase: "waiting", trouble: "absent" });
    await pass(60_000);
    expect(calls.passes).toBe(1);
    calls.problem = undefined;
    call.chatIs(true);
    await pass(0);
    expect(call.state.phase).toBe("in");
  });
});

describe("a connection that ends", () => {
  test("is followed by another one with a new pass", async () => {
    await join();
    const first = calls.last;
    await pass(60_000);
    first.events.onEnd("lost");
    expect(call.state).toMatchObject({ phase: "waiting", trouble: "lost" });
    await pass(1_000);
    expect(call.state.phase).toBe("in");
    expect(calls.last.pass.token).toBe("token 2");
    expect(calls.last.devices).toEqual(BOTH.devices);
    expect(calls.last.switched).toEqual(["microphone on", "camera on"]);
  });

  test("again and again, is come back to less and less often", async () => {
    await join();
    for (const delay of [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      calls.last.events.onEnd("lost");
      expect(call.state).toMatchObject({ retryAt: Date.now() + delay });
      await pass(delay);
      expect(call.state.phase).toBe("in");
    }
    await pass(10_001);
    calls.last.events.onEnd("lost");
    expect(call.state, "it held for long").toMatchObject({ retryAt: Date.now() + 1_000 });
  });

  test("elsewhere is not come back to by itself", async () => {
    await join();
    calls.last.events.onEnd("elsewhere");
    await pass(600_000);
    call.chatIs(false);
    call.chatIs(true);
    await pass(600_000);
    expect(call.state).toEqual({ phase: "out", trouble: "elsewhere" });
    expect(calls.passes).toBe(1);
    await join();
    expect(call.state.phase, "somebody asks for it").toBe("in");
  });

  test("removed from the room: back when the chat is", async () => {
    await join();
    call.chatIs(false);
    calls.last.events.onEnd("removed");
    expect(call.state).toEqual({ phase: "waiting", trouble: "removed" });
    await pass(600_000);
    expect(calls.passes).toBe(1);
    call.chatIs(true);
    await pass(0);
    expect(call.state.phase).toBe("in");
  });

  test("a break of the chat alone does not touch the call", async () => {
    await join();
    call.chatIs(false);
    await pass(60_000);
    call.chatIs(true);
    await pass(60_000);
    expect(call.state).toEqual({ phase: "in", mending: false });
    expect(calls.passes).toBe(1);
  });

  test("mends itself first, and says so", async () => {
    await join();
    calls.last.events.onMending(true);
    expect(call.state).toEqual({ phase: "in", mending: true });
    calls.last.events.onMending(false);
    expect(call.state).toEqual({ phase: "in", mending: false });
    expect(calls.passes).toBe(1);
  });

  test("what it tells later counts for nothing", async () => {
    await join();
    const { events } = calls.last;
    call.leave();
    events.onEnd("lost");
    events.onMending(true);
    events.onProblem("camera", "busy");
    await pass(60_000);
    expect(call.state).toEqual({ phase: "out" });
    expect(call.problems).toEqual({});
  });

  test("is tried again at once when somebody asks", async () => {
    await join();
    calls.last.events.onEnd("lost");
    call.retryNow();
    await pass(0);
    expect(call.state.phase).toBe("in");
    await pass(60_000);
    expect(calls.passes).toBe(2);
  });
});

describe("what the others have", () => {
  test("is as one chose, in the next connection too", async () => {
    await join();
    await call.set("camera", false);
    await call.use("microphone", "m2");
    expect(calls.last.switched.slice(2)).toEqual(["camera off"]);
    expect(calls.last.used).toEqual(["microphone m2"]);
    calls.last.events.onEnd("lost");
    await pass(1_000);
    expect(calls.last.devices).toEqual({ camera: "c1", microphone: "m2" });
    expect(calls.last.switched).toEqual(["microphone on"]);
  });

  test("is what one wants by the time one is in, not what one wanted when one set out", async () => {
    let opened = () => {};
    const opening = new Promise<void>((resolve) => {
      opened = resolve;
    });
    call = new Call({
      pass: calls.pass,
      open: async (...args) => {
        await opening;
        return calls.open(...args);
      },
    });
    await join();
    await call.set("microphone", false);
    await call.use("camera", "c2");
    opened();
    await pass(0);
    expect(calls.last.switched).toEqual(["camera on"]);
    expect(calls.last.used).toEqual(["camera c2"]);
  });

  test("a screen is not shared again by itself", async () => {
    await join();
    await call.set("screen", true);
    calls.last.events.onEnd("lost");
    await pass(1_000);
    expect(calls.last.switched).not.toContain("screen on");
  });

  test("what can't be had is said, and not asked for again by itself", async () => {
    await join();
    calls.last.events.onProblem("camera", "refused");
    expect(call.problems).toEqual({ camera: "refused" });
    calls.last.events.onEnd("lost");
    await pass(1_000);
    expect(calls.last.switched).toEqual(["microphone on"]);
    calls.last.problem = "busy";
    await call.set("camera", true);
    expect(call.problems).toEqual({ camera: "busy" });
    calls.last.problem = undefined;
    await call.set("camera", true);
    expect(call.problems).toEqual({});
    expect(call.media.camera).toBe(true);
  });
});
