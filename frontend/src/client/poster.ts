import { createBackoff } from "./backoff.ts";
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

export interface Poster {
  /** A session is live: everything unacknowledged goes out, again if need be. */
  resume(): void;
  /** No session: nothing under way has an answer to hope for. */
  pause(): void;
  /** Sends the next one, if there is one and none under way. */
  pump(): void;
  /** The connection acknowledged or refused something. */
  answered(): void;
  /** The server answered that this post failed, or something in between did. */
  failed(key: string, problem: Problem): void;
}

/** Brings posts to the server one after the other: over the connection if it carries commands, else by HTTP. */
export function createPoster(options: PosterOptions): Poster {
  const { env, outbox } = options;
  const backoff = createBackoff(env.random, 15_000);
  let ready = false;
  let abort: AbortController | undefined;
  /** Until an answer is overdue, or until the next try. */
  let timer = 0;
  let waiting = false;

  function pause(): void {
    ready = false;
    abort?.abort();
    abort = undefined;
    clear();
    outbox.interrupted();
  }

  function pump(): void {
    const post = ready && !waiting && outbox.next();
    if (!post) return;
    if (options.send(post)) awaitAnswer();
    else void overHttp(post);
  }

  function answered(): void {
    backoff.reset();
    clear();
    pump();
  }

  function failed(key: string, problem: Problem): void {
    const { kind, retryAfter } = endOfProblem(problem);
    // What is no answer of ours may pass, unless it is something that forbids it.
    const { status = 0, code } = problem;
    const passing = status < 400 || status === 408 || status === 429 || status >= 500;
    if (kind === "busy" || (code === "no_answer" && passing)) {
      clear();
      outbox.interrupted();
      waiting = true;
      timer = env.setTimeout(() => {
        waiting = false;
        pump();
      }, backoff.next(retryAfter));
    } else if (kind === "signed-out") {
      outbox.interrupted();
      options.onSignedOut();
    } else {
      if (outbox.refused(key, problem)) options.onChange();
      answered();
    }
  }

  function awaitAnswer(): void {
    timer = env.setTimeout(() => {
      options.onStuck();
      // It may be kept for want of another; it is to be doubted again then.
      awaitAnswer();
    }, ANSWER_WITHIN);
  }

  async function overHttp({ key, text }: Post): Promise<void> {
    const target = options.target();
    const mine = new AbortController();
    abort = mine;
    const url = roomUrl(target, "/messages");
    const answer = await ask(env, url, target.headers, readMessage, { text, key }, mine);
    if (abort !== mine) return;
    if (!answer.value) return failed(key, answer.problem);
    options.onStored(answer.value, key);
    answered();
  }

  function clear(): void {
    env.clearTimeout(timer);
    waiting = false;
  }

  return {
    resume() {
      ready = true;
      pump();
    },
    pause,
    pump,
    answered,
    failed,
  };
}
