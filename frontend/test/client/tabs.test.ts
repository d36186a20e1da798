import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Cursor, type ServerEvent, seqOf, TRANSPORTS } from "../../src/client/index.ts";
import { createPast } from "../../src/client/tabs_past.ts";
// It is imported on demand, which takes real time: here it is there from the start.
import "../../src/client/tabs_reader.ts";
import { FakeRooms } from "../fake_rooms.ts";
import type { Mode } from "../fake_server.ts";
import { FakeBrowser } from "../fake_tabs.ts";
import { Random } from "../random.ts";

let rooms: FakeRooms;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-24T12:00:00Z") });
  rooms = new FakeRooms();
});

afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const ten = Array.from({ length: 10 }, (_, i) => i);

describe.each([true, false])("tabs that share one connection, with locks: %s", (locks) => {
  test.each(TRANSPORTS)(
    "ten tabs in one room are live over %s, and ten in ten",
    async (transport) => {
      for (const same of [true, false]) {
        rooms = new FakeRooms();
        const browser = new FakeBrowser(rooms, locks);
        const tabs = ten.map((i) => browser.open(same ? "lobby" : `room-${i}`, { transport }));
        await pass(3_000);
        for (const tab of tabs) rooms.room(tab.room).post(`hello ${tab.room}`);
        await pass(1_000);
        for (const tab of tabs) {
          expect(tab.client.state).toMatchObject({ status: "live", transport });
          expect(tab.texts).toEqual(Array(same ? 10 : 1).fill(`hello ${tab.room}`));
          if (transport !== "poll") expect(rooms.streams(tab.room)).toBe(1);
        }
        expect(tabs.filter((tab) => tab.leads)).toHaveLength(1);
        for (const i of ten) tabs[i]?.client.post(`from ${i}`);
        await pass(5_000);
        for (const tab of tabs) {
          expect(tab.client.posts).toEqual([]);
          expect(tab.texts).toEqual(rooms.room(tab.room).log.map(({ text }) => text));
        }
        for (const tab of tabs) tab.close();
        await pass(1_000);
      }
    },
  );

  test.each(["close", "kill", "freeze", "sleep"] as const)(
    "another takes over within 2 s: %s",
    async (how) => {
      const browser = new FakeBrowser(rooms, locks);
      const tabs = ten.map((i) => browser.open(`room-${i % 5}`));
      await pass(5_000);
      const leader = tabs.find((tab) => tab.leads);
      expect(leader).toBeDefined();
      leader?.[how]();
      const others = tabs.filter((tab) => tab !== leader);
      for (const tab of others) tab.client.post(`under way ${tab.room}`);
      await pass(2_000);
      for (const tab of others) rooms.room(tab.room).post("after");
      await pass(200);
      expect(others.filter((tab) => tab.leads)).toHaveLength(1);
      await pass(6_000);
      if (how === "freeze" || how === "sleep") leader?.thaw();
      await pass(5_000);
      const alive = how === "freeze" || how === "sleep" ? tabs : others;
      expect(alive.filter((tab) => tab.leads)).toHaveLength(1);
      for (const tab of alive) {
        expect(tab.client.state.status).toBe("live");
        expect(tab.client.posts).toEqual([]);
        expect(tab.texts).toEqual(rooms.room(tab.room).log.map(({ text }) => text));
        expect(rooms.streams(tab.room)).toBe(1);
      }
    },
  );
});

