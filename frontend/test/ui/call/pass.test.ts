import { afterEach, describe, expect, test, vi } from "vitest";
import { askForPass } from "../../../src/ui/call/pass.ts";
import { problem } from "../../fake_server.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const ask = (answer: () => Promise<Response> | Response) => {
  const asked = vi.fn(async (..._: Parameters<typeof fetch>) => answer());
  vi.stubGlobal("fetch", asked);
  return {
    asked,
    answered: askForPass("https://h/chat/", "к/х", new AbortController().signal),
  };
};

describe("asking for a pass", () => {
  test("is a POST to the room, below the base path", async () => {
    const { asked, answered } = ask(() =>
      Response.json({ url: "wss://l", token: "t", expiresAt: "2026-11-24T12:06:30.000Z" }),
    );
    expect(await answered).toEqual({ pass: { url: "wss://l", token: "t" } });
    expect(asked.mock.calls[0]?.[0]).toBe("https://h/chat/rooms/%D0%BA%2F%D1%85/call");
    expect(asked.mock.calls[0]?.[1]).toMatchObject({ method: "POST" });
  });

  test.each([
    [401, "session_required", "signed-out"],
    [401, "session_invalid", "signed-out"],
    [403, "not_present", "absent"],
    [404, "not_found", "unconfigured"],
    [422, "invalid_field", "room-name"],
    [429, "too_much", "too-much"],
    [503, "unavailable", "unavailable"],
    [500, "toString", "unavailable"],
  ])("%d %s is %s", async (status, code, trouble) => {
    const { answered } = ask(() => problem(status, code));
    expect(await answered).toEqual({ problem: trouble });
  });

  test("keeps the time that the server asks for", async () => {
    const { answered } = ask(() => {
      const answer = problem(429, "too_much");
      answer.headers.set("Retry-After", "7");
      return answer;
    });
    expect(await answered).toEqual({ problem: "too-much", retryAfter: 7_000 });
  });

  test.each<[string, () => Response]>([
    ["a page of a proxy", () => new Response("<h1>404</h1>", { status: 404 })],
    ["JSON of something else", () => Response.json({ code: "not_found" }, { status: 404 })],
    ["an answer without a token", () => Response.json({ url: "wss://l" })],
    [
      "no network",
      () => {
        throw new TypeError("fetch failed");
      },
    ],
  ])("%s says nothing about calls", async (_, answer) => {
    expect(await ask(answer).answered).toEqual({ problem: "no-answer" });
  });
});
