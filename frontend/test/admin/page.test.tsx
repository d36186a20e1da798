// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createApi } from "../../src/admin/api.ts";
import { App } from "../../src/admin/app.tsx";
import { loadWords } from "../../src/admin/i18n/words.ts";
import type { RoomInfo } from "../../src/admin/shapes.ts";
import { FakeAdmin, FakeStream, problem } from "./fake_admin.ts";

let server: FakeAdmin;
let root: HTMLElement;

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const one = (id: string) => {
  const found = all(id)[0];
  if (found === undefined) throw new Error(`${id} is missing in ${document.body.textContent}`);
  return found;
};
/** What an answer draws may ask for more. */
const pass = async (ms: number) => {
  for (const part of [ms, 0, 0, 0]) {
    await act(async () => {
      await vi.advanceTimersByTimeAsync(part);
    });
  }
};
const click = async (id: string) => {
  await act(async () => one(id).click());
  await pass(1);
};
const fill = async (id: string, text: string) => {
  const field = one(id) as HTMLInputElement;
  await act(async () => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
};
const submit = async (id: string) => {
  await act(async () => one(id).closest("form")?.requestSubmit());
  await pass(1);
};
const goTo = async (hash: string) => {
  await act(async () => {
    location.hash = hash;
    dispatchEvent(new Event("hashchange"));
  });
  await pass(1);
};
const rowsOf = (id: string) =>
  [...one(id).querySelectorAll<HTMLElement>("tbody tr")].map(({ dataset }) => dataset.key);

async function open(hash = ""): Promise<void> {
  location.hash = hash;
  await loadWords("ru");
  await act(async () => render(<App api={createApi("http://admin/")} first="en" />, root));
  await pass(1);
}

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeAdmin();
  vi.stubGlobal("fetch", server.fetch);
  const { streams } = server;
  vi.stubGlobal(
    "EventSource",
    class extends FakeStream {
      constructor(url: string) {
        super(url, streams);
      }
    },
  );
  HTMLDialogElement.prototype.showModal ??= function show(this: HTMLDialogElement) {
    this.open = true;
  };
  server.answers.set("GET api/health", () => ({ status: "ok", checks: { store: { ok: true } } }));
  server.answers.set("GET api/stats", () => ({ rooms: 3, activeRooms: 2, postsPerMinute: 7 }));
  server.answers.set("GET api/nodes", () => ({ nodes: [{ id: "n1", self: true, memory: 5e6 }] }));
  root = document.createElement("div");
  document.body.append(root);
});

afterEach(async () => {
  await act(async () => render(null, root));
  root.remove();
  vi.unstubAllGlobals();
  vi.useRealTimers();
  history.replaceState(null, "", "/");
});

