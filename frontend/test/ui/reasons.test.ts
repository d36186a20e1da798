// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Words } from "../../src/ui/i18n/index.ts";
import { ENDS, REASONS, reasonText, WHATS, whatText } from "../../src/ui/reasons.ts";

const read = (path: string) => readFileSync(join(import.meta.dirname, "../..", path), "utf8");

test("every short reason of the selector is spelled out, and listed", () => {
  const given = read("src/client/transport_selector.ts").matchAll(
    /\b(?:(?:decide|act)\("\w+"(?:, one)?|close\([\w.#]+|(?:closeAll|cancelRace|gone|win)\((?:[\w.#]+, )?|activate\(\w+|open\(\w+|begin\(|doubt\()(?:, )?"(\w+)"/g,
  );
  const reasons = new Set([...given].map(([, reason]) => reason ?? ""));
  expect(reasons.size).toBeGreaterThan(14);
  const readme = read("README.md");
  for (const reason of reasons) expect(REASONS).toHaveProperty(reason);
  for (const reason of Object.keys(REASONS)) expect(readme).toContain(`\`${reason}\``);
});

test("everything that is decided is spelled out, in each language", () => {
  const done = ["transport_selector", "tabs", "tabs_place"].flatMap((name) => [
    ...read(`src/client/${name}.ts`).matchAll(/\b(?:(?:decide|act|note)\(|what: )"([\w ]+)"/g),
  ]);
  const whats = new Set(done.map(([, what]) => what ?? ""));
  expect([...whats].sort()).toEqual(Object.keys(WHATS).sort());
  const latin = (text: string) => /[a-z]/i.test(text);
  const ru = new Words("ru");
  for (const what of whats) expect(latin(whatText(ru, { at: 0, what, why: "" })), what).toBe(false);
  for (const why of [...Object.keys(REASONS), "after 29 ms", "1500 ms"]) {
    expect(latin(reasonText(ru, why)), why).toBe(false);
  }
  for (const kind of Object.keys(ENDS)) {
    expect(latin(reasonText(ru, `${kind}: stream ended, after 5 ms`)), kind).toBe(false);
  }
  expect(whatText(ru, { at: 0, what: "proven", transport: "ws", why: "" })).toBe(
    "подтверждено: ws",
  );
  expect(reasonText(ru, "after 29 ms")).toBe("через 29 мс");
  expect(reasonText(ru, "lost: closed with 1006 bye, after 29 ms")).toBe(
    "соединение потеряно: закрыто с кодом 1006 bye, через 29 мс",
  );
  const en = new Words("en");
  expect(whatText(en, { at: 0, what: "ended", transport: "ws", why: "" })).toBe("ended ws");
  expect(reasonText(en, "busy: 503 unavailable, after 29 ms")).toBe(
    "come back later: 503 unavailable, after 29 ms",
  );
});

test("what is no short reason is shown as it is", () => {
  const words = new Words("en");
  expect(reasonText(words, "late")).toBe("no answer in time");
  for (const why of ["lost: closed with 1006", "constructor", ""]) {
    expect(reasonText(words, why)).toBe(why);
  }
});
