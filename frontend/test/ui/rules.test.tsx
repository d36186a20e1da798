// @vitest-environment happy-dom
import { describe, expect, test, vi } from "vitest";
import { loadAll, Words } from "../../src/ui/i18n/index.ts";
import { untilText } from "../../src/ui/rules/when.ts";
import { soonText } from "../../src/ui/soon.ts";
import { problem } from "../fake_server.ts";
import { usePage } from "./open_page.tsx";

const page = usePage();

/** What is loaded on demand needs real time, too. */
async function seen(id: string): Promise<HTMLElement> {
  await vi.waitFor(
    async () => {
      await page.pass(50);
      expect(page.all(id).length, `${id} in ${document.body.textContent}`).toBeGreaterThan(0);
    },
    { timeout: 30_000 },
  );
  return page.one(id);
}

async function until(condition: () => void): Promise<void> {
  await vi.waitFor(
    async () => {
      await page.pass(50);
      condition();
    },
    { timeout: 30_000 },
  );
}

interface Asked {
  call: string;
  body: Record<string, unknown>;
  match: string | undefined;
}

const base = {
  title: "Tea",
  topic: "at four",
  posting: "everyone",
  newcomers: "post",
  slowMode: 0,
};

/** The room has an owner. What is asked about its rules is kept, and answered. */
function owned(role: string, more: object = {}) {
  const { server } = page;
  const state = { version: 7, role, settings: { ...base, ...more } as Record<string, unknown> };
  const asked: Asked[] = [];
  const answers = new Map<string, () => Response>();
  const rules = () => ({ roomId: "lobby", owned: true, ...state });
  const event = () => {
    const { role: _, ...told } = rules();
    return { type: "settings", ...told };
  };
  server.settings = event();
  server.answer = (method, url, { body, headers }) => {
    if (!url.pathname.startsWith("/rooms/lobby/")) return undefined;
    const path = url.pathname.slice("/rooms/lobby".length);
    if (/^\/(sse|messages|read|members|typing)$/.test(path)) return undefined;
    const call = `${method} ${path}`;
    const fields = JSON.parse(String(body ?? "{}"));
    const match = (headers as Record<string, string>)["If-Match"];
    if (method !== "GET") asked.push({ call, body: fields, match });
    const answer = answers.get(call)?.();
    if (answer !== undefined) return answer;
    if (path === "/settings" && method === "PATCH") {
      Object.assign(state.settings, fields);
      state.version++;
      server.settings = event();
      server.tell(event());
    }
    return path === "/settings" || path === "/enter"
      ? Response.json(rules())
      : Response.json({ id: "99-00000001", what: "done", from: { id: "me" }, roomId: "lobby" });
  };
  return { asked, answers, state, event };
}

const notice = (what: string, more: object = {}, from = { id: "bob", name: "Bob" }) =>
  page.server.append({ type: "notice", what, from, ...more });
const notices = () => page.all("notice-line").map((line) => line.textContent);
const plain = (text: string | null | undefined) => text?.replace(/[\u2068\u2069]/g, "");

