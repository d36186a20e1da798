import { type Call, followCall, type RoomCall } from "../client/calls.ts";
import {
  type Client,
  type ConnectionState,
  type Cursor,
  createClient,
  type Decision,
  type End,
  type Member,
  type Memory,
  type MessageEvent,
  type Person,
  type Post,
  type ServerEvent,
  type Session,
  seqOf,
  type Timing,
  TRANSPORTS,
  type Transport,
} from "../client/index.ts";
import { joinTabs } from "../client/tabs.ts";
import { Talk } from "./conversation/talk.ts";
import { Writing, type WritingView } from "./conversation/writing.ts";
import { Earlier, type EarlierState } from "./earlier.ts";
import { feed, takeKept } from "./kept.ts";
import { NewLine } from "./new_line.ts";
import { tellOf } from "./notify/index.ts";
import { RosterNews } from "./roster_news.ts";
import { SavedPosts } from "./saved_posts.ts";
import { lasting } from "./storage.ts";
import type { Item } from "./timeline.ts";
import { readUpTo, savedName, savedSession, saveName, saveSession, visited } from "./visits.ts";

/** What a room's screen shows at one moment. */
export interface RoomView {
  items: readonly Item[];
  posts: readonly Post[];
  writing: WritingView;
  members: readonly Member[] | undefined;
  memberCount: number;
  /** The call that goes on in the room. */
  call: Call | undefined;
  session: Session | null | undefined;
  connection: ConnectionState;
  /** The transport that was last seen live. */
  lastLive: Transport | undefined;
  decisions: readonly Decision[];
  typing: readonly Person[];
  /** The past has been told once. */
  loaded: boolean;
  readUpTo: Cursor | undefined;
  /** What a reset made go: some older messages, or all that was here. */
  lost: "some" | "all" | undefined;
  earlier: EarlierState;
  ended: End | undefined;
}

const TYPING_SHOWN = 5_000;
/** Between notes of how far one has read. */
const NOTE_EVERY = 1_000;

/** A page that was hidden longer may have slept. Milliseconds. */
const HIDDEN_LONG = 5_000;

/** Turns a client's events into views, one for each frame at most, however fast the events come. */
export class RoomModel {
  readonly client: Client;
  readonly writing: Writing;
  readonly talk: Talk;
  readonly #call: RoomCall;
  readonly #room: string;
  readonly #saved: SavedPosts;
  readonly #listeners = new Set<() => void>();
  #items: Item[] = [];
  readonly #earlier: Earlier;
  readonly #roster = new RosterNews();
  #presences = 0;
  readonly #typing = new Map<string, { person: Person; until: number }>();
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #view: RoomView;
  #frame = false;
  readonly #line: NewLine;
  #atEnd = false;
  /** How far one has read, until it is noted. */
  #read: Cursor | undefined;
  #noteTimer: ReturnType<typeof setTimeout> | undefined;
  #loaded = false;
  #lost: RoomView["lost"];
  /** There was something before the log began again. */
  #had = false;
  #ended: End | undefined;
  #lastLive: Transport | undefined;
  #hiddenAt = Date.now(); // a page may be loaded behind others

