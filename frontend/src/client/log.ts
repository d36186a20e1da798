import { type Cursor, START, seqOf } from "./cursor.ts";
import type { MessageEvent } from "./events.ts";

/** What was seen of a room's log: each entry once, in SEQ order, and the cursor to resume from. */
export class Log {
  #cursor: Cursor | undefined;
  #entries: MessageEvent[] = [];

  constructor(after?: Cursor) {
    this.#cursor = after;
  }

  /** Undefined until something was seen. */
  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  get entries(): readonly MessageEvent[] {
    return this.#entries;
  }

  /** False for an entry that is known already: after a switch of transports both may bring it. */
  add(entry: MessageEvent): boolean {
    if (!this.advance(entry.id)) return false;
    this.#entries.push(entry);
    return true;
  }

  /** Moves the cursor past an entry that is not shown. It never goes back. */
  advance(to: Cursor): boolean {
    if (this.#cursor === undefined) {
      this.#cursor = to;
      return true;
    }
    if (seqOf(to) <= seqOf(this.#cursor)) return false;
    this.#cursor = to;
    return true;
  }

  /** The server can't serve the cursor: what is kept follows, whatever its numbers. */
  reset(): void {
    this.#cursor = START;
    this.#entries = [];
  }
}
