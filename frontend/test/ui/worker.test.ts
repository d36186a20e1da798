import { beforeEach, describe, expect, test } from "vitest";
import { type Notice, readNotice, readPush } from "../../src/worker/notices.ts";
import type {
  ClickLike,
  FetchLike,
  NotificationSettings,
  WindowLike,
  WorkerScope,
} from "../../src/worker/scope.ts";
import { startWorker } from "../../src/worker/worker.ts";

const ROOT = "https://chat.example/c/";
const FILES = ["assets/index-1.js", "assets/index-1.css", "favicon.svg"];

/** Caches that keep texts. */
class FakeCaches {
  readonly all = new Map<string, Map<string, string>>();
  readonly load: (url: string) => Promise<Response>;
  constructor(load: (url: string) => Promise<Response>) {
    this.load = load;
  }
  async open(name: string) {
    const kept = this.all.get(name) ?? new Map<string, string>();
    this.all.set(name, kept);
    return {
      match: async (url: string) => {
        const text = kept.get(url);
        return text === undefined ? undefined : new Response(text);
      },
      put: async (url: string, response: Response) => void kept.set(url, await response.text()),
      addAll: async (urls: string[]) => {
        for (const url of urls) {
          const response = await this.load(url);
          if (!response.ok) throw new TypeError(url);
          kept.set(url, await response.text());
        }
      },
    };
  }
  keys = async () => [...this.all.keys()];
  delete = async (name: string) => this.all.delete(name);
}

class FakeScope {
  readonly runs = new Map<string, (event: never) => void>();
  readonly site = new Map<string, string>();
  readonly asked: string[] = [];
  online = true;
  readonly shown: { title: string; settings: NotificationSettings }[] = [];
  windows: WindowLike[] = [];
  readonly opened: string[] = [];
  readonly badges: (number | undefined)[] = [];

  fetch = async (asked: Request | string) => {
    const url = typeof asked === "string" ? asked : asked.url;
    this.asked.push(url);
    if (!this.online) throw new TypeError("offline");
    const text = this.site.get(url);
    return text === undefined ? new Response("", { status: 404 }) : new Response(text);
  };
  readonly caches = new FakeCaches(this.fetch);
  readonly registration = {
    scope: ROOT,
    showNotification: async (title: string, settings: NotificationSettings) => {
      this.shown.push({ title, settings });
    },
  };
  readonly clients = {
    matchAll: async () => this.windows,
    openWindow: async (url: string) => this.opened.push(url),
  };
  readonly navigator = { setAppBadge: async (count?: number) => void this.badges.push(count) };

  addEventListener(type: string, run: (event: never) => void): void {
    this.runs.set(type, run);
  }

  async send(type: string, event: object = {}): Promise<void> {
    const work: Promise<unknown>[] = [];
    const whole = { ...event, waitUntil: (more: Promise<unknown>) => work.push(more) };
    this.runs.get(type)?.(whole as never);
    await Promise.all(work);
  }

  /** What a page gets: the text, or undefined for what is left to the browser. */
  async ask(path: string, more: object = {}): Promise<string | undefined> {
    let answer: Promise<Response> | undefined;
    const request = {
      url: ROOT + path,
      method: "GET",
      mode: "cors",
      headers: new Headers(),
      ...more,
    } as unknown as Request;
    const event: Partial<FetchLike> = {
      request,
      respondWith: (response) => {
        answer = response;
      },
    };
    await this.send("fetch", event);
    return answer === undefined ? undefined : (await answer).text();
  }
}

let scope: FakeScope;

function start(files = FILES): void {
  startWorker(scope as unknown as WorkerScope, files);
}

beforeEach(() => {
  scope = new FakeScope();
  scope.site.set(ROOT, '<script src="./assets/index-1.js">');
  for (const file of FILES) scope.site.set(ROOT + file, file);
});

const navigate = { mode: "navigate" };

