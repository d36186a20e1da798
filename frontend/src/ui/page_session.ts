import type { SocketLike } from "../client/index.ts";

/**
 * How the page says who it is: by a cookie that no script reads. Where the browser keeps none, the
 * session's token is kept in memory, for as long as the page is, and sent along.
 */

/** The token of a session whose cookie was not kept. */
let token: string | undefined;
/** The server has known this browser by its cookie. */
let cookieWorks = false;
/** What is being asked: several rooms ask who one is at the same time. */
let asking: Promise<Response> | undefined;

/** Reports whether this browser keeps no cookies for this page, as far as it says so. */
export function cookiesBlocked(): boolean {
  return navigator.cookieEnabled === false || token !== undefined;
}

/** Fetches from this page's server, as who one is. */
export const pageFetch: typeof fetch = (input, init = {}) => {
  if (!/\/session(\/claim)?$/.test(String(input))) return send(input, init);
  if (init.method === "POST") return signIn(input, init);
  const mine = asking ?? whoAmI(input, init);
  asking = mine;
  const over = () => {
    if (asking === mine) asking = undefined;
  };
  mine.then(over, over);
  return mine.then((answer) => answer.clone());
};

/** What is being asked is nobody's concern any more. */
export function stopAsking(): void {
  asking = undefined;
}

/** What a request has to say of who one is, where the cookie doesn't. */
export function pageHeaders(): Record<string, string> {
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

/** Opens a WebSocket to this page's server. It takes no headers: a token is a subprotocol. */
export function pageSocket(url: string): SocketLike {
  const protocols = token === undefined ? [] : ["caller.v1", `caller.token.${token}`];
  return new WebSocket(url, protocols) as unknown as SocketLike;
}

/**
 * Asks about one's session. One that is good no more is let go of, so that one can read on as nobody
 * in particular; the page has noted whether there was a sign-in.
 */
async function ask(input: RequestInfo | URL, init: RequestInit): Promise<Response> {
  const answer = await send(input, init);
  if (answer.status === 401 && /session_(over|invalid)/.test(await answer.clone().text()))
    await send(String(input).replace(/\/claim$/, ""), { method: "DELETE" }).catch(() => {});
  return answer;
}

function send(input: RequestInfo | URL, init: RequestInit): Promise<Response> {
  if (token === undefined) return fetch(input, init);
  const headers = { ...(init.headers as Record<string, string>), ...pageHeaders() };
  return fetch(input, { ...init, headers });
}

async function whoAmI(input: RequestInfo | URL, init: RequestInit): Promise<Response> {
  const answer = await ask(input, init);
  if (answer.ok && token === undefined) cookieWorks = true;
  return answer;
}

/** A session that is new here. The server is asked once whether it knows it by its cookie. */
async function signIn(input: RequestInfo | URL, init: RequestInit): Promise<Response> {
  const answer = await ask(input, init);
  if (!answer.ok || cookieWorks) return answer;
  const made = await idOf(answer.clone());
  if (made?.token === undefined) return answer;
  try {
    const known = await fetch(String(input).replace(/\/claim$/, ""), {
      headers: { Accept: "application/json" },
      cache: "no-store",
    });
    cookieWorks = known.ok && (await idOf(known))?.clientId === made.clientId;
    // No answer, or one of something in between, says nothing about cookies.
    if (!cookieWorks && (known.ok || known.status === 401)) token = made.token;
  } catch {
    if (navigator.cookieEnabled === false) token = made.token;
  }
  return answer;
}

async function idOf(answer: Response): Promise<{ clientId?: string; token?: string } | undefined> {
  try {
    const { clientId, token } = (await answer.json()) as Record<string, unknown>;
    return {
      ...(typeof clientId === "string" ? { clientId } : {}),
      ...(typeof token === "string" ? { token } : {}),
    };
  } catch {
    return undefined;
  }
}