describe("signing in", () => {
  test("is asked for first, says what is wrong, and leads to where one wanted", async () => {
    server.signedIn = false;
    await open("#/audit");
    await fill("token", "wrong");
    await submit("token");
    expect(one("login-problem").textContent).toContain("isn't the admin token");
    await fill("token", "right");
    server.answers.set("GET api/audit", () => ({ entries: [] }));
    await submit("token");
    expect(one("title").textContent).toBe("Audit log");
    expect(document.body.innerHTML).not.toContain("right");
  });

  test("is asked for again when it is over, with what one had in sight kept", async () => {
    await open("#/overview");
    server.signedIn = false;
    await pass(5_000);
    expect(document.body.textContent).toContain("You were signed out");
    await fill("token", "right");
    await submit("token");
    expect(one("title").textContent).toBe("Overview");
  });

  describe("keeps what was typed when it is over", () => {
    const textOf = (id: string) => (one(id) as HTMLInputElement).value;
    const signInAgain = async () => {
      expect(document.body.textContent).toContain("You were signed out");
      await fill("token", "right");
      await submit("token");
    };

    test("an announcement, with the question whether to say it", async () => {
      await open("#/announce");
      await fill("announce-text", "Back in five minutes");
      await act(async () => one("announce-some").click());
      await fill("announce-rooms", "tea");
      await submit("announce-text");
      server.signedIn = false;
      await submit("ask-go");
      await signInAgain();
      expect(textOf("announce-text")).toBe("Back in five minutes");
      expect(textOf("announce-rooms")).toBe("tea");
      server.answers.set("POST api/announce", () => ({ rooms: 1, failed: 0 }));
      await submit("ask-go");
      const last = server.asked.findLast(({ call }) => call === "POST api/announce");
      expect(last?.body).toEqual({ text: "Back in five minutes", rooms: ["tea"] });
      expect(textOf("announce-text")).toBe("");
    });

    test("a message, a reason and a setting", async () => {
      const settings = { title: "Tea", locked: false };
      server.answers.set("GET api/rooms/tea", () => ({ room: "tea", members: 1, owned: true }));
      server.answers.set("GET api/rooms/tea/messages", () => ({ messages: [], cursor: "0-0" }));
      server.answers.set("GET api/rooms/tea/members", () => ({ members: [{ id: "bob" }] }));
      server.answers.set("GET api/rooms/tea/settings", () => ({
        version: 7,
        owned: true,
        settings,
      }));
      await open("#/rooms/tea");
      await fill("post-text", "all well?");
      server.signedIn = false;
      await submit("post-text");
      await signInAgain();
      expect(textOf("post-text")).toBe("all well?");

      await goTo("#/rooms/tea/members");
      await click("member-ban");
      await fill("ask-reason", "spam");
      server.signedIn = false;
      await submit("ask-reason");
      await signInAgain();
      expect(textOf("ask-reason")).toBe("spam");
      await click("ask-cancel");

      await goTo("#/rooms/tea/settings");
      await fill("set-title", "Coffee");
      server.signedIn = false;
      await submit("set-title");
      await signInAgain();
      expect(textOf("set-title")).toBe("Coffee");
      await goTo("#/rooms/tea/bans");
      await goTo("#/rooms/tea/settings");
      expect(textOf("set-title")).toBe("Tea");
    });

    test("but not for whoever signed out", async () => {
      server.answers.set("POST logout", () => null);
      await open("#/announce");
      await fill("announce-text", "Back in five minutes");
      await click("sign-out");
      await fill("token", "right");
      await submit("token");
      expect(textOf("announce-text")).toBe("");
    });
  });

  test("is not asked for while the server can't be reached, or its store is away", async () => {
    server.reachable = false;
    await open();
    expect(all("token")).toEqual([]);
    expect(document.body.textContent).toContain("Couldn't reach the server");
    server.reachable = true;
    const checks = { store: { ok: false, took: 3000 } };
    server.answers.set("GET api/health", () =>
      Response.json({ status: "failing", checks }, { status: 503 }),
    );
    server.answers.set("GET api/stats", () => problem(503, "unavailable"));
    await pass(5_000);
    expect(one("health").dataset.good).toBe("false");
    expect(one("problem").textContent).toContain("store may be away");
  });
});

test("the overview follows what the server tells, and says when it can't", async () => {
  await open();
  expect(one("total-rate").textContent).toBe("7");
  await act(async () => server.tell("api/stream", "stats", { rooms: 9, postsPerMinute: 12 }));
  expect(one("total-rate").textContent).toBe("12");
  server.reachable = false;
  await pass(5_000);
  expect(all("offline")).toHaveLength(1);
  server.reachable = true;
  await pass(5_000);
  expect(all("offline")).toEqual([]);
});

