import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { defaultEnvironment } from "../../src/client/environment.ts";
import type { ServerEvent } from "../../src/client/events.ts";
import { createMultiRoom } from "../../src/client/multi_room.ts";
import type { Target } from "../../src/client/target.ts";
import type { Sink } from "../../src/client/transport.ts";

interface Opened {
  target: Target;
  sink: Sink;
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function start() {
  const opened: Opened[] = [];
  const ended: string[] = [];
  const nothing = () => undefined;
  const connection = createMultiRoom({
    env: defaultEnvironment(),
    target: () => ({ baseUrl: "http://host/", headers: {} }),
    transports: ["ws"],
    open: {
      ws: (_env, target, sink) => {
        opened.push({ target, sink });
        return { send: () => true, close: nothing };
      },
    },
    onRoom: nothing,
    onRoomEnd: (room, end) => ended.push(`${room} ${end.kind}`),
    onActivate: nothing,
    onState: nothing,
    onDecision: nothing,
    onMemory: nothing,
    onFinal: (end) => ended.push(`all ${end.kind}`),
  });
  const welcome = (roomId: string): ServerEvent => ({
    type: "welcome",
    roomId,
    clientId: "me",
    name: "Ann",
    resumed: false,
    heartbeat: 15,
    stream: `s-${roomId}`,
    memberCount: 1,
    version: 1,
  });
  return { connection, opened, ended, welcome };
}

const LEFT = { kind: "left", detail: "" } as const;

test("leaving the one room does not end those that are on their way in", async () => {
  const { connection, opened, ended, welcome } = start();
  connection.add("a");
  await vi.advanceTimersByTimeAsync(50);
  opened[0]?.sink.event(welcome("a"));
  expect(opened[0]?.target.room).toBe("a");
  connection.add("b");
  await vi.advanceTimersByTimeAsync(50); // asked for, and not there yet
  connection.remove("a", true);
  opened[0]?.sink.end(LEFT);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(ended).toEqual([]);
  expect(opened.at(-1)?.target.room).toBe("b");
  connection.close();
});

test("one that was thrown out of its room takes no other along", async () => {
  const { connection, opened, ended, welcome } = start();
  connection.add("a");
  await vi.advanceTimersByTimeAsync(50);
  opened[0]?.sink.event(welcome("a"));
  connection.add("b");
  opened[0]?.sink.end(LEFT);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(ended).toEqual(["a left"]);
  expect(opened.at(-1)?.target.room).toBe("b");
  connection.close();
});

test("one that is refused is found among those that came with it, and takes none along", async () => {
  const { connection, opened, ended, welcome } = start();
  connection.add("a");
  await vi.advanceTimersByTimeAsync(50);
  opened[0]?.sink.event(welcome("a"));
  for (const room of ["b", "bad", "c", "worse", "d"]) connection.add(room);
  const got = new Set(["a"]);
  for (let tries = 0; tries < 20 && got.size < 4; tries++) {
    await vi.advanceTimersByTimeAsync(50);
    const { target, sink } = opened.at(-1) as Opened;
    const rooms = target.positions.map(({ room }) => room);
    if (rooms.some((room) => room === "bad" || room === "worse")) {
      sink.end({ kind: "refused", detail: "" });
      continue;
    }
    for (const room of rooms) {
      sink.event(welcome(room));
      got.add(room);
    }
  }
  expect([...got].sort()).toEqual(["a", "b", "c", "d"]);
  expect(ended.sort()).toEqual(["bad refused", "worse refused"]);
  expect(["a", "b", "bad", "c"].map((room) => connection.has(room))).toEqual([
    true,
    true,
    false,
    true,
  ]);
  connection.close();
});

test("one that has sent somebody out meanwhile is found among those that were open", async () => {
  const { connection, opened, ended, welcome } = start();
  for (const room of ["a", "bad", "b"]) connection.add(room);
  await vi.advanceTimersByTimeAsync(50);
  for (const room of ["a", "bad", "b"]) opened[0]?.sink.event(welcome(room));
  const got = new Set<string>();
  opened[0]?.sink.end({ kind: "lost", detail: "" });
  for (let tries = 0; tries < 20 && got.size < 2; tries++) {
    await vi.advanceTimersByTimeAsync(3_000);
    const { target, sink } = opened.at(-1) as Opened;
    const rooms = target.positions.map(({ room }) => room);
    if (rooms.includes("bad")) {
      sink.end({ kind: "forbidden", detail: "" });
      continue;
    }
    for (const room of rooms) {
      sink.event(welcome(room));
      got.add(room);
    }
  }
  expect([...got].sort()).toEqual(["a", "b"]);
  expect(ended).toEqual(["bad forbidden"]);
  connection.close();
});

test("when all have been left, it is over", async () => {
  const { connection, opened, ended, welcome } = start();
  connection.add("a");
  await vi.advanceTimersByTimeAsync(50);
  opened[0]?.sink.event(welcome("a"));
  opened[0]?.sink.end(LEFT);
  expect(ended).toEqual(["all left"]);
  connection.close();
});
