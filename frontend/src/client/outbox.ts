import { createBackoff } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import { type Cursor, START, seqOf } from "./cursor.ts";
import { endOfProblem } from "./end.ts";
import { type AckEvent, type ClientId, type Command, type Problem, readStored } from "./events.ts";
import { ask, type HttpCall } from "./http.ts";
import { roomUrl, type Target } from "./target.ts";
import type { Environment } from "./transport.ts";

/**
 * A post over the WebSocket without an answer by then is a sign that nothing goes up. Milliseconds.
 */
const ANSWER_WITHIN = 4_000;

/** What is no answer of ours may pass, unless it forbids the request. */
const FORBIDS = /^4(?!08|29)/;

/**
 * - `waiting`: not stored yet, as far as is known
 * - `sent`: stored, but its message has not come by yet
 * - `refused`: the server will not have it
 */
export type PostState = "waiting" | "sent" | "refused";

/** What is to be sent. */
export interface Outgoing {
  /** Empty for a command of another kind. */
  readonly text: string;
  /** What is sent instead of a post of the text, and how over HTTP. */
  readonly command?: Command;
  readonly http?: HttpCall;
}

export interface Post extends Outgoing {
  readonly key: string;
  /** Milliseconds. */
  readonly at: number;
  state: PostState;
  /** Why it is refused, or why it waits. */
  problem?: Problem | undefined;
  id?: Cursor;
  time?: string;
}

export interface OutboxOptions {
  env: Environment;
  target: () => Target;
  connection: Connection;
  posts?: readonly Post[] | undefined;
  onChange(): void;
  onSignedOut(): void;
  /** As whom a post was stored. */
  onOwn(id: ClientId): void;
}

/** Of an answer, or of the event `ack`. */
type Stored = Pick<AckEvent, "key" | "id" | "time">;

export interface Outbox {
  readonly posts: readonly Post[];
  add(what: Outgoing, key: string): Post;
  /**
   * Takes in posts that were written elsewhere, before those there are; known ones are left as they
   * are.
   */
  restore(posts: readonly Post[]): void;
  /** A person wants a refused one sent after all; it goes to the end. */
  retry(key: string): void;
  discard(key: string): void;
  /** A session is live: everything unacknowledged goes out, again if need be. */
  resume(): void;
  /** No session: nothing under way has an answer to hope for. */
  pause(): void;
  stored(ack: Stored): void;
  /** The server answered that this post failed, or something in between did. */
  failed(key: string, problem: Problem): void;
  /** Its message came by; call `changed` once that was told. */
  arrived(key: string): void;
  changed(): void;
}

/**
 * What was written and has not come by as a message, in order. One post is under way at a time:
 * with more, a failure of the first would let the second pass it. The network gets no say in the
 * order of what one says. It goes out over the connection if that carries commands, else by HTTP.
 *
 * A post whose answer was lost may or may not be stored, so it goes out again under its key, and
 * the server knows it.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { env, target, connection } = options;
  const backoff = createBackoff(env.random, 15_000);
  let { posts = [] } = options;
  let ready = false;
  /** The key of the one that is under way. */
  let underWay: string | undefined;
  let abort: AbortController | undefined;
  /** Until an answer is overdue, or until the next try. */
  let timer = 0;
  let waiting = false;

  function changed(): void {
    // What was stored before the last that has come by, has too.
    const have = seqOf(target().after ?? START);
    posts = posts.filter(({ id }) => !id || seqOf(id) > have);
    options.onChange();
    pump();
  }

  function add(what: Outgoing, key: string): Post {
    const post: Post = { ...what, key, at: env.now(), state: "waiting", problem: undefined };
    posts = [...posts, post];
    changed();
    return post;
  }

  function find(key: string): Post | undefined {
    return posts.find((post) => post.key === key);
  }

  function pump(): void {
    if (!ready || waiting || underWay) return;
    const post = posts.find(({ state }) => state === "waiting");
    if (!post) return;
    const { key, text, command = { type: "post", text }, http } = post;
    underWay = key;
    const keyed = { ...command, key };
    if (connection.send(keyed)) awaitAnswer();
    else void overHttp(keyed, http);
  }

  function awaitAnswer(): void {
    timer = env.setTimeout(() => {
      connection.input({ type: "stuck" });
      // It may be kept for want of another; it is to be doubted again then.
      awaitAnswer();
    }, ANSWER_WITHIN);
  }

  async function overHttp(
    { type: _, ...body }: Command & { key: string },
    { path, method }: HttpCall = { path: "/messages" },
  ): Promise<void> {
    const { key } = body;
    const at = target();
    const mine = new AbortController();
    abort = mine;
    const { result, problem } = await ask(
      env,
      roomUrl(at, path),
      at.headers,
      readStored,
      body,
      mine,
      undefined,
      method,
    );
    if (abort !== mine) return;
    if (problem) return failed(key, problem);
    if (result.from) options.onOwn(result.from.id);
    stored({ key, ...result });
  }

  function stored({ key, id, time }: Stored): void {
    answered(key, { state: "sent", id, time });
  }

  function failed(key: string, problem: Problem): void {
    const { kind, retryAfter } = endOfProblem(problem);
    const { status, code } = problem;
    if (kind === "signed-out") {
      underWay = undefined;
      options.onSignedOut();
    } else if (kind === "busy" || (code === "no_answer" && !FORBIDS.test(`${status}`))) {
      interrupt();
      waiting = true;
      timer = env.setTimeout(() => {
        waiting = false;
        pump();
      }, backoff.next(retryAfter));
      update(key, { problem });
      options.onChange();
    } else answered(key, { state: "refused", problem });
  }

  function answered(key: string, answer: Partial<Post>): void {
    release(key);
    update(key, answer);
    changed();
  }

  function update(key: string, news: Partial<Post>): void {
    posts = posts.map((post) =>
      post.key === key && post.state !== "sent" ? { ...post, ...news } : post,
    );
  }

  /** It needs no answer any more: the next one may go. */
  function release(key: string): void {
    if (underWay && underWay !== key) return;
    backoff.reset();
    interrupt();
  }

  /** What is under way has no answer to hope for; it will be next again. */
  function interrupt(): void {
    underWay = undefined;
    waiting = false;
    env.clearTimeout(timer);
  }

  function arrived(key: string): void {
    release(key);
    posts = posts.filter((post) => post.key !== key);
  }

  return {
    get posts() {
      return posts;
    },
    add,
    restore(earlier) {
      posts = [...earlier.filter(({ key }) => !find(key)), ...posts];
      changed();
    },
    retry(key) {
      const post = find(key);
      if (post?.state !== "refused") return;
      arrived(key);
      add(post, key);
    },
    discard(key) {
      arrived(key);
      changed();
    },
    resume() {
      ready = true;
      pump();
    },
    pause() {
      ready = false;
      abort?.abort();
      abort = undefined;
      interrupt();
    },
    stored,
    failed,
    arrived,
    changed,
  };
}
