import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { normalRoom } from "../../src/ui/room_name.ts";

interface Example {
  typed: string;
  /** null where there is no such room. */
  room: string | null;
  why?: string;
}

const FILE = new URL("../../../chat/testdata/room-names.json", import.meta.url);
const examples: Example[] = JSON.parse(readFileSync(FILE, "utf8"));

describe("a room's name", () => {
  test.each(examples)("$typed is $room", ({ typed, room }) => {
    expect(normalRoom(typed) ?? null).toBe(room);
    if (room !== null) expect(normalRoom(room)).toBe(room);
  });

  test("space around it is taken off", () => {
    expect(normalRoom(" Кухня\n")).toBe("кухня");
  });
});