describe("a room that one may not enter", () => {
  test.each([
    ["locked", "locked"],
    ["full", "full"],
    ["banned", "banned"],
    ["room_closed", "closed"],
  ])("says that it is: %s", async (code, word) => {
    page.server.door = { status: 403, code, until: "2126-11-25T12:10:00.000Z", reason: "spam <b>" };
    await page.open("/rooms/lobby");
    const door = await seen("door");
    expect(door.dataset.code).toBe(code);
    expect(door.textContent).toContain(word);
    if (code === "banned") expect(plain(door.textContent)).toContain("spam <b>");
    // Nothing is tried by itself, and what one presses is tried.
    const tries = page.server.opened.length;
    await page.pass(600_000);
    expect(page.server.opened.length).toBe(tries);
    if (code === "room_closed") return expect(page.all("door-again")).toEqual([]);
    page.server.door = undefined;
    await page.click("door-again");
    await seen("composer-input");
    expect(page.all("door")).toEqual([]);
  });

  test("asks for its password in place, and says kindly that one is wrong", async () => {
    const { asked, answers } = owned("guest");
    page.server.door = { status: 403, code: "password_required" };
    answers.set("POST /enter", () => problem(403, "wrong_password"));
    await page.open("/rooms/lobby");
    await seen("door-password");
    await page.fill("door-password", "guess");
    await page.click("door-enter");
    await until(() => expect(page.one("door-problem").textContent).toContain("isn't the password"));
    answers.set("POST /enter", () => problem(429, "too_much", { retryAfter: 3 }));
    await page.click("door-enter");
    await until(() => expect(page.one("door-problem").textContent).toContain("3 seconds"));
    expect((page.one("door-enter") as HTMLButtonElement).disabled).toBe(true);
    await page.pass(3_100);
    await until(() => expect(page.one("door-problem").textContent).toBe(""));
    answers.delete("POST /enter");
    page.server.door = undefined;
    await page.fill("door-password", "s3cret");
    await page.click("door-enter");
    await seen("composer-input");
    expect(asked.map(({ body }) => body)).toEqual([
      { password: "guess" },
      { password: "guess" },
      { password: "s3cret" },
    ]);
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain("s3cret");
  });

  test("redeems an invite out of the address, once one has a name", async () => {
    const { asked } = owned("guest");
    page.server.signedIn = false;
    page.server.door = { status: 403, code: "invite_required" };
    await page.open("/rooms/lobby?transport=sse#i=s3cretInv1te", true);
    expect(location.hash).toBe("");
    const door = await seen("door");
    expect(door.textContent).toContain("You are invited");
    expect(asked).toEqual([]);
    await seen("name-input");
    page.server.signedIn = true;
    page.server.door = undefined;
    await page.fill("name-input", "Ann");
    await page.click("name-save");
    await seen("composer-input");
    expect(asked).toMatchObject([{ call: "POST /enter", body: { invite: "s3cretInv1te" } }]);
    expect(location.href).not.toContain("s3cret");
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain("s3cretInv1te");
  });

  test("says that an invite is no longer good, and takes another", async () => {
    const { asked, answers } = owned("guest");
    page.server.door = { status: 403, code: "invite_required" };
    answers.set("POST /enter", () => problem(403, "wrong_invite"));
    await page.open("/rooms/lobby#i=0ld");
    expect((await seen("entering-problem")).textContent).toContain("no longer good");
    await page.fill("door-invite", "https://elsewhere.example/");
    await page.click("door-enter");
    expect(page.one("door-problem").textContent).toContain("no invitation");
    answers.delete("POST /enter");
    page.server.door = undefined;
    await page.fill("door-invite", "http://localhost:3000/rooms/lobby#i=n3w");
    await page.click("door-enter");
    await seen("composer-input");
    expect(asked.map(({ body }) => body)).toEqual([{ invite: "0ld" }, { invite: "n3w" }]);
  });

  test("keeps an invite while the door is locked", async () => {
    const { asked, answers } = owned("guest");
    page.server.door = { status: 403, code: "locked" };
    answers.set("POST /enter", () => problem(403, "locked"));
    await page.open("/rooms/lobby#i=s3cret");
    await until(() => expect(asked).toHaveLength(1));
    await page.pass(200);
    expect((await seen("door")).dataset.code).toBe("locked");
    expect(page.all("entering-problem")).toEqual([]); // the door says it
    page.server.door = { status: 403, code: "invite_required" };
    answers.set("POST /enter", () => {
      page.server.door = undefined;
      return undefined as never; // as it is answered otherwise
    });
    await page.click("door-again");
    await seen("composer-input");
    expect(asked.map(({ body }) => body)).toEqual([{ invite: "s3cret" }, { invite: "s3cret" }]);
  });

  test("keeps what was being written by who is put out, and lets them come back", async () => {
    owned("guest");
    page.server.post("hello");
    await page.open("/rooms/lobby");
    await seen("composer-input");
    await page.fill("composer-input", "half a thought");
    const till = new Date(Date.now() + 20_000).toISOString();
    page.server.close("removed", 403, { until: till, reason: "calm down" });
    const door = await seen("door");
    expect(door.textContent).toContain("removed");
    expect(plain(door.textContent)).toContain("Reason: calm down");
    expect((await seen("door-wait")).textContent).toMatch(/come back in \d+ seconds/);
    await page.pass(30_000);
    expect(page.all("door-wait")).toEqual([]);
    expect(page.texts()).toEqual(["hello"]);
    page.server.door = undefined;
    await page.click("door-again");
    expect(((await seen("composer-input")) as HTMLTextAreaElement).value).toBe("half a thought");
  });
});

test("an owner's link makes one an owner of a room that is open to all", async () => {
  const { asked } = owned("owner");
  await page.open("/rooms/lobby#o=0wner");
  expect(location.hash).toBe("");
  await until(() => expect(page.one("notice").textContent).toContain("owner of this room"));
  expect(asked).toMatchObject([{ call: "POST /enter", body: { owner: "0wner" } }]);
});