describe("the page without a network", () => {
  test("is what was kept, in whatever room, and is what the server has otherwise", async () => {
    start();
    await scope.send("install");
    scope.site.set(`${ROOT}rooms/lobby`, "the room, with its messages");
    expect(await scope.ask("rooms/lobby", navigate)).toBe("the room, with its messages");
    scope.online = false;
    for (const path of ["", "rooms/lobby", "rooms/another/", "rooms/x?transport=poll#1-2"]) {
      expect(await scope.ask(path, navigate), path).toContain("index-1.js");
    }
    expect(JSON.stringify([...scope.caches.all.values()].map((m) => [...m]))).not.toContain(
      "with its messages",
    );
    expect(await scope.ask("favicon.svg")).toBe("favicon.svg");
  });

  test("is nothing that was not installed", async () => {
    scope.online = false;
    start();
    await expect(scope.send("install")).rejects.toThrow();
    await expect(scope.ask("", navigate)).rejects.toThrow("offline");
  });

  test("is not another version's", async () => {
    scope.site.set(ROOT, '<script src="./assets/index-2.js">');
    start();
    await expect(scope.send("install")).rejects.toThrow("another version");
    expect(scope.caches.all.size).toBe(0);
  });
});

test("an updated page is served at once, and what the old one kept goes when the new one begins", async () => {
  const other = "caller https://chat.example/other/ x";
  scope.caches.all.set(other, new Map());
  scope.caches.all.set("somebody else's", new Map());
  start();
  await scope.send("install");
  await scope.send("activate");
  const before = await scope.caches.keys();
  const newer = ["assets/index-2.js", "assets/index-2.css"];
  scope.site.set(ROOT, '<script src="./assets/index-2.js">');
  for (const file of newer) scope.site.set(ROOT + file, file);
  expect(await scope.ask("", navigate), "the old worker is still there").toContain("index-2.js");
  expect(await scope.ask("assets/index-2.js")).toBe("assets/index-2.js");
  start(newer);
  await scope.send("install");
  expect(await scope.caches.keys(), "a page of the old one may be open").toContain(before[2]);
  await scope.send("activate");
  const after = await scope.caches.keys();
  expect(after).not.toContain(before[2]);
  expect(after).toEqual(expect.arrayContaining([other, "somebody else's"]));
  expect(after).toHaveLength(3);
});

test("files with a hash in their name are asked for once", async () => {
  start();
  await scope.send("install");
  scope.site.set(`${ROOT}assets/call-7.js`, "call");
  scope.asked.length = 0;
  for (let i = 0; i < 3; i++) expect(await scope.ask("assets/call-7.js")).toBe("call");
  expect(await scope.ask("assets/index-1.js")).toBe("assets/index-1.js");
  expect(scope.asked).toEqual([`${ROOT}assets/call-7.js`]);
  expect(await scope.ask("assets/gone-1.js")).toBe("");
  expect(await scope.ask("assets/gone-1.js")).toBe("");
  expect(scope.asked, "what is missing is not kept").toHaveLength(3);
});

test("a page that answers for a file is not kept for it", async () => {
  start();
  await scope.send("install");
  const type = { headers: { "Content-Type": "text/html; charset=utf-8" } };
  scope.fetch = async () => new Response("<title>Sign in</title>", type);
  expect(await scope.ask("assets/call-7.js")).toBe("<title>Sign in</title>");
  scope.fetch = async () => new Response("call");
  expect(await scope.ask("assets/call-7.js")).toBe("call");
});

test("streams, posts and all other calls are the browser's", async () => {
  start();
  await scope.send("install");
  scope.asked.length = 0;
  const streams = [
    "rooms/lobby/sse",
    "rooms/lobby/messages?wait=25",
    "stream/sse?room=a",
    "session",
  ];
  for (const path of [...streams, "rooms/lobby/ws", "healthz", "push/key", "client/caller.js"]) {
    expect(await scope.ask(path), path).toBeUndefined();
    expect(await scope.ask(path, navigate), path).toBeUndefined();
  }
  expect(
    await scope.ask("rooms/lobby", { headers: new Headers({ Accept: "text/event-stream" }) }),
  ).toBeUndefined();
  for (const path of ["", "rooms/lobby", "assets/index-1.js"]) {
    expect(await scope.ask(path, { method: "POST" }), path).toBeUndefined();
  }
  const elsewhere = { url: "https://chat.example/", mode: "navigate" };
  expect(await scope.ask("", elsewhere), "below another path").toBeUndefined();
  expect(await scope.ask("", { url: "https://other.example/c/assets/index-1.js" })).toBeUndefined();
  const part = { headers: new Headers({ Range: "bytes=0-1" }) };
  expect(await scope.ask("assets/index-1.js", part)).toBeUndefined();
  expect(scope.asked).toEqual([]);
});

