import {
  type Cursor,
  decodeEvent,
  type MessageEvent,
  seqOf,
  type UnknownEvent,
} from "../client/index.ts";
import { pageFetch } from "./page_session.ts";

/**
 * What is known of what was said before the page's first message: there may be more, it is asked
 * for, asking failed, or there is nothing.
 */
export type EarlierState = "more" | "loading" | "failed" | "none";

/** Messages that are asked for at once when one scrolls; the server gives at most 1,000. */
const PAGE = 50;
/** Entries that are taken in as one task: one scrolls meanwhile. */
const SLICE = 10;
const WITHIN = 15_000;

/** Loads earlier messages page by page, the newest first. */
export class Earlier {
  state: EarlierState = "more";
  /** Messages, and what was done in the room. */
  entries: Entry[] = [];
  readonly #address: string;
  readonly #onChange: () => void;
  #generation = 0;
  /** Messages that were amended while a page is on its way: it may have them as they were before. */
  readonly #amended = new Set<Cursor>();
  /** The first entry that was told; not every entry is a message. */
  #first: Cursor | undefined;

  /** `address` is where the room's messages are read. */
  constructor(address: string, onChange: () => void) {
    this.#address = address;
    this.#onChange = onChange;
  }

  /** Asks for what is before the first message that is known. */
  load(known: Cursor | undefined, count = PAGE): void {
    if (this.state === "loading" || this.state === "none") return;
    const before = this.#first ?? known;
    if (before === undefined) return;
    if (seqOf(before) <= 1) return this.#set("none");
    this.#set("loading");
    void this.#ask(before, count);
  }

  /** A message was edited, deleted or reacted to. */
  amended(id: Cursor | undefined): void {
    if (this.state === "loading" && id !== undefined) this.#amended.add(id);
  }

  /** The log is another one. */
  reset(): void {
    this.#generation++;
    this.#first = undefined;
    this.entries = [];
    this.state = "more";
  }

  async #ask(before: Cursor, limit: number, again = 3): Promise<void> {
    const generation = this.#generation;
    this.#amended.clear();
    const page = await read(`${this.#address}?before=${before}&limit=${limit}`);
    if (generation !== this.#generation) return;
    if (page === undefined) return this.#set("failed");
    const stale = page.some(({ id }) => id !== undefined && this.#amended.has(id));
    if (stale && again > 0) return this.#ask(before, limit, again - 1);
    const earlier = page.filter(({ id }) => id !== undefined && seqOf(id) < seqOf(before));
    this.#first = earlier[0]?.id ?? before;
    this.entries = [...earlier.filter(isShown), ...this.entries];
    this.#set(earlier.length === 0 ? "none" : "more");
  }

  #set(state: EarlierState): void {
    this.state = state;
    this.#onChange();
  }
}

type Entry = MessageEvent | UnknownEvent;

const isShown = (entry: Entry) => entry.type === "message" || entry.name === "notice";

/** Undefined when there is no answer, or none of ours. */
async function read(address: string): Promise<Entry[] | undefined> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), WITHIN);
  try {
    const response = await pageFetch(address, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      redirect: "manual",
      signal: abort.signal,
    });
    if (!response.ok) return undefined;
    const { messages } = (await response.json()) as { messages?: unknown };
    if (!Array.isArray(messages)) return undefined;
    const entries: Entry[] = [];
    for (const [i, entry] of messages.entries()) {
      if (i % SLICE === SLICE - 1) await new Promise((go) => setTimeout(go, 0));
      const event = decodeEvent(JSON.stringify(entry));
      if (event?.type === "message" || event?.type === "unknown") entries.push(event);
    }
    return entries;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