describe("what one may not write", () => {
  test("says so in the composer's place, and until when", async () => {
    owned("guest", { posting: "moderators" });
    await page.open("/rooms/lobby");
    const hint = await seen("write-hint");
    expect(hint.textContent).toContain("Only moderators");
    expect(page.all("composer-input")).toEqual([]);
    page.server.tell({ ...owned("guest").event(), version: 20 });
    await seen("composer-input");
  });

  test("who is muted is told until when, while it is done and in the next visit", async () => {
    const { state } = owned("member");
    await page.open("/rooms/lobby");
    await seen("composer-input");
    await page.fill("composer-input", "what I was writing");
    const muted = { until: "2126-11-25T12:10:00.000Z", reason: "spam" };
    Object.assign(state, { version: 8, muted });
    notice("muted", { member: { id: "me", name: "Ann" } });
    await until(() => expect(page.one("write-hint").textContent).toContain("until November 25"));
    expect(plain(page.one("write-hint").textContent)).toContain("Reason: spam");
    expect(page.all("composer-input")).toEqual([]);
    page.reload();
    await page.open("/rooms/lobby");
    await until(() => expect(page.one("write-hint").textContent).toContain("until November 25"));
    Object.assign(state, { version: 9, muted: {} });
    notice("muted", { member: { id: "me", name: "Ann" } });
    await until(() =>
      expect(page.one("write-hint").textContent).toMatch(/muted you\. You can read/),
    );
    await until(() => expect(page.all("composer-input")).toEqual([]));
    Object.assign(state, { version: 10, muted: undefined });
    notice("unmuted", { member: { id: "me", name: "Ann" } });
    await seen("composer-input");
    expect((page.one("composer-input") as HTMLTextAreaElement).value).toBe("what I was writing");
  });

  test("newcomers see that they are to be let in, and then are", async () => {
    owned("guest", { newcomers: "read" });
    await page.open("/rooms/lobby");
    expect((await seen("write-hint")).textContent).toContain("lets them in");
    notice("let-in", { member: { id: "me", name: "Ann" } });
    await seen("composer-input");
    expect(page.all("write-hint")).toEqual([]);
  });

  test("slow mode counts down, and the text stays", async () => {
    owned("member", { slowMode: 30 });
    await page.open("/rooms/lobby");
    expect((await seen("write-hint")).textContent).toBe("Slow mode: one message every 30 seconds.");
    await page.fill("composer-input", "one");
    await page.click("send");
    await until(() => expect(page.texts()).toEqual(["one"]));
    await page.fill("composer-input", "two");
    await until(() => expect(page.one("write-hint").textContent).toMatch(/again in \d+ seconds/));
    expect((page.one("send") as HTMLButtonElement).disabled).toBe(true);
    page.press(page.one("composer-input"), "Enter");
    await page.pass(100);
    expect(page.texts()).toEqual(["one"]);
    expect((page.one("composer-input") as HTMLTextAreaElement).value).toBe("two");
    await page.pass(31_000);
    await until(() => expect((page.one("send") as HTMLButtonElement).disabled).toBe(false));
    await page.click("send");
    await until(() => expect(page.texts()).toEqual(["one", "two"]));
  });

  test("a message that is too much at once says how long it waits, and goes out then", async () => {
    await page.open("/rooms/lobby");
    await seen("composer-input");
    page.server.refuse = { status: 429, code: "too_much", retryAfter: 20 };
    await page.fill("composer-input", "more");
    await page.click("send");
    await page.pass(2_500);
    expect((await seen("message-waits")).textContent).toMatch(/goes out in 1\d seconds/);
    page.server.refuse = undefined;
    await page.pass(20_000);
    await until(() => expect(page.all("message-waits")).toEqual([]));
    expect(page.one("message").dataset.state).toBe("sent");
    expect(page.texts()).toEqual(["more"]);
  });

  test("what waits for slow mode goes out when that is turned off", async () => {
    const { state, event } = owned("member", { slowMode: 300 });
    await page.open("/rooms/lobby");
    await seen("write-hint");
    expect(page.one("write-hint").textContent).toBe("Slow mode: one message every 5 minutes.");
    page.server.refuse = { status: 429, code: "slow_mode", retryAfter: 290 };
    await page.fill("composer-input", "one");
    await page.click("send");
    expect((await seen("message-waits")).textContent).toBe("Slow mode: it goes out in 5 minutes.");
    await page.pass(60_000);
    page.server.refuse = undefined;
    state.settings.slowMode = 0;
    state.version++;
    page.server.tell(event());
    await until(() => expect(page.one("message").dataset.state).toBe("sent"));
    expect(page.texts()).toEqual(["one"]);
  });

  test("who is muted sees until when, and the text is not lost", async () => {
    owned("guest");
    page.server.post("hello");
    await page.open("/rooms/lobby");
    await seen("composer-input");
    page.server.refuse = {
      status: 403,
      code: "muted",
      until: "2126-11-25T12:10:00.000Z",
      reason: "spam",
    };
    await page.fill("composer-input", "but");
    await page.click("send");
    expect((await seen("write-hint")).textContent).toContain("muted you until");
    expect(plain(page.one("write-hint").textContent)).toContain("Reason: spam");
    expect(page.texts()).toEqual(["hello", "but"]);
    page.server.refuse = undefined;
    notice("unmuted", { member: { id: "me", name: "Ann" } });
    await seen("composer-input");
    // What was refused stands there yet; it is not told a second time.
    await page.fill("composer-input", "thanks");
    await page.click("send");
    await until(() => expect(page.texts()).toEqual(["hello", "thanks", "but"]));
    await page.pass(500);
    expect(page.all("write-hint")).toEqual([]);
    expect(page.all("composer-input")).toHaveLength(1);
  });
});

