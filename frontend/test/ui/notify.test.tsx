// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Message } from "../../src/client/conversation.ts";
import type { Cursor } from "../../src/client/index.ts";
import { Page, type PageContext } from "../../src/ui/context.ts";
import { Words } from "../../src/ui/i18n/index.ts";
import { showCount } from "../../src/ui/notify/icon_count.ts";
import { tellOf } from "../../src/ui/notify/index.ts";
import { isFor, renewPush, tell } from "../../src/ui/notify/notify.ts";
import { NotifyFields } from "../../src/ui/notify/notify_fields.tsx";
import {
  type Level,
  notifySettings,
  saveNotifySettings,
} from "../../src/ui/notify/notify_settings.ts";
import { saveSession } from "../../src/ui/visits.ts";

const KEY = "BKey-_AA"; // base64url
const now = Date.parse("2026-11-24T12:00:00Z");

function said(more: Partial<Message> = {}): Message {
  return {
    type: "message",
    id: "42-7f3a9c12",
    from: { id: "bob", name: "Bob" },
    text: "hello\n\nthere",
    time: "2026-11-24T11:59:59.000Z",
    ...more,
  } as Message;
}

/** What the service worker was asked to show, and the browser's push service. */
class FakeBrowser {
  readonly notices: unknown[] = [];
  shows = true;
  permission: NotificationPermission = "granted";
  asked = 0;
  subscription: { key: string; ended: boolean } | undefined;
  reachable = true;

  readonly worker = {
    postMessage: (notice: unknown, [port]: [MessagePort]) => {
      this.notices.push(notice);
      port.postMessage(this.shows);
    },
  };
  readonly pushManager = {
    getSubscription: async () => this.asSubscription(),
    subscribe: async ({ applicationServerKey }: { applicationServerKey: string }) => {
      if (!this.reachable) throw new DOMException("no push service", "AbortError");
      this.subscription = { key: applicationServerKey, ended: false };
      return this.asSubscription();
    },
  };

  private asSubscription() {
    const of = this.subscription;
    if (of === undefined || of.ended) return null;
    const bytes = Uint8Array.from(atob(of.key.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    return {
      endpoint: "https://push.example/1",
      options: { applicationServerKey: bytes.buffer },
      toJSON: () => ({ endpoint: "https://push.example/1", keys: { p256dh: "p", auth: "a" } }),
      unsubscribe: async () => {
        of.ended = true;
        return true;
      },
    };
  }
}

let browser: FakeBrowser;
let calls: { method: string; path: string; body: unknown }[];
let root: HTMLElement;

beforeEach(() => {
  localStorage.clear();
  document.head.replaceChildren();
  browser = new FakeBrowser();
  calls = [];
  vi.stubGlobal("Notification", {
    get permission() {
      return browser.permission;
    },
    async requestPermission() {
      browser.asked++;
      return browser.permission;
    },
  });
  vi.stubGlobal("PushManager", class {});
  vi.stubGlobal("AudioContext", undefined);
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    const body = init.body === undefined ? undefined : JSON.parse(String(init.body));
    calls.push({ method: init.method ?? "", path: url.pathname, body });
    return init.method === "GET"
      ? new Response(JSON.stringify({ key: KEY }))
      : new Response(null, { status: 204 });
  });
  const getRegistration = async () => ({
    active: browser.worker,
    pushManager: browser.pushManager,
  });
  Object.defineProperty(navigator, "serviceWorker", {
    configurable: true,
    value: { getRegistration, ready: getRegistration() },
  });
  root = document.createElement("div");
  document.body.replaceChildren(root);
  saveSession({ clientId: "ann", name: "Ann" });
});

afterEach(() => {
  render(null, root);
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  delete (navigator as { serviceWorker?: unknown }).serviceWorker;
});

const want = (level?: Level, on = true) =>
  saveNotifySettings({ on, sound: true, rooms: level === undefined ? {} : { lobby: level } });

describe("who is told", () => {
  const mention = said({ mentions: ["ann"] });
  const reply = said({ replyTo: { id: "1-a" as Cursor, from: { id: "ann", name: "Ann" } } });

  test.each([
    ["a mention", undefined, mention, true],
    ["a reply to oneself", "mentions", reply, true],
    ["what is for nobody", "mentions", said(), false],
    ["what is for somebody else", "mentions", said({ mentions: ["cleo"] }), false],
    ["everything", "all", said(), true],
    ["nothing", "none", mention, false],
    ["what was deleted", "all", said({ deleted: true }), false],
    ["what is old", "all", said({ time: "2026-11-24T11:00:00.000Z" }), false],
  ] as const)("%s", async (_, level, message, told) => {
    want(level);
    await tell("lobby", message, "ann", now);
    expect(browser.notices).toHaveLength(told ? 1 : 0);
  });

  test("gets who, where and what, in one line", async () => {
    want("all");
    await tell("lobby", said(), "ann", now);
    const notice = { room: "lobby", id: "42-7f3a9c12", from: "Bob", text: "hello there" };
    expect(browser.notices).toEqual([notice]);
  });

  test("is nobody whom the browser does not let tell", async () => {
    want("all");
    browser.permission = "denied";
    await tell("lobby", said(), "ann", now);
    expect(browser.notices).toEqual([]);
    expect(isFor(mention, undefined)).toBe(false);
  });

  test("is who does not look at the page", async () => {
    want("all");
    const focus = vi.spyOn(document, "hasFocus").mockReturnValue(true);
    const fresh = said({ time: new Date().toISOString() });
    tellOf("lobby", fresh, "ann");
    focus.mockReturnValue(false);
    tellOf("lobby", said({ ...fresh, id: "43-b" as Cursor }), "ann");
    await vi.waitFor(() => expect(browser.notices).toHaveLength(1), { timeout: 30_000 });
    expect(browser.notices[0]).toMatchObject({ id: "43-b" as Cursor });
    want("all", false);
    tellOf("lobby", fresh, "ann");
    expect(browser.notices).toHaveLength(1);
  });
});

