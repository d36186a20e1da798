import type { Post } from "../client/index.ts";
import { lasting, tabwide } from "./storage.ts";

/**
 * What was written and is not out yet, kept by the browser: it survives a reload, and the tab. Each
 * tab keeps its own under a name of its own and says every few seconds that it is there; what
 * nobody keeps any more, the next tab of the room takes over. Two that send one post harm nobody:
 * it has its key. After a crash, which says no goodbye, that is once the last sign of life is old
 * (ORPHANED), for the tab that comes back too.
 */
export class SavedPosts {
  readonly #prefix: string;
  readonly #tab: string;
  #posts: readonly Post[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #adopt: (posts: Post[]) => void;

  constructor(room: string, adopt: (posts: Post[]) => void) {
    this.#prefix = `posts.${room}/`;
    this.#tab = tabOf();
    const { beat } = read(lasting.get(this.#prefix + this.#tab));
    // Somebody else beats under this name: the tab was duplicated, and its storage with it.
    if (beat > Date.now() - ORPHANED) this.#tab = newTab();
    this.#adopt = adopt;
  }

  /** This tab's own, from before a reload. */
  own(): Post[] {
    return read(lasting.get(this.#prefix + this.#tab)).posts;
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

  #write(beat: number): void {
    const value = this.#posts.length === 0 ? undefined : { beat, posts: this.#posts };
    lasting.set(this.#prefix + this.#tab, value);
  }

  #beat(): void {
    if (this.#posts.length > 0) this.#write(Date.now());
    this.#orphans();
  }

  /** Any other tab may have them now. */
  #letGo = () => {
    if (this.#posts.length > 0) this.#write(0);
  };

  #orphans(): void {
    for (const key of lasting.keys(this.#prefix)) {
      if (key === this.#prefix + this.#tab) continue;
      const { beat, posts } = read(lasting.get(key));
      if (Date.now() - beat < ORPHANED) continue;
      lasting.set(key, undefined);
      if (posts.length > 0) this.#adopt(posts);
    }
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

function read(value: unknown): { beat: number; posts: Post[] } {
  const { beat, posts } = (value ?? {}) as Record<string, unknown>;
  return { beat: typeof beat === "number" ? beat : 0, posts: readPosts(posts) };
}

/**
 * A refused one stays refused, for somebody to decide; of the others nobody knows whether they are
 * stored.
 */
function readPosts(stored: unknown): Post[] {
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((value: unknown): Post[] => {
    if (typeof value !== "object" || value === null) return [];
    const { key, text, at, state, problem } = value as Partial<Post>;
    if (typeof key !== "string" || typeof text !== "string" || typeof at !== "number") return [];
    if (state === "refused" && typeof problem?.code === "string") {
      return [{ key, text, at, state, problem }];
    }
    return [{ key, text, at, state: "waiting" }];
  });
}
