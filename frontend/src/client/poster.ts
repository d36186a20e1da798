import { Backoff } from "./backoff.ts";
import type { Cursor } from "./cursor.ts";
import { endOfProblem, problemOf } from "./end.ts";
import { type Problem, parseObject, readMessage } from "./events.ts";
import type { Outbox, Post } from "./outbox.ts";
import { noAnswer } from "./session.ts";
import { type Environment, roomUrl, type Target } from "./transport.ts";

/** A post over HTTP that has no answer by then is sent again under its key. Milliseconds. */
const POST_WITHIN = 10_000;
/** A post over the WebSocket without an answer by then is a sign that nothing goes up. Milliseconds. */
const ANSWER_WITHIN = 4_000;
const RETRY_CODES = new Set(["unavailable", "going_away", "too_much", "too_slow"]);

export interface PosterOptions {
  env: Environment;
  outbox: Outbox;
  target: () => Target;
  /** Sends it over the connection; false when that carries no commands. */
  send(post: Post): boolean;
  /** The connection gave no answer. */
  onStuck(): void;
  onSignedOut(): void;
  /** A post over HTTP was stored, by whom, under which id. */
  onStored(key: string, id: Cursor, time: string, from: string): void;
  onChange(): void;
}

/** Brings posts to the server one after the other: over the connection if it carries commands, else by HTTP. */
export class Poster {
  readonly #o: PosterOptions;
  readonly #backoff: Backoff;
  #ready = false;
  #abort: AbortController | undefined;
  #answerTimer: number | undefined;
  #retryTimer: number | undefined;

  constructor(options: PosterOptions) {
    this.#o = options;
    this.#backoff = new Backoff({ random: options.env.random, max: 15_000 });
  }

  /** A session is live: everything unacknowledged goes out, again if need be. */
  resume(): void {
    this.#ready = true;
    this.pump();
  }

  /** No session: nothing under way has an answer to hope for. */
  pause(): void {
    this.#ready = false;
    this.#abort?.abort();
    this.#abort = undefined;
    this.#clear();
    this.#o.outbox.interrupted();
  }

  pump(): void {
    if (!this.#ready || this.#retryTimer !== undefined) return;
    const post = this.#o.outbox.next();
    if (post === undefined) return;
    if (this.#o.send(post)) this.#awaitAnswer();
    else void this.#overHttp(post);
  }

  /** The connection acknowledged or refused something. */
  answered(): void {
    this.#backoff.reset();
    this.#clear();
    this.pump();
  }

  /** The connection answered that this post failed. */
  failed(key: string, problem: Problem): void {
    if (RETRY_CODES.has(problem.code)) return this.#later(problem.retryAfter);
    if (endOfProblem(problem).kind === "signed-out") {
      this.#o.outbox.interrupted();
      return this.#o.onSignedOut();
    }
    if (this.#o.outbox.refused(key, problem)) this.#o.onChange();
    this.answered();
  }

  #awaitAnswer(): void {
    const { env } = this.#o;
    this.#answerTimer = env.setTimeout(() => {
      this.#o.onStuck();
      // It may be kept for want of another; it is to be doubted again then.
      this.#awaitAnswer();
    }, ANSWER_WITHIN);
  }

  #later(retryAfter = 0): void {
    const { env, outbox } = this.#o;
    this.#clear();
    outbox.interrupted();
    this.#retryTimer = env.setTimeout(
      () => {
        this.#retryTimer = undefined;
        this.pump();
      },
      this.#backoff.next(retryAfter * 1000),
    );
  }

  async #overHttp(post: Post): Promise<void> {
    const { env, target } = this.#o;
    const abort = new AbortController();
    this.#abort = abort;
    const timer = env.setTimeout(() => abort.abort("timeout"), POST_WITHIN);
    let problem: Problem | undefined;
    try {
      const at = target();
      const response = await env.fetch(roomUrl(at, "/messages"), {
        method: "POST",
        headers: { ...at.headers, "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ text: post.text, key: post.key }),
        credentials: "same-origin",
        signal: abort.signal,
      });
      if (response.ok) {
        const stored = readMessage(parseObject(await response.text()));
        if (this.#abort !== abort) return;
        if (stored !== undefined) {
          this.#o.onStored(post.key, stored.id, stored.time, stored.from.id);
          return this.answered();
        }
      } else {
        problem = (await problemOf(response)) ?? foreign(response.status);
        if (this.#abort !== abort) return;
      }
    } catch {
      if (this.#abort !== abort) return;
    } finally {
      env.clearTimeout(timer);
    }
    if (problem === undefined) this.#later();
    else this.failed(post.key, problem);
  }

  #clear(): void {
    const { env } = this.#o;
    if (this.#answerTimer !== undefined) env.clearTimeout(this.#answerTimer);
    if (this.#retryTimer !== undefined) env.clearTimeout(this.#retryTimer);
    this.#answerTimer = undefined;
    this.#retryTimer = undefined;
  }
}

/** An answer that is not our server's: of a gateway, worth another try; or of something that forbids it. */
function foreign(status: number): Problem | undefined {
  const passing = status >= 500 || status < 400 || status === 408 || status === 429;
  return passing ? undefined : noAnswer(status);
}