describe.each([true, false])("the rooms of one tab, with locks: %s", (locks) => {
  const names = ten.map((i) => `room-${i}`);

  test.each(TRANSPORTS)("are one party to what the tabs share, over %s", async (transport) => {
    const browser = new FakeBrowser(rooms, locks);
    const tabs = ten.slice(0, 3).map(() => browser.open("lobby", { transport }));
    await pass(3_000);
    const others = tabs.flatMap((tab) => names.map((name) => tab.also(name)));
    await pass(5_000);
    const all = () => [...tabs.filter(({ dead }) => !dead), ...others];
    for (const { client } of all()) expect(client.state).toMatchObject({ status: "live" });
    if (transport !== "poll") for (const name of names) expect(rooms.streams(name)).toBe(1);
    for (const { client, room } of others) client.post(`to ${room}`);
    await pass(10_000);
    for (const { client, room, texts } of all()) {
      expect(client.posts).toEqual([]);
      expect(texts).toEqual(rooms.room(room).log.map(({ text }) => text));
    }
    for (const name of names) expect(rooms.room(name).log).toHaveLength(3);
    // What the tabs tell each other does not grow with the rooms.
    const before = browser.said;
    await pass(10_000);
    expect(browser.said - before).toBeLessThan(100);

    // The tab that leads goes: the others carry on with all rooms.
    const leader = tabs.findIndex((tab) => tab.leads);
    tabs[leader]?.kill();
    others.splice(leader * 10, 10);
    await pass(8_000);
    for (const name of names) rooms.room(name).post("after");
    await pass(2_000);
    for (const { room, texts } of others) {
      expect(texts).toEqual(rooms.room(room).log.map(({ text }) => text));
    }
    for (const tab of tabs) tab.kill();
  });

  test("are left one by one, and nobody else leads for it", async () => {
    const browser = new FakeBrowser(rooms, locks);
    const tab = browser.open("lobby");
    await pass(3_000);
    const kitchen = tab.also("kitchen");
    await pass(2_000);
    tab.client.leave();
    await pass(1_000);
    expect([rooms.streams("lobby"), rooms.streams("kitchen")]).toEqual([0, 1]);
    expect(kitchen.client.state.status).toBe("live");
    tab.client.start();
    await pass(1_000);
    rooms.room("lobby").post("again");
    await pass(1_000);
    expect(tab.texts).toEqual(["again"]);
    const led = tab.decisions.filter(({ what }) => what === "lead");
    expect(led).toHaveLength(1);
    kitchen.client.close();
    tab.close();
  });

  test("have a name that was taken in one of them", async () => {
    const browser = new FakeBrowser(rooms, locks);
    const tabs = [browser.open("lobby"), browser.open("lobby")];
    await pass(2_000);
    const clients = tabs.flatMap((tab) => [tab.client, tab.also("kitchen").client]);
    await pass(2_000);
    const names = clients.map(() => 0);
    clients.forEach((client, i) => {
      client.on("session", () => {
        names[i] = (names[i] ?? 0) + 1;
      });
    });
    await clients[1]?.signIn("Ann");
    await pass(2_000);
    expect(names).toEqual([1, 1, 1, 1]);
    expect([rooms.streams("lobby"), rooms.streams("kitchen")]).toEqual([1, 1]);
    for (const tab of tabs) tab.kill();
  });
});

/** Requests for a log that are no polls. */
const reads = () => rooms.asked.filter((path) => /messages(\?after=[^&]*)?$/.test(path));

test("a tab that comes later has the past from the one that leads, without a request", async () => {
  const browser = new FakeBrowser(rooms);
  const lobby = rooms.room("lobby");
  lobby.marks = true;
  lobby.post("before");
  const first = browser.open();
  await pass(2_000);
  const { id } = lobby.post("said");
  lobby.append({ type: "edit", target: id, text: "said otherwise" });
  const bob = { ...lobby.member, id: "other", name: "Bob" };
  lobby.tell({ type: "joined", roomId: "lobby", member: bob, version: 2 });
  lobby.tell({ type: "call", roomId: "lobby", state: "started", time: "2026-11-24T12:00:01Z" });
  lobby.read("1-00000001" as Cursor);
  lobby.post("not read");
  await pass(500);
  const second = browser.open();
  const told: ServerEvent[] = [];
  second.client.on("event", (event) => told.push(event));
  await pass(500);
  expect(second.client.state).toMatchObject({ status: "live" });
  expect(second.texts).toEqual(["before", "said", "not read"]);
  expect(second.client.cursor).toBe(first.client.cursor);
  expect(second.client.members).toEqual(first.client.members);
  expect(second.client.memberCount).toBe(2);
  const extra = (name: string) =>
    told.find((event) => event.type === "unknown" && event.name === name);
  expect(extra("edit")).toMatchObject({ fields: { target: id, text: "said otherwise" } });
  expect(extra("call")).toMatchObject({ fields: { state: "started" } });
  // The server counted before the last one came.
  expect(extra("read")).toMatchObject({ fields: { cursor: "1-00000001", unread: 2 } });
  lobby.post("after");
  await pass(500);
  for (const { texts } of [first, second]) expect(texts.at(-1)).toBe("after");
  expect(reads()).toEqual([]);
});

