import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TRANSPORTS } from "../../src/client/index.ts";
import { FakeRooms } from "../fake_rooms.ts";
import { FakeBrowser } from "../fake_tabs.ts";

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
        expect(tabs.filter((tab) => tab.holds)).toHaveLength(1);
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

  test.each(["close", "kill", "freeze"] as const)(
    "another takes over within 2 s: %s",
    async (how) => {
      const browser = new FakeBrowser(rooms, locks);
      const tabs = ten.map((i) => browser.open(`room-${i % 5}`));
      await pass(5_000);
      const holder = tabs.find((tab) => tab.holds);
      expect(holder).toBeDefined();
      holder?.[how]();
      const others = tabs.filter((tab) => tab !== holder);
      for (const tab of others) tab.client.post(`under way ${tab.room}`);
      await pass(2_000);
      for (const tab of others) rooms.room(tab.room).post("after");
      await pass(200);
      expect(others.filter((tab) => tab.holds)).toHaveLength(1);
      await pass(6_000);
      if (how === "freeze") holder?.thaw();
      await pass(5_000);
      const alive = how === "freeze" ? tabs : others;
      expect(alive.filter((tab) => tab.holds)).toHaveLength(1);
      for (const tab of alive) {
        expect(tab.client.state.status).toBe("live");
        expect(tab.client.posts).toEqual([]);
        expect(tab.texts).toEqual(rooms.room(tab.room).log.map(({ text }) => text));
        expect(rooms.streams(tab.room)).toBe(1);
      }
    },
  );
});
