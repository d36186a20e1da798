import { type Backoff, createBackoff } from "./backoff.ts";
import { endOfProblem } from "./end.ts";
import { type MessageEvent, type Problem, readMessage } from "./events.ts";
import { ask } from "./http.ts";
import type { Outbox, Post } from "./outbox.ts";
import { type Environment, roomUrl, type Target } from "./transport.ts";

/** A post over the WebSocket without an answer by then is a sign that nothing goes up. Milliseconds. */
const ANSWER_WITHIN = 4_000;

export interface PosterOptions {
  env: Environment;
  outbox: Outbox;
  target: () => Target;
  /** Sends it over the connection; false when that carries no commands. */
  send(post: Post): boolean;
  /** The connection gave no answer. */
  onStuck(): void;
  onSignedOut(): void;
  /** A post over HTTP was stored as this message. */
  onStored(message: MessageEvent, key: string): void;
  onChange(): void;
}

/** Brings posts to the server one after the other: over the connection if it carries commands, else by HTTP. */
export class Poster {
  readonly #o: PosterOptions;
  readonly #backoff: Backoff;
  #ready = false;
  #abort: AbortController | undefined;
  /** Until an answer is overdue, or until the next try. */
  #timer = 0;
  #waiting = false;

  constructor(options: PosterOptions) {
    this.#o = options;
    this.#backoff = createBackoff(options.env.random, 15_000);
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
    if (!this.#ready || this.#waiting) return;
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

  /** The server answered that this post failed, or something in between did. */
  failed(key: string, problem: Problem): void {
    const { env, outbox } = this.#o;
    const { kind, retryAfter } = endOfProblem(problem);
    // What is no answer of ours may pass, unless it is something that forbids it.
    const { status = 0, code } = problem;
    const passing = status < 400 || status === 408 || status === 429 || status >= 500;
    if (kind === "busy" || (code === "no_answer" && passing)) {
      this.#clear();
      outbox.interrupted();
      this.#waiting = true;
      this.#timer = env.setTimeout(() => {
        this.#waiting = false;
        this.pump();
      }, this.#backoff.next(retryAfter));
    } else if (kind === "signed-out") {
      outbox.interrupted();
      this.#o.onSignedOut();
    } else {
      if (outbox.refused(key, problem)) this.#o.onChange();
      this.answered();
    }
  }

  #awaitAnswer(): void {
    this.#timer = this.#o.env.setTimeout(() => {
      this.#o.onStuck();
      // It may be kept for want of another; it is to be doubted again then.
      this.#awaitAnswer();
    }, ANSWER_WITHIN);
  }

  async #overHttp({ key, text }: Post): Promise<void> {
    const target = this.#o.target();
    const abort = new AbortController();
    this.#abort = abort;
    const url = roomUrl(target, "/messages");
    const answer = await ask(this.#o.env, url, target.headers, readMessage, { text, key }, abort);
    if (this.#abort !== abort) return;
    if (!answer.value) return this.failed(key, answer.problem);
    this.#o.onStored(answer.value, key);
    this.answered();
  }

  #clear(): void {
    this.#o.env.clearTimeout(this.#timer);
    this.#waiting = false;
  }
}