test("a log that the leader does not know is read once, and one log at a time", async () => {
  const browser = new FakeBrowser(rooms);
  for (const i of ten) for (const text of ["a", "b"]) rooms.room(`room-${i}`).post(text);
  const after = "2-00000001" as Cursor;
  const first = browser.open("room-0", { after });
  await pass(2_000);
  const [, ...names] = ten.map((i) => `room-${i}`);
  for (const name of names) first.also(name, { after });
  await pass(2_000);
  let [now, most] = [0, 0];
  const { fetch } = rooms;
  rooms.fetch = (input, init) => {
    if (!/messages(\?after=[^&]*)?$/.test(String(input))) return fetch(input, init);
    most = Math.max(most, ++now);
    return fetch(input, init).finally(() => now--);
  };
  const tabs = ten.slice(0, 3).map(() => browser.open("room-0"));
  const others = tabs.flatMap((tab) => names.map((name) => tab.also(name)));
  rooms.room("room-5").post("meanwhile");
  await pass(3_000);
  for (const { client, room, texts } of [...tabs, ...others]) {
    expect(client.state.status).toBe("live");
    expect(texts).toEqual(rooms.room(room).log.map(({ text }) => text));
  }
  expect(reads()).toHaveLength(ten.length);
  expect(most).toBe(1);
});

test("a tab that missed what it was told has it from the leader", async () => {
  const browser = new FakeBrowser(rooms);
  const tabs = ten.slice(0, 3).map(() => browser.open());
  await pass(2_000);
  const other = tabs.find(({ leads }) => !leads);
  for (const text of ["heard", "missed", "after"]) {
    if (other !== undefined) other.deaf = text === "missed";
    rooms.room("lobby").post(text);
    await pass(300);
  }
  for (const tab of tabs) expect(tab.texts).toEqual(["heard", "missed", "after"]);
  expect(reads()).toEqual([]);
  for (const tab of tabs) tab.close();
});

test("the last tab of a room leaves it, and no other", async () => {
  const browser = new FakeBrowser(rooms);
  const tabs = ["lobby", "lobby", "kitchen"].map((room) => browser.open(room));
  await pass(2_000);
  tabs[0]?.client.leave();
  await pass(1_000);
  expect([rooms.streams("lobby"), rooms.streams("kitchen")]).toEqual([1, 1]);
  tabs[1]?.client.leave();
  await pass(1_000);
  expect([rooms.streams("lobby"), rooms.streams("kitchen")]).toEqual([0, 1]);
  expect(tabs[2]?.client.state.status).toBe("live");
  tabs[2]?.close();
});

test("a reset reaches every tab of the room", async () => {
  const browser = new FakeBrowser(rooms);
  const tabs = ["lobby", "lobby", "kitchen"].map((room) => browser.open(room));
  rooms.room("lobby").post("old");
  await pass(2_000);
  rooms.room("lobby").rewrite();
  rooms.room("lobby").post("new");
  await pass(3_000);
  expect(tabs.map(({ texts }) => texts)).toEqual([["new"], ["new"], []]);
  for (const tab of tabs) tab.close();
});