describe("the list of rooms", () => {
  let rooms: RoomInfo[];
  beforeEach(() => {
    rooms = Array.from({ length: 120 }, (_, n) => ({ room: `r${n}`, members: n }));
    server.answers.set("GET api/rooms", (query) => {
      const found = rooms.filter(({ room }) => room.includes(query.get("query") ?? ""));
      const at = Number(query.get("after") ?? 0);
      const page = found.slice(at, at + 50);
      const next = at + 50 < found.length ? { next: String(at + 50) } : {};
      return { rooms: page, total: found.length, ...next };
    });
  });

  test("has pages, and Back", async () => {
    await open("#/rooms");
    expect(one("shown").textContent).toBe("1–50 of 120");
    await goTo(one("next").getAttribute("href") ?? "");
    expect(one("shown").textContent).toBe("51–100 of 120");
    expect(rowsOf("rooms")[0]).toBe("r50");
    await goTo(one("next").getAttribute("href") ?? "");
    expect(one("shown").textContent).toBe("101–120 of 120");
    expect(all("next")).toEqual([]);
    await goTo(one("first").getAttribute("href") ?? "");
    expect(one("shown").textContent).toBe("1–50 of 120");
    expect(all("previous")).toEqual([]);
  });

  test("is searched as one types, and sorted by its heads", async () => {
    await open("#/rooms?after=50&from=50");
    await fill("search", "r11");
    await pass(300);
    expect(rowsOf("rooms")).toEqual(["r11", ...Array.from({ length: 10 }, (_, n) => `r11${n}`)]);
    expect(location.hash).toContain("query=r11");
    expect(location.hash).not.toContain("after");
    await click("sort-members");
    await goTo(location.hash);
    expect(server.asked.at(-1)?.call).toContain("sort=members&order=desc");
    await click("sort-members");
    await goTo(location.hash);
    expect(server.asked.at(-1)?.call).toContain("sort=members&order=asc");
    await fill("search", "none");
    await pass(300);
    expect(one("none").textContent).toContain("none");
  });

  test("is live without moving: numbers change in place, and others come when asked for", async () => {
    await open("#/rooms");
    const cell = () => one("rooms").querySelector('[data-key="r3"] .of-members')?.textContent;
    expect(cell()).toContain("3");
    await act(async () =>
      server.tell("api/stream", "rooms", { rooms: [{ room: "r3", members: 77 }] }),
    );
    expect(cell()).toContain("77");
    rooms = [{ room: "new", members: 500 }, ...rooms];
    await pass(5_000);
    expect(rowsOf("rooms")[0]).toBe("r0");
    await click("reload");
    expect(rowsOf("rooms")[0]).toBe("new");
    expect(all("reload")).toEqual([]);
  });
});

