// @vitest-environment happy-dom
import jsQR from "jsqr";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Page, type PageContext } from "../../src/ui/context.ts";
import { Words } from "../../src/ui/i18n/index.ts";
import { codeOf, linkAddress } from "../../src/ui/link_device/link_address.ts";
import { LinkDialog } from "../../src/ui/link_device/link_dialog.tsx";
import { LinkGate } from "../../src/ui/link_device/link_gate.tsx";
import { pageFetch } from "../../src/ui/page_session.ts";
import { savedName, savedSession, saveSession } from "../../src/ui/visits.ts";

let root: HTMLElement;
let asked: { path: string; body: unknown }[];
let answers: { status: number; body: object }[];

const page: PageContext = {
  words: new Words("en"),
  setLanguage() {},
  theme: "system",
  setTheme() {},
  baseUrl: "http://localhost:3000/",
  arrived: false,
  goTo() {},
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearInterval", "Date"] });
  localStorage.clear();
  document.body.replaceChildren();
  root = document.createElement("div");
  document.body.append(root);
  asked = [];
  answers = [];
  vi.stubGlobal("fetch", async (url: URL | string, init: RequestInit) => {
    const body = init.body === undefined ? undefined : JSON.parse(String(init.body));
    asked.push({ path: new URL(url).pathname, body });
    const answer = answers.shift();
    if (answer === undefined) throw new TypeError("offline");
    return new Response(JSON.stringify(answer.body), { status: answer.status });
  });
});

afterEach(() => {
  render(null, root);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const at = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);

async function show(node: preact.ComponentChildren): Promise<void> {
  await act(() => render(<Page.Provider value={page}>{node}</Page.Provider>, root));
}

/** Until something that is loaded and asked for has come. */
async function seen(id: string): Promise<HTMLElement> {
  await vi.waitFor(() => expect(at(id)).not.toBeNull(), { timeout: 30_000 });
  return at(id) as HTMLElement;
}

test("a link is the page's address with the code in the fragment", () => {
  const link = linkAddress("https://chat.example/c/rooms/lobby#12-ab", "k0-_Z");
  expect(link).toBe("https://chat.example/c/rooms/lobby#link=k0-_Z");
  expect(codeOf(new URL(link).hash)).toBe("k0-_Z");
  expect(codeOf("#12-ab")).toBeUndefined();
});

describe("the device that one has", () => {
  test("shows the link as a QR code, and counts down", async () => {
    history.replaceState(null, "", "/rooms/lobby?transport=poll");
    answers.push({ status: 201, body: { code: "c0de", url: "/#link=c0de", expiresAt: "" } });
    await show(<LinkDialog onClose={() => {}} />);
    const address = ((await seen("link-address")) as HTMLInputElement).value;
    expect(address).toBe(`${location.origin}/rooms/lobby#link=c0de`);
    expect(decoded(at("qr-code") as HTMLElement)).toBe(address);
    expect(at("link-left")?.textContent).toContain("2:00");
    await act(() => void vi.advanceTimersByTime(55_000));
    expect(at("link-left")?.textContent).toContain("1:05");
    await act(() => void vi.advanceTimersByTime(65_000));
    expect(at("qr-code")).toBeNull();
    answers.push({ status: 201, body: { code: "other", url: "", expiresAt: "" } });
    at("link-new")?.click();
    expect(((await seen("link-address")) as HTMLInputElement).value).toContain("#link=other");
  });

  test("says why there is none", async () => {
    await show(<LinkDialog onClose={() => {}} />);
    await seen("link-new");
    expect(document.querySelector("[role=status]")?.textContent).not.toBe("");
  });
});

describe("the other device", () => {
  const open = async () => {
    history.replaceState(null, "", "/rooms/lobby#link=c0de");
    await show(
      <LinkGate>
        <p data-testid="room">room</p>
      </LinkGate>,
    );
    expect(location.hash).toBe("");
    expect(at("room")).toBeNull();
  };

  test("becomes the same person, and then shows the room", async () => {
    answers.push({ status: 200, body: { clientId: "ann", name: "Ann", token: "t" } });
    await open();
    await seen("room");
    // And then whether the cookie was kept.
    expect(asked).toEqual([
      { path: "/session/claim", body: { code: "c0de" } },
      { path: "/session", body: undefined },
    ]);
    expect(savedSession()).toEqual({ clientId: "ann", name: "Ann" });
    expect(savedName()).toBe("Ann");
    expect(JSON.stringify(localStorage)).not.toContain("c0de");
  });

  test("asks who is somebody there already", async () => {
    saveSession({ clientId: "bob", name: "Bob" });
    await open();
    expect((await seen("claim")).textContent).toContain("Bob");
    expect(asked).toEqual([]);
    at("claim-cancel")?.click();
    await seen("room");
    expect(asked).toEqual([]);
    expect(savedSession()?.clientId).toBe("bob");

    await act(() => render(null, root));
    answers.push({ status: 200, body: { clientId: "ann", name: "Ann" } });
    await open();
    (await seen("claim-agree")).click();
    await seen("room");
    expect(savedSession()?.clientId).toBe("ann");
  });

  test("begins anew for a link that comes into an open page", async () => {
    const reload = vi.spyOn(location, "reload").mockImplementation(() => {});
    history.replaceState(null, "", "/rooms/lobby");
    await show(
      <LinkGate>
        <p data-testid="room">room</p>
      </LinkGate>,
    );
    await seen("room");
    history.replaceState(null, "", "/rooms/lobby#2-00000001");
    window.dispatchEvent(new Event("hashchange"));
    expect(reload).not.toHaveBeenCalled();
    history.replaceState(null, "", "/rooms/lobby#link=c0de");
    window.dispatchEvent(new Event("hashchange"));
    expect(reload).toHaveBeenCalledOnce();
    expect(location.hash, "for the page that comes").toBe("#link=c0de");
    expect(asked).toEqual([]);
    reload.mockRestore();
  });

  test("is the same person in a browser that keeps no cookies", async () => {
    answers.push({ status: 200, body: { clientId: "ann", name: "Ann", token: "t" } });
    answers.push({ status: 401, body: { code: "session_required", title: "" } });
    await open();
    await seen("room");
    const sent = vi.fn(async (_: string, __: RequestInit) => new Response("{}"));
    vi.stubGlobal("fetch", sent);
    await pageFetch("http://localhost:3000/rooms/lobby/messages", {});
    expect(sent.mock.lastCall?.[1].headers).toMatchObject({ Authorization: "Bearer t" });
  });

  test("says that a link was used, and tries again what got no answer", async () => {
    await open();
    const again = await seen("claim-again");
    answers.push({ status: 404, body: { code: "not_found", title: "" } });
    again.click();
    await vi.waitFor(() => expect(at("claim")?.textContent).toContain("already used"), {
      timeout: 30_000,
    });
    expect(at("claim-again")).toBeNull();
    at("claim-cancel")?.click();
    await seen("room");
    expect(savedSession()).toBeNull();
  });
});

/** What a camera reads in a drawn code. */
function decoded(svg: HTMLElement): string | undefined {
  const size = Number(svg.getAttribute("viewBox")?.split(" ")[2]);
  const scale = 4;
  const width = size * scale;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  const path = svg.querySelector("path")?.getAttribute("d") ?? "";
  for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row++) {
      for (let i = Number(x) * scale; i < (Number(x) + Number(length)) * scale; i++) {
        pixels.fill(0, (row * width + i) * 4, (row * width + i) * 4 + 3);
      }
    }
  }
  return jsQR(pixels, width, width)?.data;
}
