import { expect, test } from "vitest";
import { found } from "../../src/ui/rooms/jump_match.ts";
import type { RoomEntry } from "../../src/ui/rooms/rooms.ts";

const entry = (room: string): RoomEntry => ({
  room,
  name: room,
  current: false,
  joined: true,
  muted: false,
  at: 0,
  last: undefined,
  unread: 0,
  mentions: 0,
});
const named = (typed: string, ...rooms: string[]) =>
  found(rooms.map(entry), typed, undefined).map(({ room }) => room);

test.each([
  ["İst", "istanbul"],
  ["ΟΔΟΣ", "οδοσήμανση"],
  ["οδος", "οδος"],
  ["ΟΔ", "οδος"],
  [" Kit", "kitchen"],
])("%s finds %s, by the rule of names", (typed, room) => {
  expect(named(typed, "lobby", room)).toEqual([room]);
});

test("a room is found by its title and by its id", () => {
  const tea = { ...entry("k3v9x"), name: "Tea at Four" };
  const rooms = [entry("lobby"), tea, entry("tea")];
  const ids = (typed: string) => found(rooms, typed, undefined).map(({ room }) => room);
  expect(ids("tea")).toEqual(["k3v9x", "tea"]);
  expect(ids("at four")).toEqual(["k3v9x"]);
  expect(ids("K3V")).toEqual(["k3v9x"]);
  // A title is no id: what is named so exactly can be gone to.
  expect(found(rooms, "tea", "tea")[0]?.room).toBe("tea");
});

test("what begins so comes first", () => {
  expect(named("b", "lobby", "bar")).toEqual(["bar", "lobby"]);
});
