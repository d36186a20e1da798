import { describe, expect, test } from "vitest";
import { findEmoji } from "../../src/ui/emoji/search.ts";

describe("the search for an emoji", () => {
  test.each([
    ["heart", "❤️"],
    ["сердце", "❤️"],
    ["Hearts", "💕"],
    ["cat", "😺"],
    ["dog", "🐶"],
    ["собака", "🐶"],
    ["fire", "🔥"],
    ["огонь", "🔥"],
    ["thumb", "👍"],
    ["палец", "👍"],
    ["star", "⭐"],
    ["sun", "☀️"],
    ["eyes", "👀"],
    ["party", "🎉"],
    ["red heart", "❤️"],
    ["🥰", "🥰"],
  ])("has what is meant by %s first: %s", (query, emoji) => {
    expect(findEmoji(query)[0]?.emoji).toBe(emoji);
  });

  test("finds by the beginnings of words, in both languages, each once", () => {
    const found = findEmoji("серд").map(({ emoji }) => emoji);
    expect(found).toContain("💔");
    expect(new Set(found).size).toBe(found.length);
    expect(findEmoji("")).toEqual([]);
    expect(findEmoji("no such thing")).toEqual([]);
  });
});
