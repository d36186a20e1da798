import type { Client, ClientOptions, Cursor } from "../client/index.ts";
import { seqOf } from "../client/index.ts";
import { followMarks, type Marks } from "../client/marks.ts";
import { NewLine } from "./new_line.ts";
import { noteVisit, visited, visitOf } from "./visits.ts";

/** Between notes of how far one has read. */
const NOTE_EVERY = 1_000;
/** How long the server may take to say how far one has read, before the room is shown without. */
const MARK_WITHIN = 40;

type MarksOptions = Pick<ClientOptions, "baseUrl" | "room" | "env">;

/**
 * How far one has read a room, and where the line stands that marks what is new: by the mark that a
 * person's tabs and devices share, which this browser keeps too.
 */
export class Reading {
  /** What is kept has come, and how far one has read it is known, as far as it can be. */
  loaded = false;
  readonly #client: Client;
  readonly #room: string;
  readonly #onChange: () => void;
  readonly #marks: Marks;
  readonly #line = new NewLine(undefined);
  #atEnd = false;
  #shown = false;
  #live = false;
  #told = false;
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
  /** The mark as this browser has it. */
  #noted: Cursor | undefined;
  #noteTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, options: MarksOptions, onChange: () => void) {
    this.#client = client;
    this.#room = options.room;
    this.#onChange = onChange;
    this.#noted = visitOf(this.#room)?.read;
    this.#marks = followMarks(client, { ...options, mark: this.#noted }, () => this.#marked());
    client.on("message", ({ from }) => {
      if (!client.isOwn(from.id)) this.#line.came();
    });
    client.on("reset", () => {
      this.#line.reset();
      this.loaded = false;
    });
    client.on("live", () => this.#isLive());
  }

  /** What a view says of it. */
  get view() {
    const { unread, mentions } = this.#marks;
    return { loaded: this.loaded, readUpTo: this.#line.readUpTo, unread, mentions };
  }

  stop(): void {
    clearTimeout(this.#settleTimer);
    this.keep();
    this.#marks.stop();
  }

  /** The page may go now: what waits to be noted is. */
  keep(): void {
    if (this.#noteTimer !== undefined) this.#note();
  }

  /** The room is on the screen, or is not any more. */
  show(shown: boolean): void {
    this.#shown = shown;
    if (!shown) return this.setAtEnd(false);
    if (this.#live) visited(this.#room, Date.now()); // else it may be one that can't be opened
    if (!this.loaded) return;
    this.#line.reset();
    this.#begin();
  }

  /** The newest message is on the screen, or is not any more. */
  setAtEnd(atEnd: boolean): void {
    this.#atEnd = atEnd;
    const last = this.#client.messages.at(-1)?.id;
    this.#line.watch(atEnd && !document.hidden, last);
    if (atEnd && this.loaded && last !== undefined) this.read(last);
  }

  /** The page came to the front, or went behind others. */
  refresh(): void {
    this.setAtEnd(this.#atEnd);
  }

  /** All up to this message has been on the screen. */
  read(upTo: Cursor): void {
    if (this.#shown && !document.hidden) this.#marks.read(upTo);
  }

  /** Another tab of this browser has read up to here. */
  readElsewhere(upTo: Cursor): void {
    this.#marks.read(upTo);
  }

  /** Who writes has read. */
  wrote(): void {
    this.#line.wrote();
  }

  #isLive(): void {
    // Who left in another tab has come back in this one.
    const comes = !this.#live || visitOf(this.#room)?.left === true;
    if (comes && this.#shown) visited(this.#room, Date.now());
    this.#live = true;
    if (this.#marks.settled) this.#settled();
    else this.#settleTimer = setTimeout(() => this.#settle(), MARK_WITHIN);
  }

  #marked(): void {
    this.#onChange();
    if (this.#marks.settled) this.#settled();
    if (this.#marks.cursor === this.#noted) return;
    this.#noteTimer ??= setTimeout(() => this.#note(), NOTE_EVERY);
  }

  #note(): void {
    clearTimeout(this.#noteTimer);
    this.#noteTimer = undefined;
    this.#noted = this.#marks.cursor;
    noteVisit(this.#room, { read: this.#noted });
  }

  /** The server has said how far one had read. */
  #settled(): void {
    this.#settle();
    const { told } = this.#marks;
    if (this.#told || told === undefined) return;
    this.#told = true;
    const line = this.#line.readUpTo;
    if (line !== undefined && seqOf(told) > seqOf(line)) {
      // On another device one has read on since.
      this.#line.reset();
      if (this.#shown) this.#begin();
    }
    // It came after the room was shown, and so after what is on the screen was read.
    const missed = this.#client.messages.some(
      ({ id, from }) => seqOf(id) > seqOf(told) && !this.#client.isOwn(from.id),
    );
    if (this.#shown && missed && this.#line.readUpTo === undefined) this.#line.begin(told);
  }

  #settle(): void {
    if (!this.#live || this.loaded) return;
    clearTimeout(this.#settleTimer);
    this.loaded = true;
    if (this.#shown) this.#begin();
    this.#onChange();
  }

  /** The line stands where one has read up to. */
  #begin(): void {
    if (this.#marks.unread > 0) this.#line.begin(this.#marks.cursor);
    this.#onChange();
  }
}