describe("what was done in the room", () => {
  test.each(["en", "ru"] as const)("is a quiet line: %s", async (language) => {
    localStorage.setItem("caller.language", JSON.stringify(language));
    owned("guest");
    const member = { id: "eve", name: "Eve" };
    await page.open("/rooms/lobby");
    page.server.post("hello");
    notice("topic-like");
    const lines: [string, object][] = [
      ["owned", {}],
      ["settings", { changed: ["topic"], settings: { topic: "at <i>five</i>" } }],
      ["settings", { changed: ["topic"], settings: { topic: "" } }],
      ["settings", { changed: ["title"], settings: { title: "Tea" } }],
      ["settings", { changed: ["slowMode"], settings: { slowMode: 10 } }],
      ["settings", { changed: ["slowMode"], settings: { slowMode: 0 } }],
      ["settings", { changed: ["locked"], settings: { locked: true } }],
      ["settings", { changed: ["newcomers"], settings: { newcomers: "read" } }],
      ["settings", { changed: ["password"], settings: { password: true } }],
      ["settings", { changed: ["password"], settings: { password: false } }],
      ["settings", { changed: ["files", "calls"] }],
      ["removed", { member }],
      ["banned", { member }],
      ["unbanned", { member }],
      ["muted", { member }],
      ["unmuted", { member }],
      ["let-in", { member }],
      ["role", { member, role: "moderator" }],
      ["role", { member, role: "guest" }],
    ];
    for (const [what, more] of lines) notice(what, more);
    await until(() => expect(notices().filter(Boolean)).toHaveLength(lines.length + 1));
    const said = notices().map(plain);
    expect(new Set(said.slice(1)).size).toBe(lines.length);
    for (const line of said) expect(line).toContain("Bob");
    expect(said.filter((line) => line?.includes("Eve"))).toHaveLength(8);
    if (language === "en") expect(said).toContain("Bob banned Eve");
    expect(said[2]).toContain("at <i>five</i>");
    expect(document.querySelector("[data-testid=notice-line] i")).toBeNull();
    // No screen reader is told of each: it is there to be read.
    expect(page.one("heard").textContent).toBe(language === "en" ? "Bob: hello" : "Bob: hello");
  });

  test("what was deleted is gone, and said", async () => {
    owned("guest");
    page.server.post("one");
    page.server.post("two");
    await page.open("/rooms/lobby");
    await until(() => expect(page.texts()).toEqual(["one", "two"]));
    notice("cleared");
    await until(() => expect(notices().map(plain)).toEqual(["Bob deleted all messages before"]));
    expect(page.texts()).toEqual([]);
  });

  test("the header has the title and the topic", async () => {
    owned("guest");
    await page.open("/rooms/lobby");
    await until(() => expect(document.querySelector("h1")?.textContent).toBe("Tea"));
    expect(page.one("topic").textContent).toBe("at four");
    page.server.tell({ ...owned("guest", { title: "", topic: "" }).event(), version: 30 });
    await until(() => expect(document.querySelector("h1")?.textContent).toBe("lobby"));
    expect(page.all("topic")).toEqual([]);
  });
});

