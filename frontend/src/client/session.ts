import { problemOf } from "./end.ts";
import { type Problem, parseObject, readSession, type Session } from "./events.ts";
import type { Environment } from "./transport.ts";

export type SessionResult = { session: Session } | { problem: Problem };

/** The session calls: who one is, as the server knows it. */
export class Sessions {
  readonly #env: Environment;
  readonly #url: string;
  readonly #tokens: boolean;
  session: Session | undefined;

  /** `tokens`: send the token in a header, as programs do; pages have a cookie that they can't even read. */
  constructor(env: Environment, baseUrl: string, tokens: boolean, session?: Session) {
    this.#env = env;
    this.#url = new URL("session", baseUrl).href;
    this.#tokens = tokens;
    this.session = session;
  }

  get headers(): Record<string, string> {
    const token = this.#tokens ? this.session?.token : undefined;
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  /** The session that the server still knows, if there is one. */
  async current(): Promise<SessionResult> {
    return this.#call({ method: "GET" });
  }

  /** A new session, or a new name for the one there is. */
  async signIn(name: string): Promise<SessionResult> {
    return this.#call({ method: "POST", body: JSON.stringify({ name }) });
  }

  async #call(init: { method: string; body?: string }): Promise<SessionResult> {
    const headers: Record<string, string> = { ...this.headers, Accept: "application/json" };
    if (init.body) headers["Content-Type"] = "application/json";
    const abort = new AbortController();
    const timer = this.#env.setTimeout(() => abort.abort(), 10_000);
    try {
      const response = await this.#env.fetch(this.#url, {
        ...init,
        headers,
        cache: "no-store",
        credentials: "same-origin",
        signal: abort.signal,
      });
      if (!response.ok)
        return { problem: (await problemOf(response)) ?? noAnswer(response.status) };
      const session = readSession(parseObject(await response.text()));
      if (!session) return { problem: noAnswer(response.status) };
      const token = session.token ?? this.session?.token;
      this.session = token === undefined ? session : { ...session, token };
      return { session: this.session };
    } catch {
      return { problem: noAnswer() };
    } finally {
      this.#env.clearTimeout(timer);
    }
  }
}

/** The problem that stands for no answer of ours at all: a network error, or a page of something in between. */
export function noAnswer(status?: number): Problem {
  const problem: Problem = { code: "no_answer", title: "The server did not answer" };
  if (status !== undefined) problem.status = status;
  return problem;
}
