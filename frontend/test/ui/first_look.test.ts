// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { endFirstLook, firstLook } from "../../src/ui/first_look.ts";

const at = (minute: number) => new Date(Date.now() - (100 - minute) * 60_000).toISOString();
const said = (n: number, from: string, text: string, extra: object = {}) => ({
  type: "message",
  roomId: "lobby",
  id: `${n}-00000001`,
  from: { id: from, name: from.toUpperCase() },
  text,
  time: at(n),
  ...extra,
});

function bring(kept: unknown): void {
  const element = document.createElement("script");
  element.type = "application/json";
  element.id = "kept";
  element.textContent = typeof kept === "string" ? kept : JSON.stringify(kept);
  document.body.append(element);
}

const look = () => document.getElementById("first-look");
const texts = () => [...document.querySelectorAll(".text")].map(({ textContent }) => textContent);

beforeEach(() => {
  localStorage.clear();
  document.body.innerHTML = '<div id="app"></div>';
  history.replaceState(null, "", "/rooms/lobby");
});
afterEach(endFirstLook);

describe("the first look", () => {
  test.each([
    ["a time that is none", [said(1, "bob", "one", { time: "never" })]],
    ["an author that is none", [{ ...said(1, "bob", "one"), from: null }]],
  ])("is left out for %s, and keeps nothing from coming after it", (_, messages) => {
    bring({ roomId: "lobby", cursor: "1-00000001", messages });
    expect(firstLook).not.toThrow();
    expect(look()).toBeNull();
  });

  test.each([
    [["de-DE", "ru"], undefined, "Сегодня"],
    [["de-DE"], undefined, "Today"],
    [["ru"], "en", "Today"],
    [["en-GB"], "nonsense!", "Today"],
  ])("of %j and %s is in the language of the page", (languages, saved, today) => {
    vi.spyOn(navigator, "languages", "get").mockReturnValue(languages);
    if (saved !== undefined) localStorage.setItem("caller.language", JSON.stringify(saved));
    bring({
      roomId: "lobby",
      cursor: "1-00000001",
      messages: [said(1, "bob", "one", { time: new Date().toISOString() })],
    });
    firstLook();
    expect(document.querySelector(".day")?.textContent).toBe(today);
    vi.restoreAllMocks();
  });

  test("has the messages as the page will have them", () => {
    localStorage.setItem("caller.session", '{"clientId":"ann","name":"Ann"}');
    const messages = [
      said(1, "bob", "one"),
      said(2, "bob", "<b>two</b>"),
      said(3, "ann", "three"),
      { ...said(4, "bob", ""), type: "notice", what: "topic" },
      said(5, "bob", "", { deleted: true, amended: "6-00000001" }),
      said(60, "bob", "four"),
    ];
    bring({ roomId: "lobby", cursor: "60-00000001", messages });
    firstLook();
    expect(look()?.querySelector("h1")?.textContent).toBe("lobby");
    expect(texts()).toEqual(["one", "<b>two</b>", "three", "four"]);
    expect(look()?.querySelectorAll("b, script")).toHaveLength(0);
    const classes = [...document.querySelectorAll(".message")].map(({ className }) => className);
    expect(classes).toEqual([
      "message theirs first sent",
      "message theirs last sent",
      "message own first last sent",
      "message theirs first last sent",
    ]);
    expect(document.querySelectorAll(".sender")).toHaveLength(2);
    expect(document.querySelectorAll(".avatar")).toHaveLength(2);
    expect(document.querySelectorAll(".day").length).toBeGreaterThan(0);
    expect(document.querySelectorAll("[data-testid]")).toHaveLength(0);
    expect(document.getElementById("kept")).not.toBeNull(); // it is the page's to take
    endFirstLook();
    expect(look()).toBeNull();
  });

  test("is of the newest", () => {
    const messages = Array.from({ length: 90 }, (_, i) => said(i + 1, "bob", `${i + 1}`));
    bring({ roomId: "lobby", cursor: "90-00000001", messages });
    firstLook();
    expect(texts()).toHaveLength(40);
    expect(texts().at(-1)).toBe("90");
  });

  test("is none where there is nothing, or what can't be read, or a link to a message", () => {
    firstLook();
    expect(look()).toBeNull();
    for (const kept of [
      "",
      "{",
      "null",
      "{}",
      '{"messages":[null]}',
      '{"messages":[{"type":"message","text":"x"}]}',
    ]) {
      document.body.innerHTML = "";
      bring(kept);
      firstLook();
      expect(look(), kept).toBeNull();
    }
    document.body.innerHTML = "";
    bring({ roomId: "lobby", cursor: "1-00000001", messages: [said(1, "bob", "one")] });
    history.replaceState(null, "", "/rooms/lobby#1-00000001");
    firstLook();
    expect(look()).toBeNull();
  });
});
