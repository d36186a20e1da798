// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { App } from "../../src/ui/app.tsx";
import { later } from "../../src/ui/parts.ts";
import { FakeServer } from "../fake_server.ts";

let server: FakeServer;
let root: HTMLElement;

beforeEach(async () => {
  await later.ahead();
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
  vi.stubGlobal("fetch", server.fetch);
  // What tabs share is for share.test.ts and for real browsers.
  vi.stubGlobal("BroadcastChannel", undefined);
  vi.stubGlobal(
    "WebSocket",
    class {
      constructor(url: string) {
        // biome-ignore lint/correctness/noConstructorReturn: the fake stands in for what is made
        return server.socket(url);
      }
    },
  );
  localStorage.clear();
  sessionStorage.clear();
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
const one = (id: string) => {
  const found = all(id)[0];
  if (found === undefined) throw new Error(`no ${id} in ${document.body.textContent}`);
  return found;
};
const texts = () => all("message-text").map((element) => element.textContent);

async function fill(id: string, value: string): Promise<void> {
  const field = one(id) as HTMLInputElement;
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await pass(20);
}

async function click(id: string): Promise<void> {
  const element = one(id) as HTMLButtonElement;
  if (element.type === "submit") {
    element.form?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  } else element.click();
  await pass(20);
}

/** The page at an address, for somebody whom this browser knows, unless `asGuest`. */
async function openPage(path: string, asGuest = false, calls = false): Promise<void> {
  if (!asGuest) {
    localStorage.setItem("caller.session", JSON.stringify({ clientId: "me", name: "Ann" }));
    localStorage.setItem("caller.name", '"Ann"');
  }
  history.replaceState(null, "", path);
  const base = document.createElement("base");
  base.href = "/";
  document.head.replaceChildren(base);
  if (calls) {
    const tag = document.createElement("meta");
    tag.name = "caller-calls";
    tag.content = "on";
    document.head.append(tag);
  }
  render(<App />, root);
  await pass(200);
}

describe("the start", () => {
  test("joins a room under a name", async () => {
    await openPage("/", true);
    await fill("start-room", "Kitchen");
    await fill("start-name", "Ann");
    await click("join");
    await pass(200);
    expect(location.pathname).toBe("/rooms/kitchen");
    expect(one("connection").dataset).toMatchObject({ state: "live", transport: "ws" });
    expect(one("composer-input")).toBeTruthy();
  });

  test("says what a room may be called", async () => {
    await openPage("/");
    await fill("start-room", "no spaces please");
    await click("join");
    expect(document.querySelector("[role=alert]")?.textContent).toContain("64");
  });

  test("makes one room of a double click", async () => {
    await openPage("/");
    const made: string[] = [];
    server.answer = (method, url) => {
      if (`${method} ${url.pathname}` !== "POST /rooms") return undefined;
      made.push(`room-${made.length}`);
      return Response.json({ roomId: made.at(-1) }, { status: 201 });
    };
    for (const detail of [1, 2]) one("create").dispatchEvent(new MouseEvent("click", { detail }));
    await pass(300);
    expect(made).toEqual(["room-0"]);
    expect(location.pathname).toBe("/rooms/room-0");
  });

  test("speaks Russian when told, and keeps to it", async () => {
    await openPage("/");
    const select = one("language") as HTMLSelectElement;
    select.value = "ru";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    await pass(20);
    expect(document.body.textContent).toContain("Чат-комнаты");
    expect(document.documentElement.lang).toBe("ru");
    expect(localStorage.getItem("caller.language")).toBe('"ru"');
  });
});

describe("a room", () => {
  test("asks a newcomer for a name while the messages show", async () => {
    server.post("already here");
    await openPage("/rooms/lobby", true);
    expect(texts()).toEqual(["already here"]);
    expect(all("composer-input")).toHaveLength(0);
    await fill("name-input", "Ann");
    await click("name-save");
    await pass(300);
    expect(all("name-input")).toHaveLength(0);
    expect(one("composer-input")).toBeTruthy();
    expect(texts()).toEqual(["already here"]);
  });

  test("shows nobody typing who has left", async () => {
    await openPage("/rooms/lobby");
    const bob = { id: "bob", name: "Bob", transport: "ws", joinedAt: "" };
    server.tell({ type: "members", roomId: "lobby", members: [server.member, bob], version: 5 });
    server.tell({ type: "typing", roomId: "lobby", member: bob });
    await pass(100);
    expect(one("typing").textContent).toContain("Bob");
    server.tell({ type: "left", roomId: "lobby", member: bob, version: 6 });
    await pass(100);
    expect(one("typing").textContent).toBe("");
  });

  test("shows text as text", async () => {
    const evil = ['<img src=x onerror="x">', "<script>x</script>", "javascript:x", "&lt;b&gt;"];
    for (const text of evil) server.post(text, undefined, { id: "m", name: "<b>M</b>" });
    await openPage("/rooms/lobby");
    expect(texts()).toEqual(evil);
    expect(
      document.querySelectorAll(".message img, .message script, .message b, .message a"),
    ).toHaveLength(0);
    expect(document.querySelector(".sender .name")?.textContent).toBe("<b>M</b>");
  });

  test("a post waits, is sent, and keeps its element", async () => {
    await openPage("/rooms/lobby");
    await fill("composer-input", "hello");
    await click("send");
    const waiting = one("message");
    expect(waiting.dataset).toMatchObject({ state: "waiting", own: "true" });
    expect((one("composer-input") as HTMLTextAreaElement).value).toBe("");
    await pass(200);
    expect(one("message")).toBe(waiting);
    expect(waiting.dataset).toMatchObject({ state: "sent", id: "1-00000001" });
  });

  test("a refused post says why, and can be sent again or discarded", async () => {
    await openPage("/rooms/lobby");
    server.refuse = { status: 422, code: "invalid_field", field: "text", limit: 4000 };
    await fill("composer-input", "too long");
    await click("send");
    await pass(200);
    expect(one("message").dataset.state).toBe("refused");
    expect(one("message").textContent).toContain("at most 4,000 characters");
    const [retry, discard] = [...one("message").querySelectorAll("button")];
    retry?.click();
    await pass(200);
    expect(one("message").dataset.state).toBe("refused");
    discard?.click();
    await pass(100);
    [...document.querySelectorAll<HTMLButtonElement>(".refusal button")][1]?.click();
    await pass(100);
    expect(all("message")).toHaveLength(0);
  });

  test("is offline in words, and comes back", async () => {
    await openPage("/rooms/lobby");
    await pass(2_000);
    for (const path of ["ws", "sse", "poll"] as const) server.network[path] = "refused";
    server.cutAll();
    await pass(1_000);
    expect(one("connection").dataset.state).toBe("live");
    await pass(3_000);
    expect(one("connection").dataset.state).toBe("offline");
    expect(one("connection").textContent).toMatch(/Offline since/);
    await fill("composer-input", "written offline");
    await click("send");
    expect(one("message").dataset.state).toBe("waiting");
    for (const path of ["ws", "sse", "poll"] as const) server.network[path] = "ok";
    await pass(40_000);
    expect(one("connection").dataset.state).toBe("live");
    expect(one("message").dataset.state).toBe("sent");
  });

  describe("what was written offline", () => {
    const off = async () => {
      await openPage("/rooms/lobby");
      await pass(2_000);
      for (const path of ["ws", "sse", "poll", "post"] as const) server.network[path] = "refused";
      server.cutAll();
      await pass(3_000);
      for (const text of ["one", "two"]) {
        await fill("composer-input", text);
        await click("send");
      }
      await pass(100);
    };
    const on = () => {
      for (const path of ["ws", "sse", "poll", "post"] as const) server.network[path] = "ok";
    };

    test("survives the tab, and is sent once, in order, by the next", async () => {
      await off();
      window.dispatchEvent(new Event("pagehide"));
      render(null, root);
      sessionStorage.clear();
      on();
      await openPage("/rooms/lobby");
      await pass(1_000);
      expect(server.log.map((m) => m.text)).toEqual(["one", "two"]);
      expect(texts()).toEqual(["one", "two"]);
      expect(all("message").map((m) => m.dataset.state)).toEqual(["sent", "sent"]);
      expect(Object.keys(localStorage).filter((key) => key.includes("posts"))).toEqual([]);
    });

    test("is not shown twice when it was stored after all", async () => {
      await off();
      for (const text of ["one", "two"]) {
        const key = all("message").find((m) => m.textContent?.includes(text))?.dataset.key;
        server.post(text, key, { id: "me", name: "Ann" });
      }
      render(null, root);
      sessionStorage.clear();
      on();
      await openPage("/rooms/lobby");
      await pass(160_000);
      expect(texts()).toEqual(["one", "two"]);
      expect(server.log).toHaveLength(2);
    });

    test("is left to a tab that is there", async () => {
      const posts = [{ key: "theirs", text: "theirs", at: Date.now(), state: "waiting" }];
      const value = JSON.stringify({ beat: Date.now(), posts });
      localStorage.setItem("caller.posts.lobby/other", value);
      await openPage("/rooms/lobby");
      await pass(60_000);
      expect(texts()).toEqual([]);
      await pass(120_000);
      expect(texts()).toEqual(["theirs"]);
    });

    test("can be discarded while it waits", async () => {
      await off();
      await pass(6_000);
      all("message")[0]?.querySelector("button")?.click();
      await pass(100);
      expect(texts()).toEqual(["two"]);
      on();
      await pass(60_000);
      expect(server.log.map((m) => m.text)).toEqual(["two"]);
    });
  });

  describe("with a call", () => {
    const others = { startedAt: "2026-11-24T12:00:00.000Z", memberCount: 3 };

    test("shows nothing of it where the server has no calls", async () => {
      server.call = others;
      await openPage("/rooms/lobby");
      expect(all("call-open")).toHaveLength(0);
      expect(all("call-banner")).toHaveLength(0);
    });

    test("says how many are in it and since when, and has the way in", async () => {
      server.call = others;
      await openPage("/rooms/lobby", false, true);
      expect(one("call-banner").textContent).toMatch(/3 people have been in a call since \d/);
      expect(one("call-open").getAttribute("aria-label")).toBe("Join call");
      server.call = undefined;
      server.cutAll();
      await pass(3_000);
      expect(all("call-banner")).toHaveLength(0);
      expect(one("call-open").getAttribute("aria-label")).toBe("Start call");
    });

    test("asks a guest for a name first", async () => {
      await openPage("/rooms/lobby", true, true);
      await click("call-open");
      expect(one("notice").textContent).toBe("Choose a name to join the call.");
      expect(document.activeElement).toBe(one("name-input"));
    });
  });

  test("a reset is said once", async () => {
    server.post("old");
    await openPage("/rooms/lobby");
    server.rewrite();
    server.post("new");
    await pass(3_000);
    expect(texts()).toEqual(["new"]);
    expect(one("notice").textContent).toBe("Some older messages are no longer kept");
    await pass(7_000);
    expect(one("notice").textContent).toBe("");
  });

  test("a burst draws a window of it, and keeps what one types", async () => {
    await openPage("/rooms/lobby");
    const field = one("composer-input") as HTMLTextAreaElement;
    for (let i = 0; i < 1_000; i++) {
      server.post(`m${i}`);
      if (i % 100 === 0) field.value += "x";
    }
    await pass(500);
    expect(all("message").length).toBeLessThan(400);
    expect(texts().at(-1)).toBe("m999");
    expect(field.value).toBe("x".repeat(10));
  });

  test("tells the tries, and pins a transport that was asked for", async () => {
    await openPage("/rooms/lobby?transport=poll");
    expect(one("connection").dataset.transport).toBe("poll");
    await click("connection");
    expect(one("diagnostics").textContent).toContain("open poll");
    expect(one("diagnostics-copy")).toBeTruthy();
  });

  test("leaves to the start, and remembers the room", async () => {
    await openPage("/rooms/lobby");
    await click("leave");
    await pass(200);
    expect(location.pathname).toBe("/");
    expect(document.querySelector(".recent")?.textContent).toContain("lobby");
    expect(server.streams.size).toBe(0);
  });
});
