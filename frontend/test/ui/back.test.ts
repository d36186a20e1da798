import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { closeLayers, goToAddress, openLayer } from "../../src/ui/layers.ts";

/** A browser's history in which a step back takes as long as one likes, as on a slow phone. */
class SlowHistory {
  entries: { state: unknown; url: string }[] = [{ state: null, url: "/rooms/kitchen" }];
  at = 0;
  steps = 0;

  get state() {
    return this.entries[this.at]?.state;
  }
  get url() {
    return this.entries[this.at]?.url ?? "";
  }
  pushState(state: unknown, _: string, url: string) {
    this.entries.splice(++this.at, Number.POSITIVE_INFINITY, { state, url });
  }
  replaceState(state: unknown, _: string, url: string) {
    this.entries[this.at] = { state, url };
  }
  back() {
    this.steps++;
  }
  /** A step arrives: one of the page's, or one that somebody takes by Back. */
  arrive() {
    this.at--;
    closeLayers();
  }
}

let slow: SlowHistory;
let closed: string[];

beforeEach(() => {
  vi.useFakeTimers();
  slow = new SlowHistory();
  closed = [];
  vi.stubGlobal("history", slow);
  vi.stubGlobal("location", {
    get href() {
      return slow.url;
    },
  });
});

afterEach(() => {
  goToAddress("/"); // takes off what a test left open
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Closes a layer otherwise than by Back: a step of the page's own is on its way then. */
function closeOne() {
  openLayer(() => closed.push("first"))();
  vi.runAllTimers();
  expect(slow.steps).toBe(1);
}

test("what is opened while another's entry is taken off stays open, and Back closes it", () => {
  closeOne();
  openLayer(() => closed.push("second"));
  slow.arrive();
  expect(closed).toEqual([]);
  slow.arrive();
  expect(closed).toEqual(["second"]);
  expect(slow.url).toBe("/rooms/kitchen");
  expect(slow.at).toBe(0);
});

test("who goes to another room while that is under way comes there, and Back leads back", () => {
  closeOne();
  goToAddress("/rooms/lobby");
  expect(slow.url).toBe("/rooms/lobby");
  slow.arrive();
  expect(slow.url).toBe("/rooms/lobby");
  slow.arrive();
  expect(slow.url).toBe("/rooms/kitchen");
  expect(slow.at).toBe(0);
});

test("a layer that nothing came after leaves nothing behind", () => {
  closeOne();
  slow.arrive();
  expect(slow.at).toBe(0);
  openLayer(() => closed.push("second"));
  slow.arrive();
  expect(closed).toEqual(["second"]);
});
