import { type Cursor, seqOf } from "./cursor.ts";
import type { Problem } from "./events.ts";

/**
 * - `waiting`: not stored yet, as far as is known
 * - `sent`: stored, but its message has not come by yet
 * - `refused`: the server will not have it
 */
export type PostState = "waiting" | "sent" | "refused";

export interface Post {
  readonly key: string;
  readonly text: string;
  /** Milliseconds. */
  readonly at: number;
  state: PostState;
  problem?: Problem | undefined;
  id?: Cursor;
  time?: string;
}

/**
 * What was written and has not come by as a message, in order. One post is under way at a time: with more, a failure of
 * the first would let the second pass it. The network gets no say in the order of what one says.
 *
 * A post whose answer was lost may or may not be stored, so it goes out again under its key, and the server knows it.
 */
export class Outbox {
  posts: readonly Post[];
  #underWay: string | undefined;

  constructor(posts: readonly Post[] = []) {
    this.posts = posts;
  }

  add(key: string, text: string, at: number): Post {
    const post: Post = { key, text, at, state: "waiting" };
    this.posts = [...this.posts, post];
    return post;
  }

  /** Takes in posts that were written elsewhere, before those there are; known ones are left as they are. */
  restore(posts: readonly Post[]): void {
    this.posts = [...posts.filter(({ key }) => !this.#find(key)), ...this.posts];
  }

  /** The post to send now, which then is under way; undefined while one is, or when none waits. */
  next(): Post | undefined {
    if (this.#underWay) return undefined;
    const post = this.posts.find(({ state }) => state === "waiting");
    this.#underWay = post?.key;
    return post;
  }

  /** The one under way has no answer to hope for: its connection is gone, or it failed. It will be next again. */
  interrupted(): void {
    this.#underWay = undefined;
  }

  /** Stored. True when this is news. */
  acknowledged(key: string, id: Cursor, time: string, have: Cursor): boolean {
    const news = this.#answered(key, { state: "sent", id, time, problem: undefined });
    // A repeat of something stored long ago: its message is behind us and will not come again.
    if (news) this.passed(have);
    return news;
  }

  refused(key: string, problem: Problem): boolean {
    return this.#answered(key, { state: "refused", problem });
  }

  /** Its message came by. True when it was not acknowledged before. */
  arrived(key: string): boolean {
    const post = this.#find(key);
    this.discard(key);
    return !!post && post.state !== "sent";
  }

  /** A person wants a refused one sent after all; it goes to the end. */
  retry(key: string, at: number): boolean {
    const post = this.#find(key);
    if (post?.state !== "refused") return false;
    this.discard(key);
    this.add(key, post.text, at);
    return true;
  }

  discard(key: string): boolean {
    this.#done(key);
    const before = this.posts.length;
    this.posts = this.posts.filter((post) => post.key !== key);
    return this.posts.length < before;
  }

  /** Everything up to `have` has come by, so what was stored before it has too. */
  passed(have: Cursor): void {
    this.posts = this.posts.filter(({ id }) => !id || seqOf(id) > seqOf(have));
  }

  #find(key: string): Post | undefined {
    return this.posts.find((post) => post.key === key);
  }

  #answered(key: string, answer: Partial<Post>): boolean {
    this.#done(key);
    const before = this.#find(key);
    if (!before || before.state === "sent") return false;
    this.posts = this.posts.map((post) => (post === before ? { ...post, ...answer } : post));
    return true;
  }

  #done(key: string): void {
    if (this.#underWay === key) this.#underWay = undefined;
  }
}