describe("one room", () => {
  const from = { id: "bob", name: "Bob\u202e" };
  beforeEach(() => {
    server.answers.set("GET api/rooms/tea", () => ({
      room: "tea",
      title: "Tea",
      members: 1,
      owned: true,
    }));
    server.answers.set("GET api/rooms/tea/messages", () => ({
      messages: [{ type: "message", id: "1-a", from, text: "<b>hello</b>" }],
      cursor: "1-a",
      more: false,
    }));
    server.answers.set("GET api/rooms/tea/members", () => ({ members: [from] }));
  });

  test("shows what is said as it comes, and says so itself", async () => {
    await open("#/rooms/tea");
    expect(one("message").textContent).toContain("<b>hello</b>");
    expect(one("message").textContent).toContain("BobU+202E");
    const [, stream] = server.streams;
    expect(stream?.url).toBe("http://admin/api/rooms/tea/stream?after=1-a");
    const next = { type: "message", id: "2-b", from, text: "more" };
    await act(async () => server.tell("api/rooms/tea/stream", "message", next));
    expect(all("message").map(({ dataset }) => dataset.id)).toEqual(["1-a", "2-b"]);
    const gone = { type: "delete", id: "3-c", target: "1-a", from };
    await act(async () => server.tell("api/rooms/tea/stream", "message", gone));
    expect(all("message")[0]?.textContent).toContain("was deleted");

    server.answers.set("POST api/rooms/tea/messages", () => problem(503, "unavailable"));
    await fill("post-text", "all well?");
    await click("post");
    const first = server.asked.at(-1)?.body as { key: string };
    server.answers.set("POST api/rooms/tea/messages", () => ({ id: "4-d" }));
    await click("post");
    expect(server.asked.at(-1)?.body).toEqual({ text: "all well?", key: first.key });
    expect((one("post-text") as HTMLTextAreaElement).value).toBe("");
  });

  test("bans whom one chose, when it was asked", async () => {
    await open("#/rooms/tea/members");
    await click("member-ban");
    expect(one("ask").textContent).toContain("Ban \u2068Bob\ufffd\u2069");
    await click("ask-cancel");
    expect(server.changes()).toEqual([]);
    await click("member-ban");
    await fill("ask-reason", "spam");
    server.answers.set("POST api/rooms/tea/members/bob/ban", () => problem(403, "not_allowed"));
    await submit("ask-reason");
    expect(one("problem").textContent).toContain("refused");
    server.answers.set("POST api/rooms/tea/members/bob/ban", () => ({ type: "notice" }));
    await submit("ask-reason");
    expect(server.asked.findLast(({ call }) => call.startsWith("POST"))?.body).toEqual({
      reason: "spam",
      for: 86_400,
    });
    expect(all("ask")).toEqual([]);
    expect(one("said").textContent).toContain("is banned");
  });

  test("is asked about by whoever is quick with the keys: the question has the focus at once", async () => {
    server.answers.set("GET api/rooms/tea/members", () => ({ members: [from] }));
    await open("#/rooms/tea/members");
    one("member-ban").focus();
    one("member-ban").click();
    await Promise.resolve(); // drawn, and not painted yet
    expect(document.activeElement).toBe(one("ask-for"));
  });

  test("has the focus in the list when somebody has gone from it", async () => {
    const members = [from, { id: "eve", name: "Eve" }];
    server.answers.set("GET api/rooms/tea/members", () => ({ members }));
    for (const { id } of members) {
      server.answers.set(`POST api/rooms/tea/members/${id}/ban`, () => ({ type: "notice" }));
    }
    await open("#/rooms/tea/members");
    const focused = () => (document.activeElement as HTMLElement).dataset.testid;
    const inRow = () => document.activeElement?.closest("tr")?.dataset.key;
    for (const left of ["eve", undefined]) {
      one("member-ban").focus();
      await click("member-ban");
      await submit("ask-reason");
      expect(focused()).toBe("member-ban");
      members.shift(); // the others are told a moment later
      await pass(3_000);
      expect(inRow()).toBe(left);
      if (left !== undefined) expect(focused()).toBe("member-ban");
    }
    expect(document.activeElement).toBe(one("title"));

    // Who goes while it is asked about leaves no place to come back to.
    members.push(from);
    await pass(3_000);
    one("member-ban").focus();
    await click("member-ban");
    members[0] = { id: "eve", name: "Eve" };
    await pass(3_000);
    await click("ask-cancel");
    expect(document.activeElement).toBe(one("title"));
  });

  test("goes on where a stream broke off", async () => {
    await open("#/rooms/tea");
    const reaction = { type: "reaction", id: "2-b", target: "1-a", emoji: "👍", from };
    const tell = () => server.tell("api/rooms/tea/stream", "reaction", reaction);
    await act(async () => tell());
    const [, stream] = server.streams;
    stream?.close();
    await act(async () => stream?.onerror?.());
    await pass(1_000);
    expect(server.streams.at(-1)?.url).toBe("http://admin/api/rooms/tea/stream?after=2-b");
    expect(one("message").textContent).toContain("👍 1");
  });

  test("is closed by who types its name", async () => {
    server.answers.set("DELETE api/rooms/tea", () => null);
    await open("#/rooms/tea/actions");
    await click("close");
    expect((one("ask-go") as HTMLButtonElement).disabled).toBe(true);
    await fill("type-name", "TEA");
    await submit("type-name");
    expect(server.changes()).toEqual(["DELETE api/rooms/tea"]);
  });

  test("has settings of which what was changed is saved, by their version", async () => {
    const settings = {
      title: "Tea",
      password: true,
      locked: false,
      slowMode: 0,
      newcomers: "post",
    };
    server.answers.set("GET api/rooms/tea/settings", () =>
      Response.json({ version: 7, owned: true, settings }, { headers: { ETag: '"7"' } }),
    );
    await open("#/rooms/tea/settings");
    expect((one("settings-save") as HTMLButtonElement).disabled).toBe(true);
    await act(async () => one("set-locked").click());
    await act(async () => one("set-password-off").click());
    server.answers.set("PATCH api/rooms/tea/settings", () => ({ version: 8 }));
    await submit("set-title");
    const patch = server.asked.find(({ call }) => call.startsWith("PATCH"));
    expect(patch?.body).toEqual({ locked: true, password: null });
    expect(patch?.headers["If-Match"]).toBe('"7"');
  });

  test("that isn't there says so", async () => {
    await open("#/rooms/none");
    expect(all("room-gone")).toHaveLength(1);
  });
});

