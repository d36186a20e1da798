import { describe, expect, test } from "vitest";
import { roomTyped } from "../../src/ui/room_typed.ts";

const BASE = "https://chat.example/talk/";

describe("what somebody types for a room", () => {
  test.each([
    ["lobby", "lobby"],
    [" Lobby ", "lobby"],
    ["Кухня", "кухня"],
  ])("%s is the room", (typed, room) => {
    expect(roomTyped(typed, BASE)).toEqual({ room, hash: "" });
  });

  test.each([
    ["my room", "my-room"],
    ["Москва 2026", "москва-2026"],
    ["#lobby", "lobby"],
    ["@Team / Design", "team-design"],
    ["  a   b ", "a-b"],
    ["what? now!", "what-now"],
    ["\u0301abc", "abc"],
    ["½ pint", "pint"],
    ["lob\u200bby", "lobby"],
    ["/rooms/my room", "my-room"],
    ["rooms/", "rooms"],
    ["...secret room", "secret-room"],
    ["x".repeat(70), "x".repeat(64)],
  ])("%s is offered %s", (typed, offer) => {
    expect(roomTyped(typed, BASE)).toEqual({ offer });
  });

  test.each(["", "  ", ".", "..", "½", "Ⅷ", "①", "\u0301", "🙂", "?!", "\u200b"])(
    "%s is nothing",
    (typed) => {
      expect(roomTyped(typed, BASE)).toEqual({ nothing: true });
    },
  );

  test.each([
    ["https://chat.example/talk/rooms/lobby", "lobby", ""],
    ["HTTPS://chat.example/talk/rooms/Lobby/?transport=sse", "lobby", ""],
    ["chat.example/talk/rooms/%D0%BA#42-7f3a9c12", "к", "#42-7f3a9c12"],
    ["http://chat.example/talk/rooms/lobby", "lobby", ""],
    ["/rooms/Lobby", "lobby", ""],
    ["rooms/%D0%BA#42-7f3a9c12", "к", "#42-7f3a9c12"],
  ])("%s is followed", (typed, room, hash) => {
    expect(roomTyped(typed, BASE)).toEqual({ room, hash });
  });

  test.each([
    ["https://other.example/talk/rooms/lobby", "other.example"],
    ["https://chat.example/rooms/lobby", "chat.example"],
    ["https://chat.example/talk/", "chat.example"],
    ["https://chat.example/talk/rooms/%E0%A4%A", "chat.example"],
    ["https://chat.example/talk/rooms/a%20b", "chat.example"],
  ])("%s leads elsewhere", (typed, elsewhere) => {
    expect(roomTyped(typed, BASE)).toEqual({ elsewhere });
  });
});
