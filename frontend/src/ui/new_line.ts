import { type Cursor, seqOf } from "../client/index.ts";

/**
 * Where the line "New messages" stands: after what one had seen when one stopped to look. It stays
 * while one reads on, and goes to another place only after one has been at the end again.
 */
export class NewLine {
  /** The last entry that one had seen; the line is before the first message of others after it. */
  readUpTo: Cursor | undefined;
  #watching = false;
  /** The last entry when one looked away, until something comes. */
  #seen: Cursor | undefined;

  constructor(readUpTo: Cursor | undefined) {
    this.readUpTo = readUpTo;
  }

  /** Somebody else's mark, of another device perhaps, came before anything of the log was told. */
  begin(readUpTo: Cursor | undefined): void {
    if (readUpTo === undefined) return;
    const known = this.readUpTo;
    if (known === undefined || seqOf(known) < seqOf(readUpTo)) this.readUpTo = readUpTo;
  }

  /** One is at the end with the page in front of one, or is not any more; `last` is what is there. */
  watch(watching: boolean, last: Cursor | undefined): void {
    if (watching === this.#watching) return;
    this.#watching = watching;
    this.#seen = watching ? undefined : last;
  }

  /** A message of somebody else came. */
  came(): void {
    if (this.#seen === undefined) return;
    this.readUpTo = this.#seen;
    this.#seen = undefined;
  }

  /** Who writes has read. */
  wrote(): void {
    this.readUpTo = undefined;
  }

  /** The log is another one. */
  reset(): void {
    this.readUpTo = undefined;
    this.#seen = undefined;
  }
}
