// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { newsOf } from "../../../src/ui/call/announcements.ts";
import { Call, type Trouble } from "../../../src/ui/call/call.ts";
import { mediaTexts, troubleText } from "../../../src/ui/call/call_texts.ts";
import { bestGrid } from "../../../src/ui/call/grid.ts";
import type { Talker } from "../../../src/ui/call/session.ts";
import { levelOf } from "../../../src/ui/call/sound.ts";
import { Stage } from "../../../src/ui/call/stage.tsx";
import { Page, type PageContext } from "../../../src/ui/context.ts";
import { type Language, Words } from "../../../src/ui/i18n/index.ts";
import { FakeCalls } from "./fake_session.ts";

const talker = (id: string, more: Partial<Talker> = {}): Talker => ({
  id,
  name: id,
  own: false,
  speaking: false,
  audible: true,
  ...more,
});
const picture = { id: "p", attach: () => () => undefined };
const plain = (text: string | null | undefined) => (text ?? "").replace(/[\u2066-\u2069]/g, "");

describe("what is said aloud", () => {
  const words = new Words("en");
  const ann = talker("Ann", { own: true });
  const news = (before: Talker[], now: Talker[]) => newsOf(words, before, now).map(plain);

  test("who comes and goes, and who shows a screen", () => {
    expect(news([ann], [ann, talker("Bob")])).toEqual(["Bob joined the call"]);
    expect(news([ann, talker("Bob")], [ann])).toEqual(["Bob left the call"]);
    const sharing = talker("Bob", { screen: picture });
    expect(news([ann, talker("Bob")], [ann, sharing])).toEqual(["Bob is sharing their screen"]);
    expect(news([ann, sharing], [ann, sharing])).toEqual([]);
  });

  test("not what one does oneself, nor who speaks", () => {
    expect(news([ann], [{ ...ann, screen: picture, speaking: true }])).toEqual([]);
    expect(news([talker("Bob")], [talker("Bob", { speaking: true })])).toEqual([]);
  });
});

describe("the stage", () => {
  let calls: FakeCalls;
  let call: Call;
  let root: HTMLElement;

  beforeEach(async () => {
    calls = new FakeCalls();
    call = new Call({ pass: calls.pass, open: calls.open });
    call.join({ camera: true, microphone: true, devices: {} });
    await vi.waitFor(() => expect(call.state.phase).toBe("in"));
    root = document.body.appendChild(document.createElement("div"));
  });

  afterEach(() => {
    call.leave();
    render(null, root);
    root.remove();
  });

  const show = (language: Language, talkers: Talker[] = [talker("Ann", { own: true })]) => {
    const page = { words: new Words(language) } as PageContext;
    act(() =>
      render(
        <Page.Provider value={page}>
          <Stage call={call} talkers={talkers} onLeave={() => call.leave()} />
        </Page.Provider>,
        root,
      ),
    );
  };
  const one = (id: string) => root.querySelector<HTMLElement>(`[data-testid="${id}"]`);

  test("a name is text", () => {
    show("en", [talker("x", { name: "<img src=x onerror=alert(1)>" })]);
    expect(one("call-tile")?.querySelector("bdi")?.textContent).toBe(
      "<img src=x onerror=alert(1)>",
    );
    expect(root.querySelector("img")).toBeNull();
  });

  test("who speaks and who is muted is said in words", () => {
    show("ru", [talker("Ann", { speaking: true }), talker("Bob", { audible: false })]);
    const [ann, bob] = root.querySelectorAll('[data-testid="call-tile"]');
    expect(ann?.textContent).toContain("Говорит");
    expect(bob?.textContent).toContain("Микрофон выключен");
  });

  test("a bad connection is said, a good one is not", () => {
    show("en", [talker("Ann", { connection: "poor" }), talker("Bob")]);
    const [ann, bob] = root.querySelectorAll('[data-testid="call-tile"]');
    expect(ann?.textContent).toContain("Poor connection");
    expect(bob?.textContent).toBe("BBob");
  });

  test("sound that the browser keeps back is a click away", async () => {
    const started = vi.spyOn(calls.last, "startSound");
    calls.last.view = { talkers: [], soundBlocked: true };
    show("en");
    one("call-sound")?.click();
    expect(started).toHaveBeenCalledOnce();
    calls.last.view = { talkers: [], soundBlocked: false };
    show("en");
    expect(one("call-sound")).toBeNull();
  });

  test.each<[Language, string]>([
    ["en", "reconnecting"],
    ["ru", "восстанавливаем"],
  ])("a break is said in %s", (language, words) => {
    calls.last.events.onMending(true);
    show(language);
    expect(one("call-status")?.textContent).toContain(words);
  });

  test("that it is mended is said aloud", () => {
    show("en");
    expect(one("call-news")?.textContent).toBe("");
    calls.last.events.onMending(true);
    show("en");
    calls.last.events.onMending(false);
    show("en");
    expect(one("call-news")?.textContent).toBe("Reconnected");
  });

  test("between two connections the switches say what one will come back with", () => {
    calls.last.events.onProblem("camera", "busy");
    calls.last.events.onEnd("lost");
    show("en", []);
    expect(one("call")?.dataset.phase).toBe("waiting");
    expect(one("call-microphone")?.dataset.on).toBe("true");
    expect(one("call-camera")?.dataset.on).toBe("false");
    expect(one("call-status")?.textContent).toContain("Another program may be using it");
    expect(one("call-retry")).not.toBeNull();
  });
});

test("every trouble has words of its own in both languages", () => {
  const troubles: Trouble[] = [
    "signed-out",
    "absent",
    "unconfigured",
    "room-name",
    "too-much",
    "unavailable",
    "no-answer",
    "unreachable",
    "blocked",
    "denied",
    "unloaded",
    "elsewhere",
    "removed",
    "lost",
  ];
  for (const language of ["en", "ru"] as const) {
    const said = troubles.map((trouble) => troubleText(new Words(language), trouble));
    expect(new Set(said).size).toBe(troubles.length);
  }
});

test("what is missing for all is said once", () => {
  const words = new Words("en");
  expect(mediaTexts(words, { camera: "insecure", microphone: "insecure" })).toHaveLength(1);
  expect(mediaTexts(words, { camera: "refused", microphone: "busy" })).toHaveLength(2);
  expect(mediaTexts(words, {})).toEqual([]);
});

describe("tiles", () => {
  test.each([
    [1, { width: 700, height: 500 }, 1],
    [2, { width: 1000, height: 400 }, 2],
    [2, { width: 400, height: 800 }, 1],
    [4, { width: 800, height: 500 }, 2],
    [9, { width: 900, height: 600 }, 3],
  ])("%d in %o stand in %d columns", (count, space, columns) => {
    const grid = bestGrid(count, space, 8, 16 / 9);
    expect(grid.columns).toBe(columns);
    const rows = Math.ceil(count / columns);
    expect(grid.width * columns + 8 * (columns - 1)).toBeLessThanOrEqual(space.width);
    expect(grid.height * rows + 8 * (rows - 1)).toBeLessThanOrEqual(space.height);
  });

  test("too many for the place scroll", () => {
    const grid = bestGrid(40, { width: 374, height: 200 }, 8, 4 / 3);
    expect(grid.columns).toBe(2);
    expect(grid.width).toBe(183);
  });
});

test("levels are as ears have them", () => {
  expect(levelOf(new Float32Array(8))).toBe(0);
  expect(levelOf(new Float32Array(8).fill(1))).toBe(1);
  expect(levelOf(new Float32Array(8).fill(0.0316))).toBeCloseTo(0.5, 2);
});