describe("an owner's settings", () => {
  const open = async () => {
    await page.open("/rooms/lobby");
    await until(() => expect(document.querySelector("h1")?.textContent).toBe("Tea"));
    await page.click("menu");
    (await seen("room-about-open")).click();
    await seen("room-dialog");
  };

  test("are saved at once, each by its own control, and undone by it", async () => {
    const { asked, state } = owned("owner");
    await open();
    const locked = (await seen("set-locked")) as HTMLInputElement;
    for (const value of [true, false]) {
      locked.checked = value;
      locked.dispatchEvent(new Event("change", { bubbles: true }));
      await until(() => expect(state.settings.locked).toBe(value));
    }
    expect(asked.map(({ call, body, match }) => [call, body, match])).toEqual([
      ["PATCH /settings", { locked: true }, '"7"'],
      ["PATCH /settings", { locked: false }, '"8"'],
    ]);
    const topic = page.one("set-topic") as HTMLInputElement;
    await page.fill("set-topic", "at five");
    page.press(topic, "Enter");
    await until(() => expect(state.settings.topic).toBe("at five"));
    await page.click("set-password");
    await page.fill("new-password", "s3cret");
    await page.click("save-password");
    await until(() => expect(asked.at(-1)?.body).toEqual({ password: "s3cret" }));
    expect(document.body.textContent).not.toContain("s3cret");
  });

  test("that are changed one after the other rest on one another", async () => {
    const { asked } = owned("owner");
    await open();
    const boxes = ["set-locked", "set-listed"];
    await seen("set-locked");
    for (const id of boxes) {
      const box = page.one(id) as HTMLInputElement;
      box.checked = !box.checked;
      box.dispatchEvent(new Event("change", { bubbles: true }));
    }
    await page.fill("set-topic", "at five");
    page.press(page.one("set-topic"), "Enter");
    page.one("set-topic").dispatchEvent(new FocusEvent("blur"));
    await until(() => expect(asked).toHaveLength(3));
    await page.pass(500);
    expect(asked.map(({ match }) => match)).toEqual(['"7"', '"8"', '"9"']);
  });

  test("that somebody else has changed meanwhile are shown as they are, and it is said", async () => {
    const { answers, state, event } = owned("owner");
    await open();
    await seen("set-slowMode");
    answers.set("PATCH /settings", () => problem(412, "version_mismatch"));
    state.version = 9;
    state.settings.slowMode = 60;
    const slow = page.one("set-slowMode") as HTMLSelectElement;
    slow.value = "10";
    slow.dispatchEvent(new Event("change", { bubbles: true }));
    await until(() => expect(page.one("settings-problem").textContent).toContain("Somebody else"));
    await until(() => expect((page.one("set-slowMode") as HTMLSelectElement).value).toBe("60"));
    expect(event().version).toBe(9);
  });

  test("a moderator is offered what a moderator may change, and nobody else anything", async () => {
    owned("moderator");
    await open();
    await seen("set-topic");
    expect(page.all("set-title")).toEqual([]);
    expect(page.all("set-password")).toEqual([]);
    expect(page.all("open-close")).toEqual([]);
    expect(page.all("open-bans")).toHaveLength(1);
    for (const control of document.querySelectorAll("dialog button, dialog input")) {
      expect((control as HTMLButtonElement).disabled).toBe(false);
    }
    page.reload();
    owned("member");
    await open();
    expect((await seen("room-about")).textContent).toContain("at four");
    expect(document.querySelectorAll("dialog input, dialog select")).toHaveLength(0);
  });

  test("the focus goes to the next page's title, and back to what led there", async () => {
    owned("owner");
    const before: unknown[] = [];
    const show = HTMLDialogElement.prototype.showModal;
    const shown = vi.spyOn(HTMLDialogElement.prototype, "showModal").mockImplementation(function (
      this: HTMLDialogElement,
    ) {
      before.push((document.activeElement as HTMLElement | null)?.dataset.testid);
      show.call(this);
    });
    await open();
    const led = await seen("open-bans");
    shown.mockRestore();
    expect(before, "what has the focus when it is closed").toEqual(["menu"]);
    led.focus();
    led.click();
    await seen("dialog-back");
    expect(document.activeElement?.id).toBe("dialog-title");
    await page.click("dialog-back");
    expect(document.activeElement).toBe(await seen("open-bans"));
  });

  test("invites are made, shown once and taken back", async () => {
    const { answers, asked } = owned("owner");
    const list = { id: "i-1", expiresAt: "2126-12-01T12:04:31.000Z", uses: 5, used: 2 };
    let left = [list];
    answers.set("GET /invites", () => Response.json({ invites: left }));
    answers.set("POST /invites", () =>
      Response.json({ ...list, url: "/rooms/lobby#i=s3c" }, { status: 201 }),
    );
    answers.set("DELETE /invites/i-1", () => {
      left = [];
      return new Response(null, { status: 204 });
    });
    await open();
    (await seen("open-invites")).click();
    await seen("invite-list");
    const make = page.one("invite-make");
    for (const detail of [1, 2]) make.dispatchEvent(new MouseEvent("click", { detail }));
    const link = (await seen("invite-link")) as HTMLInputElement;
    // The second click of two may come late.
    make.dispatchEvent(new MouseEvent("click", { detail: 2 }));
    await page.pass(200);
    expect(asked.filter(({ call }) => call === "POST /invites")).toHaveLength(1);
    expect(link.value).toBe(`${location.origin}/rooms/lobby#i=s3c`);
    expect(page.all("qr-code")).toHaveLength(1);
    expect(asked.at(-1)?.body).toEqual({ uses: 1, expiresIn: 604_800 });
    await page.click("invite-revoke");
    await until(() => expect(page.all("invite-list")).toEqual([]));
  });

  test("a program's token is shown once, with a line that tries it", async () => {
    const { answers } = owned("owner");
    answers.set("GET /tokens", () => Response.json({ tokens: [] }));
    answers.set("POST /tokens", () =>
      Response.json({ id: "t-1", name: "ci", read: true, post: true, token: "caller_x" }),
    );
    await open();
    (await seen("open-programs")).click();
    await seen("program-name");
    await page.fill("program-name", "ci");
    await page.click("program-make");
    await seen("program-token");
    expect(page.one("program-curl").textContent).toBe(
      `curl -H 'Authorization: Bearer caller_x' -d 'hello' '${location.origin}/rooms/lobby'`,
    );
  });

  test("a program may moderate, and the address of a hook is shown once", async () => {
    const words = new Words("en");
    const { answers, asked } = owned("owner");
    const tokens: object[] = [];
    answers.set("GET /tokens", () => Response.json({ tokens }));
    answers.set("POST /tokens", () => {
      const { hook, ...fields } = asked.at(-1)?.body ?? {};
      const made = { id: `t-${tokens.length}`, ...fields, ...(hook ? { hook, post: true } : {}) };
      tokens.push(made);
      const url = "/rooms/lobby/hook/callerhook_x";
      return Response.json({ ...made, ...(hook ? { url } : { token: "caller_x" }) });
    });
    await open();
    (await seen("open-programs")).click();
    await seen("program-name");
    await page.fill("program-name", "guard");
    (page.one("program-moderate") as HTMLInputElement).click();
    await page.pass(50);
    await page.click("program-make");
    await seen("program-token");
    expect(asked.at(-1)?.body).toMatchObject({ read: true, post: true, role: "moderator" });
    expect(page.one("program-list").textContent).toContain(words.text("programModerate"));

    const kind = page.one("program-kind") as HTMLSelectElement;
    kind.value = "hook";
    kind.dispatchEvent(new Event("change", { bubbles: true }));
    await seen("hook-secret");
    expect(page.all("program-read")).toEqual([]);
    await page.fill("program-name", "CI");
    await page.fill("hook-secret", "s3cret");
    await page.click("program-make");
    const address = (await seen("hook-address")) as HTMLInputElement;
    expect(address.value).toBe(`${location.origin}/rooms/lobby/hook/callerhook_x`);
    expect(asked.at(-1)?.body).toEqual({
      name: "CI",
      expiresIn: 31_536_000,
      hook: true,
      signingSecret: "s3cret",
    });
    expect(page.all("program-token")).toEqual([]);
    expect(page.one("program-list").textContent).toContain(words.text("hookRow"));
    expect(document.body.textContent).not.toContain("s3cret");
  });

  test("a webhook's secret is shown once, and how it goes is told", async () => {
    const { answers, asked } = owned("owner");
    const url = "https://hooks.example.org/caller";
    let hooks: object[] = [
      {
        id: "wh-1",
        url,
        events: ["message"],
        failing: { since: "", error: "it answers with 502" },
      },
      { id: "wh-2", url, events: ["left"], disabledAt: "2026-11-24T12:00:00.000Z", lost: 2 },
    ];
    answers.set("GET /webhooks", () => Response.json({ webhooks: hooks }));
    answers.set("POST /webhooks", () =>
      Response.json({ id: "wh-3", url, events: ["message"], secret: "whsec_x" }, { status: 201 }),
    );
    answers.set("POST /webhooks/wh-1/secret", () =>
      Response.json({ ...hooks[0], secret: "whsec_y" }),
    );
    answers.set("PATCH /webhooks/wh-2", () => Response.json(hooks[1]));
    answers.set("DELETE /webhooks/wh-1", () => {
      hooks = hooks.slice(1);
      return new Response(null, { status: 204 });
    });
    const meta = document.createElement("meta");
    meta.name = "caller-webhooks";
    document.body.append(meta);
    await open();
    (await seen("open-webhooks")).click();
    await seen("webhook-list");
    const states = page.all("webhook-state").map(({ textContent }) => textContent);
    expect(states[0]).toContain("it answers with 502");
    expect(states[1]).toContain("2 events were lost");
    await page.click("webhook-on");
    await until(() => expect(asked.at(-1)?.body).toEqual({ enabled: true }));
    await page.fill("webhook-url", url);
    (page.one("webhook-edit") as HTMLInputElement).click();
    await page.pass(50);
    await page.click("webhook-make");
    expect(((await seen("webhook-secret")) as HTMLInputElement).value).toBe("whsec_x");
    expect(asked.at(-1)?.body).toEqual({ url, events: ["message", "delete"] });
    await page.click("webhook-renew");
    await until(() =>
      expect((page.one("webhook-secret") as HTMLInputElement).value).toBe("whsec_y"),
    );
    expect(document.body.textContent).toContain("Copy the new secret now");
    await page.click("webhook-remove");
    await until(() => expect(page.all("webhook-state")).toHaveLength(1));
    meta.remove();
  });

  test("closing the room is asked once", async () => {
    const { asked } = owned("owner");
    await open();
    (await seen("open-close")).click();
    await seen("close-do");
    expect(asked).toEqual([]);
    await page.click("close-do");
    // The room itself is the address of this call.
    await until(() => expect(page.server.sent).toContain("DELETE /rooms/lobby"));
  });
});

