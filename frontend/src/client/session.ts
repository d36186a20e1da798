import { type Problem, readSession, type Session } from "./events.ts";
import { ask } from "./http.ts";
import type { Environment } from "./transport.ts";

export type SessionResult = { session: Session } | { problem: Problem };

/** The session calls: who one is, as the server knows it. */
export class Sessions {
  readonly #env: Environment;
  readonly #url: string;
  readonly #tokens: boolean | undefined;
  session: Session | undefined;

  /** `tokens`: send the token in a header, as programs do; pages have a cookie that they can't even read. */
  constructor(env: Environment, baseUrl: string, tokens?: boolean, session?: Session | null) {
    this.#env = env;
    this.#url = new URL("session", baseUrl).href;
    this.#tokens = tokens;
    this.session = session ?? undefined;
  }

  get headers(): Record<string, string> {
    const token = this.#tokens && this.session?.token;
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  /** The session that the server still knows, if there is one; with a name, a new one or that one under a new name. */
  async ask(name?: string): Promise<SessionResult> {
    const body = name === undefined ? undefined : { name };
    const answer = await ask(this.#env, this.#url, this.headers, readSession, body);
    if (!answer.value) return answer;
    const session = { token: this.session?.token, ...answer.value };
    this.session = session;
    return { session };
  }
}
