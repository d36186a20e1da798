// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Words } from "../../src/ui/i18n/index.ts";
import { REASONS, reasonText } from "../../src/ui/reasons.ts";

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

test("what is no short reason is shown as it is", () => {
  const words = new Words("en");
  expect(reasonText(words, "late")).toBe("no answer in time");
  for (const why of ["lost: closed with 1006", "constructor", ""]) {
    expect(reasonText(words, why)).toBe(why);
  }
});