describe("keeping order", () => {
  const bob = { id: "bob", name: "Bob", transport: "ws", joinedAt: "" };
  const open = async () => {
    page.server.post("buy now", undefined, { id: "bob", name: "Bob" });
    await page.open("/rooms/lobby");
    page.server.tell({
      type: "members",
      roomId: "lobby",
      members: [page.server.member, bob],
      version: 5,
    });
    await until(() => expect(page.texts()).toEqual(["buy now"]));
    await until(() => expect(document.querySelector("h1")?.textContent).toBe("Tea"));
    await page.pass(200);
  };
  const menu = async () => {
    const message = page.one("message");
    message.focus();
    await page.pass(50);
    page.press(message, "Enter");
    await seen("message-menu");
  };

  test("from a message: ban, with a reason, an end, and what they wrote", async () => {
    const { asked } = owned("moderator");
    await open();
    await menu();
    (await seen("person-ban")).click();
    await seen("ask-ban");
    await page.fill("ask-reason", "spam");
    const box = page.one("ask-delete") as HTMLInputElement;
    box.checked = true;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    await page.pass(50);
    await page.click("ask-do");
    await until(() => expect(page.all("ask-ban")).toEqual([]));
    expect(asked).toMatchObject([
      {
        call: "POST /members/bob/ban",
        body: { reason: "spam", for: 86_400, deleteMessages: 600 },
      },
    ]);
  });

  test("from a person of the list, by who may, and what can be undone is", async () => {
    const { asked } = owned("owner");
    await open();
    (await seen("person-more")).click();
    await seen("person-menu");
    const offered = () =>
      [...document.querySelectorAll("[role=menuitem]")].map((one) =>
        one.getAttribute("data-testid"),
      );
    expect(offered()).toEqual([
      "person-hide",
      "person-moderator",
      "person-give",
      "person-mute",
      "person-remove",
      "person-ban",
    ]);
    await page.click("person-moderator");
    await until(() =>
      expect(asked).toMatchObject([
        { call: "POST /members/bob/role", body: { role: "moderator" } },
      ]),
    );
    notice("role", { member: { id: "bob", name: "Bob" }, role: "moderator" });
    await until(() => expect(page.one("member-role").closest("li")?.dataset.id).toBe("bob"));
    notice("muted", { member: { id: "bob", name: "Bob" } });
    await until(() => expect(notices()).toHaveLength(2));
    await page.click("person-more");
    await page.click("person-unmute");
    await until(() => expect(asked.at(-1)?.call).toBe("DELETE /members/bob/mute"));
  });

  test("the focus is on the button again when its menu closes", async () => {
    owned("moderator");
    await open();
    const more = await seen("person-more");
    more.focus();
    more.click();
    await seen("person-menu");
    expect(document.activeElement).toBe(page.one("person-hide"));
    page.press(page.one("person-hide"), "Escape");
    await page.pass(50);
    expect(page.all("person-menu")).toEqual([]);
    expect(document.activeElement).toBe(more);
  });

  test("nothing is offered against another owner", async () => {
    owned("owner");
    await open();
    page.server.tell({
      type: "members",
      roomId: "lobby",
      members: [page.server.member, { ...bob, role: "owner" }],
      version: 6,
    });
    await seen("member-role");
    (await seen("person-more")).click();
    await seen("person-menu");
    const offered = [...document.querySelectorAll<HTMLElement>("[role=menuitem]")];
    expect(offered.map(({ dataset }) => dataset.testid)).toEqual(["person-hide"]);
  });

  test("what was done just now is said, and can be taken back", async () => {
    const { asked, answers } = owned("owner");
    await open();
    const does = async (id: string) => {
      await page.click("person-more");
      (await seen(id)).click();
      await page.pass(50);
      if (page.all("ask-do").length > 0) await page.click("ask-do");
      return plain((await seen("done")).textContent);
    };
    const last = () => asked.at(-1);
    expect(await does("person-ban")).toBe("Bob is banned. Lift the ban");
    const ban = (id: string, member: object) => ({
      id,
      member,
      reason: "",
      at: "",
      network: false,
    });
    answers.set("GET /bans", () =>
      Response.json({ bans: [ban("b-1", { id: "eve", name: "Eve" }), ban("b-2", bob)] }),
    );
    await page.click("done-undo");
    await until(() => expect(last()?.call).toBe("DELETE /bans/b-2"));
    expect(page.all("done")).toEqual([]);

    expect(await does("person-mute")).toBe("Bob is muted. Undo");
    await page.click("done-undo");
    await until(() => expect(last()?.call).toBe("DELETE /members/bob/mute"));
    expect(await does("person-moderator")).toBe("Bob is a moderator now. Undo");
    await page.click("done-undo");
    await until(() =>
      expect(last()).toMatchObject({ call: "POST /members/bob/role", body: { role: "member" } }),
    );

    // It goes away by itself, but not from under the pointer or the focus.
    await does("person-mute");
    page.one("done").dispatchEvent(new Event("focusin", { bubbles: true }));
    await page.pass(60_000);
    expect(page.all("done")).toHaveLength(1);
    page.one("done").dispatchEvent(new Event("focusout", { bubbles: true }));
    await page.pass(11_000);
    expect(page.all("done")).toEqual([]);
    // What is refused is said, and nothing of it was done.
    answers.set("POST /members/bob/mute", () => problem(403, "not_allowed"));
    await page.click("person-more");
    (await seen("person-mute")).click();
    await seen("ask-do");
    await page.click("ask-do");
    await until(() => expect(page.one("ask-mute").textContent).toContain("no longer do that"));
    expect(page.all("done")).toEqual([]);
  });

  test("a message of somebody else is deleted by who keeps order", async () => {
    owned("moderator");
    await open();
    await menu();
    await page.click("menu-delete");
    await seen("remove-ask");
    await page.click("remove");
    await page.pass(6_000);
    await until(() => expect(page.texts()).toEqual([]));
  });

  test("who has no power sees none of it, and can report and hide", async () => {
    const { asked } = owned("guest");
    await open();
    await menu();
    await seen("person-report");
    for (const id of ["person-ban", "person-mute", "person-remove", "menu-delete"]) {
      expect(page.all(id), id).toEqual([]);
    }
    await page.click("person-report");
    await seen("ask-report");
    await page.fill("ask-reason", "spam");
    await page.click("ask-do");
    await until(() => expect(page.one("notice").textContent).toContain("Thank you"));
    expect(asked).toMatchObject([
      { call: "POST /reports", body: { message: "1-00000001", reason: "spam" } },
    ]);
    await menu();
    await page.click("person-hide");
    await seen("folded");
    expect(page.texts()).toEqual([]);
    page.server.post("again", undefined, { id: "bob", name: "Bob" });
    await until(() => expect(page.all("folded")).toHaveLength(2));
    expect(page.one("heard").textContent).not.toContain("again");
    // It is of this browser, and one can look.
    page.reload();
    await page.open("/rooms/lobby");
    await until(() => expect(page.all("folded")).toHaveLength(2));
    (page.one("folded").querySelector("button") as HTMLButtonElement).click();
    await until(() => expect(page.texts()).toEqual(["buy now"]));
  });
});

