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
  problem?: Problem;
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
  #posts: Post[];
  #underWay: string | undefined;

  constructor(posts: Post[] = []) {
    this.#posts = posts;
  }

  get posts(): readonly Post[] {
    return this.#posts;
  }

  add(key: string, text: string, at: number): Post {
    const post: Post = { key, text, at, state: "waiting" };
    this.#posts = [...this.#posts, post];
    return post;
  }

  /** Takes in posts that were written elsewhere, before those there are; known ones are left as they are. */
  restore(posts: readonly Post[]): void {
    const unknown = posts.filter((post) => this.#find(post.key) === undefined);
    this.#posts = [...unknown, ...this.#posts];
  }

  /** The post to send now, which then is under way; undefined while one is, or when none waits. */
  next(): Post | undefined {
    if (this.#underWay !== undefined) return undefined;
    const post = this.#posts.find((p) => p.state === "waiting");
    this.#underWay = post?.key;
    return post;
  }

  /** The one under way has no answer to hope for: its connection is gone, or it failed. It will be next again. */
  interrupted(): void {
    this.#underWay = undefined;
  }

  get underWay(): string | undefined {
    return this.#underWay;
  }

  /** Stored. True when this is news. */
  acknowledged(key: string, id: Cursor, time: string, have: Cursor): boolean {
    this.#done(key);
    const post = this.#find(key);
    if (post === undefined || post.state === "sent") return false;
    // A repeat of something stored long ago: its message is behind us and will not come again.
    if (seqOf(id) <= seqOf(have)) this.discard(key);
    else this.#replace({ key, text: post.text, at: post.at, state: "sent", id, time });
    return true;
  }

  /** Its message came by. True when it was not acknowledged before. */
  arrived(key: string): boolean {
    this.#done(key);
    const post = this.#find(key);
    if (post === undefined) return false;
    this.discard(key);
    return post.state !== "sent";
  }

  refused(key: string, problem: Problem): boolean {
    this.#done(key);
    const post = this.#find(key);
    if (post === undefined || post.state === "sent") return false;
    this.#replace({ key, text: post.text, at: post.at, state: "refused", problem });
    return true;
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
    const before = this.#posts.length;
    this.#posts = this.#posts.filter((p) => p.key !== key);
    return this.#posts.length < before;
  }

  /** Everything up to `have` has come by, so what was stored before it has too. */
  passed(have: Cursor): void {
    this.#posts = this.#posts.filter((p) => p.id === undefined || seqOf(p.id) > seqOf(have));
  }

  #find(key: string): Post | undefined {
    return this.#posts.find((p) => p.key === key);
  }

  #replace(post: Post): void {
    this.#posts = this.#posts.map((p) => (p.key === post.key ? post : p));
  }

  #done(key: string): void {
    if (this.#underWay === key) this.#underWay = undefined;
  }
}
