import { expect, test } from "vitest";
import { claimLink, codeOf, makeLink } from "../../src/client/link.ts";

interface Asked {
  method: string | undefined;
  url: string;
  token: string | null;
  body: unknown;
}

function answering(body: object, status: number) {
  const asked: Asked[] = [];
  const fetch = (url: RequestInfo | URL, init: RequestInit = {}) => {
    const { method, headers } = init;
    const token = new Headers(headers).get("Authorization");
    asked.push({ method, url: String(url), token, body: JSON.parse(String(init.body)) });
    const type = status < 400 ? "application/json" : "application/problem+json";
    const answer = { status, headers: { "Content-Type": type } };
    return Promise.resolve(new Response(JSON.stringify(body), answer));
  };
  return { asked, env: { fetch } };
}

const baseUrl = "http://host/chat/";
const session = { clientId: "me", name: "Ann", token: "secret" };
const link = { code: "3Yk0", url: "/chat/#link=3Yk0", expiresAt: "2026-11-24T12:06:30.000Z" };

test("a link is made for one's session, with its whole address", async () => {
  const { asked, env } = answering(link, 201);
  const { result } = await makeLink({ session }, { baseUrl, env, tokens: true });
  expect(result).toEqual({ ...link, url: "http://host/chat/#link=3Yk0" });
  await makeLink({ session }, { baseUrl, env });
  const url = "http://host/chat/session/link";
  expect(asked).toEqual([
    { method: "POST", url, token: "Bearer secret", body: {} },
    { method: "POST", url, token: null, body: {} },
  ]);
});

test("whoever has the code becomes that person", async () => {
  const { asked, env } = answering(session, 200);
  const { result } = await claimLink({ baseUrl, env }, codeOf("http://host/#link=3Yk0") ?? "");
  expect(result).toEqual(session);
  expect(asked).toEqual([
    { method: "POST", url: "http://host/chat/session/claim", token: null, body: { code: "3Yk0" } },
  ]);
});

test("refusals are told", async () => {
  const used = answering({ code: "not_found", title: "Not found" }, 404);
  const { problem } = await claimLink({ baseUrl, env: used.env }, "3Yk0");
  expect(problem).toMatchObject({ code: "not_found", status: 404 });
  const guest = answering({ code: "session_required", title: "Sign in" }, 401);
  const made = await makeLink({ session: null }, { baseUrl, env: guest.env, tokens: true });
  expect(made.problem?.code).toBe("session_required");
  const odd = answering({ code: 5 }, 201);
  expect((await makeLink({ session }, { baseUrl, env: odd.env })).problem?.code).toBe("no_answer");
});

test("a code is found in a link, and nowhere else", () => {
  expect(codeOf("#link=3Yk0")).toBe("3Yk0");
  for (const none of ["", "#link=", "#42-7f3a9c12", "http://host/rooms/link=3Yk0"]) {
    expect(codeOf(none)).toBe(undefined);
  }
});