describe("the menu", () => {
  const page = {
    words: new Words("en"),
    setLanguage() {},
    theme: "system",
    setTheme() {},
    baseUrl: "http://localhost:3000/",
    goTo() {},
  } as Partial<PageContext> as PageContext;
  const at = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  const open = () =>
    act(() =>
      render(
        <Page.Provider value={page}>
          <NotifyFields room="lobby" />
        </Page.Provider>,
        root,
      ),
    );
  const offerPush = () => {
    const tag = document.createElement("meta");
    tag.name = "caller-push";
    tag.content = "on";
    document.head.append(tag);
  };
  const seen = (id: string) => vi.waitFor(() => expect(at(id)).not.toBeNull(), { timeout: 30_000 });

  test("asks the browser only after a click, and the server where it pushes", async () => {
    offerPush();
    await open();
    expect(browser.asked).toBe(0);
    at("notify-on")?.click();
    await seen("notify-level");
    expect(browser.asked).toBe(1);
    expect(notifySettings()).toEqual({ on: true, sound: true, rooms: {} });
    await vi.waitFor(() => expect(root.textContent).toContain("closed"), { timeout: 30_000 });
    expect(calls).toEqual([
      { method: "GET", path: "/push/key", body: undefined },
      {
        method: "PUT",
        path: "/push/subscription",
        body: { endpoint: "https://push.example/1", keys: { p256dh: "p", auth: "a" }, rooms: {} },
      },
    ]);

    const level = at("notify-level") as HTMLSelectElement;
    level.value = "none";
    level.dispatchEvent(new Event("change", { bubbles: true }));
    await vi.waitFor(() => expect(calls).toHaveLength(4), { timeout: 30_000 });
    expect(calls[3]?.body).toMatchObject({ rooms: { lobby: "none" } });
    at("notify-sound")?.click();
    expect(notifySettings()).toEqual({ on: true, sound: false, rooms: { lobby: "none" } });

    at("notify-off")?.click();
    await seen("notify-on");
    await vi.waitFor(() => expect(calls.at(-1)?.method).toBe("DELETE"), { timeout: 30_000 });
    expect(calls.at(-1)?.body).toEqual({ endpoint: "https://push.example/1" });
    expect(browser.subscription?.ended).toBe(true);
  });

  test("says when the browser forbids it, and when pushes can't reach it", async () => {
    browser.permission = "denied";
    await open();
    expect(root.textContent).toContain("blocked");
    browser.permission = "granted";
    browser.reachable = false;
    offerPush();
    await act(() => render(null, root));
    await open();
    at("notify-on")?.click();
    await vi.waitFor(() => expect(root.textContent).toContain("while this page is open"), {
      timeout: 30_000,
    });
  });

  test("asks no server that does not push", async () => {
    await open();
    at("notify-on")?.click();
    await seen("notify-level");
    expect(calls).toEqual([]);
  });
});

test("the server is told again when something changed, and subscribes anew for another key", async () => {
  const tag = document.createElement("meta");
  tag.name = "caller-push";
  tag.content = "on";
  document.head.append(tag);
  await renewPush("http://localhost:3000/");
  expect(calls, "it is off").toEqual([]);
  want();
  await renewPush("http://localhost:3000/");
  await renewPush("http://localhost:3000/");
  expect(calls.map(({ method }) => method)).toEqual(["GET", "PUT"]);
  saveSession({ clientId: "another", name: "Ann" });
  await renewPush("http://localhost:3000/");
  expect(calls).toHaveLength(4);
  const before = browser.subscription;
  expect(before?.ended).toBe(false);
  browser.subscription = { key: "BOldAAAA", ended: false };
  saveSession({ clientId: "third", name: "Ann" });
  await renewPush("http://localhost:3000/");
  expect(browser.subscription.key).toBe(KEY);
  const kept = browser.subscription;
  saveSession({ clientId: "fourth", name: "Ann" });
  await renewPush("http://localhost:3000/");
  expect(browser.subscription, "the same key: the same subscription").toBe(kept);
});

test("the icon says that something is unread", async () => {
  const icon = document.createElement("link");
  icon.rel = "icon";
  icon.setAttribute("href", "./favicon.svg");
  document.head.append(icon);
  const counts: number[] = [];
  Object.assign(navigator, {
    setAppBadge: async (n: number) => void counts.push(n),
    clearAppBadge: async () => void counts.push(0),
  });
  for (const count of [3, 4, 0]) showCount(count);
  expect(counts).toEqual([3, 4, 0]);
  expect(icon.getAttribute("href")).toBe("./favicon.svg");
  showCount(1);
  expect(icon.getAttribute("href")).toBe("./favicon-unread.svg");
});
