import { describe, expect, test } from "vitest";
import { findAddresses } from "../../../src/ui/text/addresses.ts";
import { parse } from "../../../src/ui/text/parse.ts";
import {
  inOneLine,
  isLong,
  mayHaveMarkup,
  typedParts,
  withoutMarks,
} from "../../../src/ui/text/typed.ts";

/** A text of n characters of a pattern, or of a pattern that grows. */
const repeat = (pattern: string) => (n: number) =>
  pattern.repeat(Math.ceil(n / pattern.length)).slice(0, n);
const growing = (piece: (i: number) => string) => (n: number) => {
  let text = "";
  for (let i = 1; text.length < n; i++) text += piece(i);
  return text.slice(0, n);
};
const mixed = (n: number) => {
  const signs = "*_`~[]()>-\n ab!<\\#1.@h:/w";
  let state = 7;
  let text = "";
  for (let i = 0; i < n; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    text += signs[(state >> 8) % signs.length];
  }
  return text;
};

/** What somebody may post to keep everybody's page busy. */
const HOSTILE: Record<string, (n: number) => string> = {
  dots: (n) => `https://a/${".".repeat(n / 3)}x${")".repeat((2 * n) / 3)}`,
  "dots, half and half": (n) => `https://a/${".".repeat(n / 2)}x${")".repeat(n / 2)}`,
  "addresses and brackets": growing(() => `https://a${")".repeat(50)} `),
  "an address and brackets": (n) => `https://a${")".repeat(n)}`,
  "opened brackets": (n) => `https://a/${"(".repeat(n)}`,
  "pairs of brackets": (n) => `https://a/(${"()".repeat(n / 2)}`,
  "brackets in brackets": (n) => `https://a/${"(a".repeat(n / 4)}${")".repeat(n / 2)}`,
  quotes: (n) => `https://a/${"'a".repeat(n / 2)}`,
  "addresses in addresses": repeat("https://a("),
  "addresses that never end": repeat("https://"),
  "www.": repeat("www."),
  "www.a.b(": repeat("www.a.b("),
  "hosts with dots": (n) => `https://${"a.".repeat(n / 2)}`,
  "hosts with hyphens": (n) => `https://${"a-".repeat(n / 2)}`,
  "hosts in punycode": repeat(`https://${"xn--a.".repeat(11)}_ `),
  "hosts of hyphens": repeat(`https://${`${"a-".repeat(30)}a.`.repeat(10)}_ `),
  "an @ after all": (n) => `https://${"a".repeat(n)}@`,
  "[": repeat("["),
  "[a](": repeat("[a]("),
  "[]": (n) => "[".repeat(n / 2) + "]".repeat(n / 2),
  "[a](<": repeat("[a](<b"),
  "[a]((": (n) => `[a]${"(".repeat(n)}`,
  '[a](b "': repeat('[a](b "'),
  "*": repeat("*"),
  "*a ": repeat("*a "),
  "a* ": repeat("a* "),
  "**a_ ": repeat("**a_ "),
  _: repeat("_*"),
  "a**b*c ": repeat("a**b*c "),
  "~~a ": repeat("~~a "),
  "`": growing((i) => `a${"`".repeat(i)}`),
  "`a": repeat("`a``b"),
  "`\n": repeat("`\n"),
  ">": repeat("> "),
  "> a": repeat("> a\n"),
  ">>": growing((i) => `${">".repeat(i)} a\n`),
  "- ": (n) => `${"- ".repeat(n / 2)}a`,
  "- a": growing((i) => `${" ".repeat(2 * i)}- a\n`),
  "1. ": repeat("1. a\n"),
  "> - ": repeat("> - a\n"),
  "```": repeat("```\n"),
  "```a": repeat("```a\nb\n"),
  "``` ```": growing((i) => `${"`".repeat(i + 2)}\n`),
  "~~~": repeat("~~~a\n"),
  "\\": repeat("\\"),
  "@": repeat("@"),
  "@a": repeat("@a"),
  newlines: (n) => `a${"\n".repeat(n)}b`,
  spaces: (n) => `a${" ".repeat(n)}b`,
  "spaced lines": repeat("   \n"),
  mixed,
};
const names = ["Ann Lee", "a", "aa", "aaa"];

/** Milliseconds of the processor for one run, of this process's other threads too. */
function timed(work: () => void): number {
  const from = process.cpuUsage();
  work();
  return process.cpuUsage(from).user / 1_000;
}

/** The least of several runs, of as many as it takes to get below a limit, but of 100 at most. */
function least(work: () => void, limit: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 100 && best >= limit; i++) best = Math.min(best, timed(work));
  return best;
}

let run = 0;
/** Reads a text that was not read before, so that no memory helps. */
const readAnew = (text: string) => parse(`${text} ${run++}`, names);

describe("what others write is read in time that grows with its length", () => {
  test.each(Object.keys(HOSTILE))("%s", (name) => {
    const make = HOSTILE[name] as (n: number) => string;
    readAnew(make(4_000));
    const [short, long] = [make(2_000), make(16_000)];
    let before = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5; i++)
      before = Math.min(
        before,
        timed(() => readAnew(short)),
      );
    // Eight times the text: 8 times the work where it is linear, 64 where it is not. What takes next
    // to no time says nothing. Other threads make a run dearer than it is, but not a hundred.
    const limit = Math.max(40 * before, 150);
    const after = least(() => readAnew(long), limit);
    expect(after, `${before.toFixed(2)} ms became ${after.toFixed(2)} ms`).toBeLessThan(limit);
  });

  test.each(Object.keys(HOSTILE))("%s: the search for addresses is bounded", (name) => {
    const text = (HOSTILE[name] as (n: number) => string)(4_000);
    let work = 0;
    findAddresses(text, (characters) => {
      work += characters;
    });
    expect(work).toBeLessThanOrEqual(5 * text.length + 1_000);
  });

  test.each(Object.keys(HOSTILE))("%s: nothing throws, and what is cheap is cheap", (name) => {
    const text = (HOSTILE[name] as (n: number) => string)(20_000);
    mayHaveMarkup(text);
    expect(withoutMarks(text).length).toBeLessThanOrEqual(text.length);
    expect(inOneLine(text).length).toBeLessThanOrEqual(400);
    expect(typedParts(text)).toBeDefined();
    isLong(text);
    expect(readAnew(text)).toBeDefined();
  });
});

test("a text is read once", () => {
  const text = "once **and** for all";
  expect(parse(text)).toBe(parse(text));
  expect(parse(text, ["a"])).not.toBe(parse(text));
});