test("an announcement is asked once, and said again under the same key", async () => {
  await open("#/announce");
  await fill("announce-text", "Back in five minutes");
  await submit("announce-text");
  server.answers.set("POST api/announce", () => problem(503, "unavailable"));
  await submit("ask-go");
  const key = server.asked.at(-1)?.headers["Idempotency-Key"];
  server.answers.set("POST api/announce", () => ({ rooms: 2, failed: 0 }));
  await submit("ask-go");
  const last = server.asked.findLast(({ call }) => call === "POST api/announce");
  expect(last?.body).toEqual({ text: "Back in five minutes" });
  expect(last?.headers["Idempotency-Key"]).toBe(key);
  expect(one("said").textContent).toBe("Announced in 2 rooms.");
});

test("a session is looked up, and ended when it was asked", async () => {
  let signedOut = false;
  server.answers.set("GET api/sessions/bob", () => ({ id: "bob", name: "Bob", signedOut }));
  server.answers.set("DELETE api/sessions/bob", () => {
    signedOut = true;
    return null;
  });
  await open("#/sessions");
  await fill("session-id", " bob ");
  await submit("session-id");
  await goTo(location.hash);
  expect(one("session-data").getAttribute("href")).toBe("http://admin/api/sessions/bob/data");
  await click("revoke");
  await submit("ask-go");
  await pass(1);
  expect(all("session-over")).toHaveLength(1);
  await goTo("#/sessions/none");
  expect(all("session-none")).toHaveLength(1);
});

test("the audit log is filtered, and goes on to what is older", async () => {
  server.answers.set("GET api/audit", (query) => ({
    entries: [
      {
        id: "5-0",
        at: "2026-11-24T12:10:00.000Z",
        actor: { name: "operator", via: "operator" },
        action: query.get("action") ?? "ban",
        room: "tea",
        target: { id: "bob", name: "Bob" },
        detail: "spam",
      },
    ],
    next: "4-0",
  }));
  await open("#/audit");
  expect(one("audit").textContent).toContain("banned");
  expect(one("older").getAttribute("href")).toBe("#/audit?before=4-0");
  await fill("filter-room", "tea");
  await submit("filter-room");
  await goTo(location.hash);
  expect(server.asked.at(-1)?.call).toBe("GET api/audit?room=tea&limit=50");
});

test("what webhooks could not tell is sent again, or dropped when it was asked", async () => {
  const letter = (id: string) => ({
    id,
    room: "tea",
    type: "message",
    url: "https://hooks.example.org/",
    error: "it answers with 502",
    attempts: 9,
    payload: { data: { text: "hello" } },
  });
  let dead = [letter("one"), letter("two")];
  const gone = (id: string) => () => {
    dead = dead.filter((one) => one.id !== id);
    return null;
  };
  server.answers.set("GET api/webhooks", () => ({
    webhooks: [{ id: "n-1", url: "https://ops.example.org/", disabledAt: "2026-11-24T12:00:00Z" }],
  }));
  server.answers.set("GET api/webhooks/dead", () => ({ dead, total: dead.length, next: "" }));
  server.answers.set("POST api/webhooks/dead/one/retry", () =>
    problem(409, "conflict", { detail: "the receiver has not taken it" }),
  );
  server.answers.set("DELETE api/webhooks/dead/two", gone("two"));
  server.answers.set("POST api/webhooks/n-1/enable", () => null);
  await open("#/webhooks");
  await click("hook-on");
  expect(rowsOf("dead")).toEqual(["one", "two"]);
  await click("dead-retry");
  expect(one("problem").textContent).toContain("has not taken it");
  server.answers.set("POST api/webhooks/dead/one/retry", gone("one"));
  await click("dead-retry");
  expect(rowsOf("dead")).toEqual(["two"]);
  await click("dead-drop");
  await submit("ask-go");
  expect(document.body.textContent).toContain("Everything was told");
  await goTo("#/overview");
  server.answers.delete("GET api/webhooks");
  await goTo("#/webhooks");
  expect(all("webhooks-off")).toHaveLength(1);
});

test("the language is changed, and kept", async () => {
  await open("#/overview");
  const select = one("language") as HTMLSelectElement;
  await act(async () => {
    select.value = "ru";
    select.dispatchEvent(new Event("change", { bubbles: true }));
  });
  await pass(1);
  expect(one("title").textContent).toBe("Обзор");
  expect(document.documentElement.lang).toBe("ru");
  expect(localStorage.getItem("caller.language")).toBe('"ru"');
  localStorage.clear();
});