  constructor(room: string, baseUrl: string, transport?: Transport, timing?: Partial<Timing>) {
    this.#room = room;
    this.#line = new NewLine(readUpTo(room));
    const address = (path: string) =>
      new URL(`rooms/${encodeURIComponent(room)}${path}`, baseUrl).href;
    this.#earlier = new Earlier(address("/messages"), () => this.#changed());
    this.#saved = new SavedPosts(room, (posts) => this.client.restore(posts));
    const name = savedName();
    const session = savedSession();
    const join = joinTabs(JSON.stringify([transport ?? "", timing ?? {}]), baseUrl);
    let tell = (_: ServerEvent) => {};
    this.client = createClient(
      {
        baseUrl,
        room,
        session,
        ...(name === undefined ? {} : { name }),
        ...(transport === undefined ? {} : { transport }),
        ...(timing === undefined ? {} : { timing }),
        posts: this.#saved.own(),
        memory: {
          load: () => readMemory(lasting.get("network")),
          save: (memory) => lasting.set("network", memory),
        },
      },
      (options) => {
        tell = options.onEvent;
        return join(options);
      },
    );
    this.writing = new Writing(this.#saved, () => this.#changed());
    this.talk = new Talk(this.client, this.writing, address, () => this.#changed());
    this.#call = followCall(this.client, () => this.#changed());
    this.#listen();
    const kept = takeKept(room);
    if (kept !== undefined) {
      feed(kept, room, tell);
      this.#loaded = true;
    }
    this.#view = this.#build();
  }

  get view(): RoomView {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    visited(this.#room, Date.now());
    window.addEventListener("online", this.#online);
    window.addEventListener("offline", this.#offline);
    window.addEventListener("pageshow", this.#shown);
    window.addEventListener("pagehide", this.#left);
    document.addEventListener("visibilitychange", this.#visibility);
    document.addEventListener("resume", this.#resumed);
    networkInformation()?.addEventListener("change", this.#switched);
    this.client.start();
    this.#saved.keep(this.client.posts);
    this.#saved.start();
  }

  stop(): void {
    window.removeEventListener("online", this.#online);
    window.removeEventListener("offline", this.#offline);
    window.removeEventListener("pageshow", this.#shown);
    window.removeEventListener("pagehide", this.#left);
    document.removeEventListener("visibilitychange", this.#visibility);
    document.removeEventListener("resume", this.#resumed);
    networkInformation()?.removeEventListener("change", this.#switched);
    clearTimeout(this.#typingTimer);
    if (this.#noteTimer !== undefined) this.#note();
    this.#listeners.clear();
    this.talk.leave();
    this.#saved.stop();
    this.client.close();
  }

  /** What was written goes out: a new message, or a message's other text. */
  post(text: string, mentions?: readonly string[]): void {
    const { editing } = this.writing.view;
    if (editing !== undefined) {
      this.writing.endEdit();
      return this.talk.edit(editing, text, mentions);
    }
    this.#line.wrote();
    this.talk.post(text, { replyTo: this.writing.sent(), mentions });
  }

  restart(): void {
    this.#ended = undefined;
    this.client.start();
    this.#changed();
  }

  /** The newest message is on the screen, or is not any more. */
  setAtEnd(atEnd: boolean): void {
    this.#atEnd = atEnd;
    this.#line.watch(atEnd && !document.hidden, this.client.messages.at(-1)?.id);
  }

  /** All up to this message has been on the screen. */
  read(upTo: Cursor): void {
    const known = this.#read ?? readUpTo(this.#room);
    if (known !== undefined && this.#isBefore(upTo, known)) return;
    this.#read = upTo;
    this.#noteTimer ??= setTimeout(() => this.#note(), NOTE_EVERY);
  }

  /** Asks for what was said before all that is shown. */
  loadEarlier(count?: number): void {
    if (this.#loaded) this.#earlier.load(this.client.messages[0]?.id, count);
  }

  #note(): void {
    clearTimeout(this.#noteTimer);
    this.#noteTimer = undefined;
    if (this.#read !== undefined) visited(this.#room, Date.now(), this.#read);
  }

  /** False when the other one is of another log, whose numbers mean nothing here. */
  #isBefore(cursor: Cursor, other: Cursor): boolean {
    const last = this.client.cursor;
    return seqOf(cursor) <= seqOf(other) && last !== undefined && seqOf(other) <= seqOf(last);
  }

  #listen(): void {
    const { client } = this;
    client.on("message", (message) => {
      this.#items.push(itemOf(message));
      this.#typing.delete(message.from.id);
      if (!client.isOwn(message.from.id)) {
        this.#line.came();
        if (this.#loaded) {
          tellOf(this.#room, this.talk.said(message).message, client.session?.clientId);
        }
      }
      this.#changed();
    });
    client.on("reset", () => {
      this.#had ||= this.#items.some(({ kind }) => kind === "message");
      this.#items = [];
      this.#earlier.reset();
      this.#loaded = false;
      this.#changed();
    });
    client.on("live", () => {
      this.#loaded = true;
      if (this.#had) this.#lost = client.messages.length > 0 ? "some" : "all";
      this.#had = false;
      this.#changed();
    });
    client.on("event", (event) => {
      for (const change of this.#roster.take(event)) {
        this.#items.push({ ...change, at: Date.now(), n: this.#presences++ });
        this.#changed();
      }
    });
    client.on("typing", ({ member }) => {
      this.#typing.set(member.id, { person: member, until: Date.now() + TYPING_SHOWN });
      this.#expireTyping();
      this.#changed();
    });
    client.on("state", (state) => {
      if (state.status === "live") this.#lastLive = state.transport;
      this.#changed();
    });
    client.on("posts", (posts) => {
      this.#saved.keep(posts);
      this.#changed();
    });
    client.on("final", (end) => {
      this.#ended = end;
      this.#changed();
    });
    client.on("session", (session) => {
      saveSession(session);
      if (session !== null) saveName(session.name);
      this.#changed();
    });
    client.on("members", () => this.#changed());
    client.on("decision", () => this.#changed());
  }

  #online = () => this.client.networkChanged(true);
  #offline = () => this.client.networkChanged(false);
  #switched = () => this.client.networkChanged(navigator.onLine);
  #resumed = () => this.client.resumed();
  #left = () => this.talk.leave();
  #shown = (event: PageTransitionEvent) => {
    if (event.persisted) this.client.resumed(); // it comes after each load too
  };
  #visibility = () => {
    this.setAtEnd(this.#atEnd);
    if (document.hidden) {
      this.#hiddenAt = Date.now();
    } else {
      if (Date.now() - this.#hiddenAt > HIDDEN_LONG) this.client.resumed();
      this.#changed();
    }
  };

  #expireTyping(): void {
    clearTimeout(this.#typingTimer);
    if (this.#typing.size === 0) return;
    this.#typingTimer = setTimeout(() => {
      const now = Date.now();
      for (const [id, { until }] of this.#typing) if (until <= now) this.#typing.delete(id);
      this.#expireTyping();
      this.#changed();
    }, 1_000);
  }

  #changed(): void {
    if (this.#frame) return;
    this.#frame = true;
    const show = () => {
      this.#frame = false;
      this.#view = this.#build();
      for (const listener of [...this.#listeners]) listener();
    };
    // A hidden page has no frames, yet its title counts.
    if (document.hidden) setTimeout(show, 200);
    else requestAnimationFrame(show);
  }

  #build(): RoomView {
    const { client } = this;
    return {
      // A copy is cheap, and tells that it changed.
      items: [...this.#earlier.messages.map(itemOf), ...this.#items],
      posts: client.posts.filter(({ command }) => (command?.type ?? "post") === "post"),
      writing: this.writing.view,
      members: client.members,
      memberCount: client.memberCount,
      call: this.#call.call,
      session: client.session,
      connection: client.state,
      lastLive: this.#lastLive,
      decisions: client.decisions,
      typing: [...this.#typing.values()].map(({ person }) => person),
      loaded: this.#loaded,
      readUpTo: this.#line.readUpTo,
      lost: this.#lost,
      earlier: this.#earlier.state,
      ended: this.#ended,
    };
  }
}

function itemOf(message: MessageEvent): Item {
  return { kind: "message", message, at: Date.parse(message.time) || Date.now() };
}

/**
 * Chromium tells when the device goes from one network to another; the others only when it loses
 * one.
 */
function networkInformation(): EventTarget | undefined {
  return (navigator as { connection?: EventTarget }).connection;
}

function readMemory(value: unknown): Memory | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { works, back } = value as Record<string, unknown>;
  const memory: Memory = { back: {} };
  for (const transport of TRANSPORTS) {
    const until = (back as Record<string, unknown> | undefined)?.[transport];
    if (typeof until === "number") memory.back[transport] = until;
    const worked = works as { transport?: unknown; until?: unknown } | undefined;
    if (worked?.transport === transport && typeof worked.until === "number") {
      memory.works = { transport, until: worked.until };
    }
  }
  return memory;
}