const notice: Notice = { room: "лобби", id: "42-7f3a9c12", from: "Ann", text: "@Bob look" };
const pushed = (fields: object) => ({ data: { text: () => JSON.stringify(fields) } });
const push = pushed({
  roomId: "лобби",
  id: "42-7f3a9c12",
  what: "mention",
  from: "Ann",
  excerpt: "@Bob look",
});

class FakeWindow implements WindowLike {
  readonly messages: unknown[] = [];
  readonly url: string;
  focused: boolean;
  constructor(url: string, focused = false) {
    this.url = url;
    this.focused = focused;
  }
  focus = async () => {
    this.focused = true;
  };
  postMessage = (message: unknown) => void this.messages.push(message);
}

const ROOM = `${ROOT}rooms/${encodeURIComponent("лобби")}`;

describe("notifications", () => {
  beforeEach(() => start());

  test("show what was pushed, once, and mark the icon while there is no page", async () => {
    await scope.send("push", push);
    await scope.send("push", push);
    expect(scope.shown).toHaveLength(1);
    expect(scope.shown[0]).toMatchObject({
      title: "Ann · лобби",
      settings: { body: "@Bob look", data: { room: "лобби", id: "42-7f3a9c12" } },
    });
    expect(scope.badges).toEqual([undefined]);
  });

  test("are none of the room that one looks at", async () => {
    scope.windows = [new FakeWindow(`${ROOM}?transport=ws#1-ab`, true)];
    await scope.send("push", push);
    expect(scope.shown).toHaveLength(0);
    scope.windows = [new FakeWindow(`${ROOT}rooms/other`, true), new FakeWindow(ROOM)];
    await scope.send("push", pushed({ roomId: "лобби", id: "43-ab", from: "Ann", excerpt: "" }));
    expect(scope.shown).toHaveLength(1);
    expect(scope.badges).toEqual([]);
  });

  test("are shown for a page behind others, which is told whether", async () => {
    const answers: unknown[] = [];
    const ports = [{ postMessage: (answer: unknown) => answers.push(answer) }];
    await scope.send("message", { data: notice, ports });
    await scope.send("message", { data: notice, ports });
    await scope.send("message", { data: { type: "other" }, ports });
    expect(answers).toEqual([true, false]);
    expect(scope.shown).toHaveLength(1);
  });

  test("lead to the message", async () => {
    const click = async () => {
      let closed = false;
      const notification: ClickLike["notification"] = {
        data: { room: notice.room, id: notice.id },
        close: () => {
          closed = true;
        },
      };
      await scope.send("notificationclick", { notification });
      expect(closed).toBe(true);
    };
    await click();
    expect(scope.opened).toEqual([`${ROOM}#42-7f3a9c12`]);

    const other = new FakeWindow(`${ROOT}rooms/other`);
    const here = new FakeWindow(`${ROOM}#1-a`);
    scope.windows = [new FakeWindow(`${ROOT}rooms/x/text`), other, here];
    await click();
    expect(here.focused).toBe(true);
    expect(here.messages).toEqual([{ type: "open", room: "лобби", id: "42-7f3a9c12" }]);
    scope.windows = [other];
    await click();
    expect(other.focused).toBe(true);
    expect(scope.opened).toHaveLength(1);
  });

  test("what can't be read is none", () => {
    for (const text of [undefined, "", "7", "null", "{}", '{"roomId":7}']) {
      expect(readPush(text), text).toBeUndefined();
    }
    expect(readNotice(notice)).toEqual(notice);
    expect(readNotice({ ...notice, id: 7 })).toBeUndefined();
  });
});
