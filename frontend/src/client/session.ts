import { createBackoff } from "./backoff.ts";
import type { ClientOptions, SessionResult } from "./client_types.ts";
import { endOfProblem } from "./end.ts";
import { readSession, type Session } from "./events.ts";
import { ask } from "./http.ts";
import type { Environment } from "./transport.ts";

export interface SessionKeeperOptions
  extends Pick<ClientOptions, "baseUrl" | "name" | "session" | "tokens"> {
  env: Environment;
  /** Reports whether the client is started. */
  running(): boolean;
  /**
   * Who one is became known: null for a guest. `renewed` when the connection is still another's.
   */
  onSession(session: Session | null, renewed?: boolean): void;
  /** There is nothing to wait for before the room is read. */
  onReady(): void;
}

/** Who one is: finds it out, takes a name, and renews a session that has ended. */
export interface SessionKeeper {
  /** Undefined until the server was asked, null for a guest. */
  readonly session: Session | null | undefined;
  headers(): Record<string, string>;
  /** Finds out who one is, unless that is known. Reports whether a session is made for it. */
  find(): boolean;
  signIn(name: string): Promise<SessionResult>;
  /**
   * The session has ended: a new one under the same name. Without a name, or when the server gives no
   * new one to somebody whose sign-in is over, one reads on as a guest, who is asked for one.
   */
  signedOut(): void;
  /** Another tab has signed in or taken another name; the cookie is the same. */
  follow(): Promise<void>;
  stop(): void;
}

export function createSessionKeeper(options: SessionKeeperOptions): SessionKeeper {
  const { env } = options;
  let name = options.name ?? options.session?.name;
  let session: Session | null | undefined;
  /** What a program sends to be who it is; a page has a cookie that it can't even read. */
  let token = options.session?.token;
  /** What is being asked for, so that it is not asked for twice. */
  const asking = new Set<boolean>();
  const renewals = createBackoff(env.random);
  let timer = 0;

  function headers(): Record<string, string> {
    return options.tokens && token ? { Authorization: `Bearer ${token}` } : {};
  }

  /** Asks the server who one is; with a name, to be somebody of that name. */
  async function askSession(name?: string): Promise<SessionResult> {
    const url = new URL("session", options.baseUrl).href;
    const body = name !== undefined && { name };
    const answer = await ask(env, url, headers(), readSession, body);
    if (!answer.result) return answer;
    const session = { token, ...answer.result };
    token = session.token;
    return { session };
  }

  function learn(known: Session | null, renewed?: boolean): void {
    session = known;
    renewals.reset();
    options.onSession(known, renewed);
  }

  function take(known: Session, renewed?: boolean): void {
    name = known.name;
    learn(known, renewed);
  }

  async function signIn(as: string): Promise<SessionResult> {
    const result = await askSession(as);
    if ("session" in result) take(result.session, true);
    return result;
  }

  /** `renew`: as somebody of one's name, else as whom the server knows one. */
  async function identify(renew = false): Promise<void> {
    if (asking.has(renew)) return;
    asking.add(renew);
    const result = renew && name !== undefined ? await signIn(name) : await askSession();
    asking.delete(renew);
    if (!options.running() || (session !== undefined && !renew)) return;
    if ("session" in result) {
      if (name !== undefined && name !== result.session.name) return identify(true);
      return renew ? undefined : learn(result.session);
    }
    const { kind, retryAfter } = endOfProblem(result.problem);
    const over = result.problem.code === "session_over";
    if (renew ? over || kind === "refused" : kind === "signed-out") {
      if (!renew && name !== undefined) return identify(true);
      name = undefined;
      learn(null, over);
      return renew ? options.onReady() : undefined;
    }
    timer = env.setTimeout(() => void identify(renew), renewals.next(retryAfter));
  }

  function signedOut(): void {
    if (name !== undefined) void identify(true);
    else {
      session = undefined;
      void identify();
    }
  }

  return {
    get session() {
      return session;
    },
    headers,
    find() {
      if (session === undefined) {
        if (options.session !== null || name !== undefined) void identify(options.session === null);
        else learn(null);
      }
      return asking.has(true);
    },
    signIn,
    signedOut,
    async follow() {
      const result = await askSession();
      if (!options.running()) return;
      if ("session" in result) take(result.session);
      else if (result.problem.status === 401) learn(null);
    },
    stop: () => env.clearTimeout(timer),
  };
}
