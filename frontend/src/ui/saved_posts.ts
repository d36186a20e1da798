import { postedText } from "../client/conversation.ts";
import type { Command, HttpCall, Post } from "../client/index.ts";
import { type Draft, readDraft } from "./conversation/draft.ts";
import { lasting, tabwide } from "./storage.ts";

/**
 * What was written and is not out yet, kept by the browser: it survives a reload, and the tab. Each
 * tab keeps its own under a name of its own and says every few seconds that it is there; what
 * nobody keeps any more, the next tab of the room takes over. Two that send one post harm nobody:
 * it has its key. After a crash, which says no goodbye, that is once the last sign of life is old
 * (ORPHANED), for the tab that comes back too.
 *
 * The draft and the posts are one record, so that a text is in one of them and never in both.
 */
export class SavedPosts {
  readonly #prefix: string;
  readonly #tab: string;
  #posts: readonly Post[];
  #draft: Draft | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #adopt: (posts: Post[]) => void;

  constructor(room: string, adopt: (posts: Post[]) => void) {
    this.#prefix = `posts.${room}/`;
    this.#tab = tabOf();
    // Somebody else beats under this name: the tab was duplicated, and its storage with it.
    if (read(lasting.get(this.#prefix + this.#tab)).beat > Date.now() - ORPHANED) {
      this.#tab = newTab();
    }
    const { posts, draft } = read(lasting.get(this.#prefix + this.#tab));
    this.#posts = posts;
    this.#draft = draft;
    this.#adopt = adopt;
  }

  /** This tab's own, from before a reload. */
  own(): readonly Post[] {
    return this.#posts;
  }

  /** What one was writing. */
  get draft(): Draft | undefined {
    return this.#draft;
  }

  /** Keeps it, with each keystroke. */
  set draft(draft: Draft | undefined) {
    if (draft === undefined && this.#draft === undefined) return;
    this.#draft = draft;
    this.#write(Date.now());
  }

  /** Somebody has opened the room: takes up what nobody is writing any more, and gives it. */
  takeUp(): Draft | undefined {
    if (this.#draft !== undefined) return undefined;
    const draft = this.#draftOfNobody();
    this.draft = draft;
    return draft;
  }

  /** The draft was sent: it is none any more once `keep` has its post. */
  sent(): void {
    this.#draft = undefined;
  }

  start(): void {
    this.#timer = setInterval(() => this.#beat(), BEAT);
    window.addEventListener("pagehide", this.#letGo);
    this.#orphans();
  }

  stop(): void {
    clearInterval(this.#timer);
    window.removeEventListener("pagehide", this.#letGo);
    this.#letGo();
  }

  keep(posts: readonly Post[]): void {
    if (posts.length === 0 && this.#posts.length === 0) return;
    this.#posts = posts;
    this.#write(Date.now());
  }

  #empty(): boolean {
    return this.#posts.length === 0 && this.#draft === undefined;
  }

  #write(beat: number): void {
    const value = { beat, posts: this.#posts, draft: this.#draft };
    lasting.set(this.#prefix + this.#tab, this.#empty() ? undefined : value);
  }

  #beat(): void {
    if (!this.#empty()) this.#write(Date.now());
    this.#orphans();
  }

  /** Any other tab may have them now. */
  #letGo = () => {
    if (!this.#empty()) this.#write(0);
  };

  #orphans(): void {
    for (const [key, { posts, draft }] of this.#nobodys()) {
      // A draft is for somebody who opens the room; it does not come into a field in use.
      lasting.set(key, draft && { beat: 0, posts: [], draft });
      if (posts.length > 0) this.#adopt(posts);
    }
  }

  #draftOfNobody(): Draft | undefined {
    for (const [key, { posts, draft }] of this.#nobodys()) {
      if (draft === undefined) continue;
      lasting.set(key, posts.length === 0 ? undefined : { beat: 0, posts });
      return draft;
    }
    return undefined;
  }

  /** What no tab keeps any more. */
  #nobodys(): [string, Saved][] {
    return lasting
      .keys(this.#prefix)
      .filter((key) => key !== this.#prefix + this.#tab)
      .map((key): [string, Saved] => [key, read(lasting.get(key))])
      .filter(([, { beat }]) => Date.now() - beat >= ORPHANED);
  }
}

const BEAT = 5_000;
/** A hidden tab's timers may come once a minute. Milliseconds. */
const ORPHANED = 150_000;

function tabOf(): string {
  const known = tabwide.get("tab");
  return typeof known === "string" ? known : newTab();
}

function newTab(): string {
  const made = Math.random().toString(36).slice(2);
  tabwide.set("tab", made);
  return made;
}

interface Saved {
  beat: number;
  posts: Post[];
  draft: Draft | undefined;
}

function read(value: unknown): Saved {
  const { beat, posts, draft } = (value ?? {}) as Record<string, unknown>;
  const saved = { beat: typeof beat === "number" ? beat : 0, posts: readPosts(posts) };
  const written = readDraft(draft);
  // What is on its way is no draft any more.
  const sent = saved.posts.some((post) => postedText(post) === written?.text);
  return { ...saved, draft: sent ? undefined : written };
}

/**
 * A refused one stays refused, for somebody to decide; of the others nobody knows whether they are
 * stored.
 */
function readPosts(stored: unknown): Post[] {
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((value: unknown): Post[] => {
    if (typeof value !== "object" || value === null) return [];
    const { key, text, at, state, problem, command, http } = value as Partial<Post>;
    if (typeof key !== "string" || typeof text !== "string" || typeof at !== "number") return [];
    const post = { key, text, at, ...readCommand(command, http) };
    if (state === "refused" && typeof problem?.code === "string") {
      return [{ ...post, state, problem }];
    }
    return [{ ...post, state: "waiting" }];
  });
}

function readCommand(command: Command | undefined, http: HttpCall | undefined) {
  const whole = typeof command?.type === "string" && typeof http?.path === "string";
  return whole ? { command, http } : {};
}