test("the sixty-fifth room has a connection of its own", { timeout: 60_000 }, async () => {
  const browser = new FakeBrowser(rooms);
  const tabs = Array.from({ length: 66 }, (_, i) => browser.open(`room-${i}`));
  await pass(600);
  expect(tabs.every(({ client }) => client.state.status === "live")).toBe(true);
  const own = tabs.filter(({ decisions }) => decisions.some(({ what }) => what === "own"));
  expect(own).toHaveLength(2);
  for (const tab of tabs) tab.close();
});

test("a name that one tab takes is every tab's", async () => {
  const browser = new FakeBrowser(rooms);
  const tabs = ten.slice(0, 3).map(() => browser.open());
  await pass(2_000);
  const names: string[] = [];
  for (const tab of tabs) tab.client.on("session", (s) => names.push(s?.name ?? ""));
  await tabs[1]?.client.signIn("Ann");
  await pass(1_000);
  expect(names).toEqual(["Ann", "Ann", "Ann"]);
  expect(rooms.streams("lobby")).toBe(1);
  for (const tab of tabs) tab.close();
});

describe("random walks", () => {
  test.each(Array.from({ length: 60 }, (_, i) => i + 1))(
    "walk %i",
    { timeout: 30_000 },
    async (seed) => {
      const random = new Random(seed);
      const pick = <T>(from: readonly T[]) => from[Math.floor(random.next() * from.length)] as T;
      const browser = new FakeBrowser(rooms, seed % 2 === 0);
      const cursors = new Map<object, number>();
      let posted = 0;
      const open = () => {
        const tab = browser.open(`room-${Math.floor(random.next() * 3)}`);
        cursors.set(tab, 0);
        tab.client.on("message", ({ id }) => {
          expect(seqOf(id)).toBeGreaterThan(cursors.get(tab) ?? 0);
          cursors.set(tab, seqOf(id));
        });
      };
      for (let i = 0; i < 4; i++) open();
      for (let step = 0; step < 60; step++) {
        const living = browser.tabs.filter(({ dead }) => !dead);
        const awake = living.filter(({ frozen }) => !frozen);
        const dice = random.next();
        if (dice < 0.1 && living.length < 8) open();
        else if (dice < 0.15 && awake.length > 2) pick(awake).close();
        else if (dice < 0.2 && awake.length > 2) pick(awake).kill();
        else if (dice < 0.28 && awake.length > 2) pick(awake).freeze();
        else if (dice < 0.4) living.find(({ frozen }) => frozen)?.thaw();
        else if (dice < 0.5) for (const room of rooms.rooms.values()) room.cutAll();
        else if (dice < 0.6)
          rooms.set(pick(["ws", "sse"]), pick(["ok", "kill", "refused", "mute"]));
        else if (dice < 0.8) rooms.room(pick(living).room).post(`other ${++posted}`);
        else pick(awake).client.post(`own ${++posted}`);
        await pass(Math.floor(random.next() * 2_500));
      }
      for (const path of ["ws", "sse"] as const) rooms.set(path, "ok");
      for (const tab of browser.tabs) if (tab.frozen && !tab.dead) tab.thaw();
      // Long enough for a probe to have had its probation.
      await pass(120_000);
      const living = browser.tabs.filter(({ dead }) => !dead);
      expect(living.filter(({ leads }) => leads)).toHaveLength(1);
      for (const tab of living) {
        expect(tab.client.state.status).toBe("live");
        expect(tab.client.posts).toEqual([]);
        const log = rooms.room(tab.room).log.map(({ text }) => text);
        expect(tab.texts).toEqual(log);
        expect(new Set(log).size).toBe(log.length);
        expect(rooms.streams(tab.room)).toBeLessThanOrEqual(1);
      }
      for (const tab of living) tab.close();
    },
  );

  test("500 posts both ways while the transport is forced to change", {
    timeout: 60_000,
  }, async () => {
    const browser = new FakeBrowser(rooms);
    const tabs = ten.slice(0, 4).map((i) => browser.open(`room-${i % 2}`));
    await pass(2_000);
    for (let i = 0; i < 500; i++) {
      if (i % 50 === 0) {
        const [ws, sse] =
          [
            ["ok", "ok"],
            ["refused", "ok"],
            ["refused", "refused"],
          ][(i / 50) % 3] ?? [];
        rooms.set("ws", ws as Mode);
        rooms.set("sse", sse as Mode);
        for (const room of rooms.rooms.values()) room.cutAll();
      }
      tabs[i % 4]?.client.post(`own ${i}`);
      rooms.room(`room-${i % 2}`).post(`other ${i}`);
      await pass(100);
    }
    await pass(60_000);
    for (const tab of tabs) {
      expect(tab.client.posts).toEqual([]);
      expect(tab.texts).toEqual(rooms.room(tab.room).log.map(({ text }) => text));
      expect(tab.texts).toHaveLength(500);
      for (const one of tabs) {
        if (one.room !== tab.room) continue;
        const own = tab.texts.filter(
          (t) => t.startsWith("own") && tabs[Number(t.slice(4)) % 4] === one,
        );
        expect(own).toHaveLength(125);
        expect(own).toEqual([...own].sort((a, b) => Number(a.slice(4)) - Number(b.slice(4))));
      }
    }
    const activated = tabs.flatMap(({ decisions }) =>
      decisions.filter(({ what }) => what === "activate"),
    );
    expect(new Set(activated.map(({ transport }) => transport))).toEqual(
      new Set(["ws", "sse", "poll"]),
    );
    for (const tab of tabs) tab.close();
  });
});

