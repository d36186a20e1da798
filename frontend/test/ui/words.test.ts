// @vitest-environment happy-dom
import { describe, expect, test, vi } from "vitest";
import { en } from "../../src/ui/i18n/en.ts";
import { enFiles } from "../../src/ui/i18n/en_files.ts";
import { enMore } from "../../src/ui/i18n/en_more.ts";
import { enRules } from "../../src/ui/i18n/en_rules.ts";
import { preferredLanguage, Words } from "../../src/ui/i18n/index.ts";
import { ru as ruFirst } from "../../src/ui/i18n/ru.ts";
import { ruFiles } from "../../src/ui/i18n/ru_files.ts";
import { ruMore } from "../../src/ui/i18n/ru_more.ts";
import { ruRules } from "../../src/ui/i18n/ru_rules.ts";
import type { Plural } from "../../src/ui/i18n/texts.ts";
import { agoText } from "../../src/ui/i18n/times.ts";
import { problemText } from "../../src/ui/problems.ts";

const ru = { ...ruFirst, ...ruMore, ...ruRules, ...ruFiles };
const english: Record<string, string | Plural> = { ...en, ...enMore, ...enRules, ...enFiles };
const russian: Record<string, string | Plural> = ru;
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

describe("the two languages", () => {
  test("have each text either in the page or in what comes later", () => {
    for (const first of [en, ruFirst]) {
      for (const key of Object.keys(first)) expect(enMore).not.toHaveProperty(key);
    }
    expect(Object.keys(ruMore).sort()).toEqual(Object.keys(enMore).sort());
    for (const key of Object.keys(enRules)) expect({ ...en, ...enMore }).not.toHaveProperty(key);
    const others = { ...en, ...enMore, ...enRules };
    for (const key of Object.keys(enFiles)) expect(others).not.toHaveProperty(key);
  });

  test("have the same texts", () => {
    expect(Object.keys(russian).sort()).toEqual(Object.keys(english).sort());
  });

  test.each(Object.keys(english))("%s is said, with the same holes and all plural forms", (key) => {
    const [a, b] = [english[key], russian[key]];
    if (typeof a === "string") {
      expect(typeof b).toBe("string");
      expect(a.trim()).not.toBe("");
      expect(String(b).trim()).not.toBe("");
      expect(holes(String(b))).toEqual(holes(a));
      return;
    }
    for (const category of new Intl.PluralRules("en").resolvedOptions().pluralCategories) {
      expect(a?.[category as "one"], category).toMatch(/\S/);
    }
    for (const category of new Intl.PluralRules("ru").resolvedOptions().pluralCategories) {
      const form = (b as Plural)[category as "one"];
      expect(form, category).toMatch(/\S/);
      expect(holes(form)).toEqual(holes((a as Plural).other));
    }
  });

  test("Russian has the words that were asked for", () => {
    expect(ru.startTitle).toBe("Чат-комнаты");
    expect(ru.join).toBe("Присоединиться");
    expect(ru.create).toBe("Создать");
    expect(ru.leaveRoom).toBe("Покинуть комнату");
    expect(ru.messagePlaceholder).toBe("Напишите сообщение…");
    expect(ru.send).toBe("Отправить");
  });
});

test("are whole when only what comes later was asked for", async () => {
  vi.resetModules();
  const fresh = await import("../../src/ui/i18n/index.ts");
  await fresh.loadMore("ru");
  const words = new fresh.Words("ru");
  expect([words.text("join"), words.text("send")]).toEqual([ru.join, ru.send]);
});

test("counts take the right form", () => {
  const words = new Words("ru");
  expect([1, 2, 5, 21, 11].map((n) => words.plural("peopleCount", n))).toEqual([
    "1 участник",
    "2 участника",
    "5 участников",
    "21 участник",
    "11 участников",
  ]);
  expect(new Words("en").plural("newBelow", 1)).toBe("1 new message");
});

test("a server that is full says that it can't do it now", () => {
  const said = problemText(new Words("en"), { code: "busy", title: "The server is full" });
  expect(said).toBe(enMore.problemUnavailable);
});

test("days have names", () => {
  const words = new Words("en");
  const now = new Date(2026, 10, 24, 12).getTime();
  expect(words.day(now, now)).toBe("Today");
  expect(words.day(now - 86_400_000, now)).toBe("Yesterday");
  expect(words.day(now - 3 * 86_400_000, now)).toContain("21");
});

test("the browser's languages choose", () => {
  expect(preferredLanguage(["de-DE", "ru-RU", "en"])).toBe("ru");
  expect(preferredLanguage(["de-DE"])).toBe("en");
});

test("what was a moment ago is said as people say it", () => {
  const now = Date.UTC(2026, 10, 24, 12);
  const ago = (language: "en" | "ru", minutes: number) =>
    agoText(new Words(language), now - minutes * 60_000, now);
  expect([0, 0.4, 5, 120].map((minutes) => ago("en", minutes))).toEqual([
    "just now",
    "just now",
    "5 minutes ago",
    "2 hours ago",
  ]);
  expect([0, 2].map((minutes) => ago("ru", minutes))).toEqual(["только что", "2 минуты назад"]);
});
