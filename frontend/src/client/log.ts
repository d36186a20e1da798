import { type Cursor, START, seqOf } from "./cursor.ts";
import type { MessageEvent } from "./events.ts";

/** What was seen of a room's log: each entry once, in SEQ order, and the cursor to resume from. */
export class Log {
  /** Undefined until something was seen. */
  cursor: Cursor | undefined;
  entries: MessageEvent[] = [];

  constructor(after?: Cursor) {
    this.cursor = after;
  }

  /** False for an entry that is known already: after a switch of transports both may bring it. */
  add(entry: MessageEvent): boolean {
    const news = this.advance(entry.id);
    if (news) this.entries.push(entry);
    return news;
  }

  /** Moves the cursor past an entry that is not shown. It never goes back. */
  advance(to: Cursor): boolean {
    if (this.cursor && seqOf(to) <= seqOf(this.cursor)) return false;
    this.cursor = to;
    return true;
  }

  /** The server can't serve the cursor: what is kept follows, whatever its numbers. */
  reset(): void {
    this.cursor = START;
    this.entries = [];
  }
}
