// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { App } from "../../src/ui/app.tsx";
import { takeKept } from "../../src/ui/kept.ts";
import { FakeServer } from "../fake_server.ts";

let server: FakeServer;
let root: HTMLElement;
let asked: string[];

beforeEach(() => {
  vi.useFakeTimers({
    toFake: [
      "setTimeout",
      "clearTimeout",
      "setInterval",
      "clearInterval",
      "Date",
      "requestAnimationFrame",
      "cancelAnimationFrame",
    ],
  });
  server = new FakeServer();
  asked = [];
  vi.stubGlobal("fetch", server.fetch);
  vi.stubGlobal("BroadcastChannel", undefined);
  vi.stubGlobal(
    "WebSocket",
    class {
      constructor(url: string) {
        asked.push(url);
        // biome-ignore lint/correctness/noConstructorReturn: the fake stands in for what is made
        return server.socket(url);
      }
    },
  );
  localStorage.clear();
  sessionStorage.clear();
  document.head.innerHTML = '<base href="/">';
  document.body.innerHTML = '<div id="app"></div>';
  root = document.getElementById("app") as HTMLElement;
});

afterEach(() => {
  render(null, root);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const texts = () => all("message-text").map((element) => element.textContent);

/** What the server puts into the page of a room. */
function bring(kept: unknown): void {
  const element = document.createElement("script");
  element.type = "application/json";
  element.id = "kept";
  element.textContent = typeof kept === "string" ? kept : JSON.stringify(kept);
  document.body.append(element);
}

function open(path: string): void {
  localStorage.setItem("caller.session", JSON.stringify({ clientId: "me", name: "Ann" }));
  localStorage.setItem("caller.name", '"Ann"');
  history.replaceState(null, "", path);
  render(<App />, root);
}

const log = () => ({ roomId: "lobby", cursor: server.log.at(-1)?.id, messages: server.log });

describe("messages that come with the page", () => {
  test("show at once, one's own as one's own, and come only once", async () => {
    server.post("hello", undefined, { id: "bob", name: "Bob" });
    server.post("mine", "k-1", { id: "me", name: "Ann" });
    bring(log());
    open("/rooms/lobby");
    expect(texts()).toEqual(["hello", "mine"]);
    expect(all("message").map(({ dataset }) => dataset.own)).toEqual(["false", "true"]);
    expect(asked).toEqual([]);
    server.post("later", undefined, { id: "bob", name: "Bob" });
    await pass(300);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain("after=2-00000001");
    expect(texts()).toEqual(["hello", "mine", "later"]);
    expect(document.getElementById("kept")).toBeNull();
  });

  test("are forgotten when they are of a log that has gone", async () => {
    bring({
      roomId: "lobby",
      cursor: "9-0badcafe",
      messages: [
        {
          type: "message",
          roomId: "lobby",
          id: "9-0badcafe",
          from: { id: "bob", name: "Bob" },
          text: "gone",
          time: "2026-11-24T12:00:00.000Z",
        },
      ],
    });
    server.post("new", undefined, { id: "bob", name: "Bob" });
    open("/rooms/lobby");
    expect(texts()).toEqual(["gone"]);
    await pass(300);
    expect(texts()).toEqual(["new"]);
  });

  test("are one's waiting posts too, which then wait no longer", async () => {
    localStorage.setItem(
      "caller.posts.lobby/another-tab",
      JSON.stringify({
        beat: 0,
        posts: [{ key: "k-1", text: "mine", at: Date.now(), state: "waiting" }],
      }),
    );
    server.post("mine", "k-1", { id: "me", name: "Ann" });
    bring(log());
    open("/rooms/lobby");
    await pass(500);
    expect(texts()).toEqual(["mine"]);
    expect(server.log).toHaveLength(1);
    expect(localStorage.getItem("caller.posts.lobby/another-tab")).toBeNull();
  });

  test("are good for their room, and once", () => {
    server.post("hello");
    bring(log());
    expect(takeKept("kitchen")).toBeUndefined();
    bring(log());
    expect(takeKept("lobby")?.entries).toHaveLength(1);
    expect(takeKept("lobby")).toBeUndefined();
  });

  test("that can't be read are none", () => {
    for (const kept of ["", "{", "[]", "null", "7", '{"roomId":"lobby"}']) {
      bring(kept);
      expect(takeKept("lobby")).toBeUndefined();
    }
    for (const messages of [[], [null], [{ type: "message" }], "x", undefined]) {
      bring({ roomId: "lobby", cursor: "1-00000001", messages });
      expect(takeKept("lobby")).toBeUndefined();
    }
    bring({ roomId: "lobby", cursor: "one", messages: [] });
    expect(takeKept("lobby")).toBeUndefined();
  });
});