test("of a long past the newest is kept, for who was there and for who comes new", () => {
  const past = createPast("lobby", undefined);
  const cursor = (n: number) => `${n}-00000001` as Cursor;
  const said = (n: number): ServerEvent => ({
    type: "message",
    roomId: "lobby",
    id: cursor(n),
    from: { id: "other", name: "Bob" },
    text: `${n}`,
    time: "",
  });
  const ids = (events: ServerEvent[] | undefined) =>
    events?.flatMap((event) => (event.type === "message" ? seqOf(event.id) : []));
  past.take(said(1));
  past.take({ type: "live", roomId: "lobby", cursor: cursor(1) });
  for (let n = 2; n <= 5_000; n++) past.take(said(n));
  const fresh = ids(past.tell(undefined, true)) ?? [];
  expect(fresh.length).toBeGreaterThan(500);
  expect(fresh.length).toBeLessThanOrEqual(1_500);
  expect(fresh).toEqual(fresh.map((_, i) => 5_000 - fresh.length + 1 + i));
  expect(ids(past.tell(cursor(4_990), true))).toEqual([
    4_991, 4_992, 4_993, 4_994, 4_995, 4_996, 4_997, 4_998, 4_999, 5_000,
  ]);
  expect(past.tell(cursor(1), true)).toBeUndefined();
  expect(past.tell("4990-ffffffff" as Cursor, true)).toBeUndefined();
  // What was read of the log is told up to its end; the tab has heard the rest itself.
  const part = { entries: [4_989, 4_990].map(said), reset: false, reason: "" };
  const told = past.tell(cursor(4_988), true, { ...part, cursor: cursor(4_990) });
  expect(ids(told)).toEqual([4_989, 4_990]);
  expect(told?.at(-1)).toMatchObject({ type: "live", cursor: cursor(4_990) });
  // What was taken back, or quotes it, is told to nobody any more.
  const fields = { target: cursor(4_995) };
  past.take({ type: "unknown", name: "delete", roomId: "lobby", id: cursor(5_001), fields });
  past.take(said(5_002));
  expect(past.tell(undefined, true)).toBeUndefined();
  expect(past.tell(cursor(4_990), true)).toBeUndefined();
  expect(ids(past.tell(cursor(5_001), true))).toEqual([5_002]);
  const now = { entries: [4_999, 5_000, 5_002].map(said), reset: false, reason: "" };
  past.tell(undefined, true, { ...now, cursor: cursor(5_002) });
  expect(ids(past.tell(undefined, true))).toEqual([4_999, 5_000, 5_002]);
});