test.each([
  [1, "in 1 second", "через 1 секунду"],
  [99, "in 99 seconds", "через 99 секунд"],
  [100, "in 2 minutes", "через 2 минуты"],
  [5_999, "in 100 minutes", "через 100 минут"],
  [7_200, "in 2 hours", "через 2 часа"],
])("%d seconds are %s", async (seconds, english, russian) => {
  await loadAll("ru");
  expect(soonText(new Words("en"), seconds)).toBe(english);
  expect(soonText(new Words("ru"), seconds)).toBe(russian);
});

test("a time of another year says the year", () => {
  const words = new Words("en");
  const now = Date.parse("2026-11-29T12:00:00Z");
  expect(untilText(words, "2026-11-29T13:00:00Z", now)).not.toMatch(/Nov/);
  expect(untilText(words, "2026-12-06T12:00:00Z", now)).toMatch(/Dec 6, /);
  expect(untilText(words, "2027-11-29T12:00:00Z", now)).toBe("November 29, 2027");
});

test("who is vouched for has a sign, and a program has another", async () => {
  const members = [
    page.server.member,
    { id: "a", name: "Bob", via: "oidc", role: "owner", transport: "ws", joinedAt: "" },
    { id: "b", name: "Bob", looksLike: "a", guest: true, transport: "ws", joinedAt: "" },
    { id: "c", name: "ci", via: "token", transport: "ws", joinedAt: "" },
  ];
  owned("guest");
  await page.open("/rooms/lobby");
  page.server.tell({ type: "members", roomId: "lobby", members, version: 5 });
  await seen("person-more");
  await seen("topic");
  await page.pass(100);
  const said = Object.fromEntries(
    page.all("member").map((row) => [row.dataset.id, row.textContent?.slice(1)]), // the avatar
  );
  const words = new Words("en");
  expect(said.a).toBe(`Bob${words.text("signedIn")}${words.text("roleOwner")}`);
  expect(said.b).toBe(`Bob${words.text("guest")}${words.text("looksLike")}`);
  expect(said.c).toBe(`ci${words.text("program")}`);
});
