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
  type Person,
  type Post,
  type Session,
  type Timing,
  TRANSPORTS,
  type Transport,
} from "../client/index.ts";
import { joinTabs } from "../client/tabs.ts";
import { Writing, type WritingView } from "./conversation/writing.ts";
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
  /** A reset made older messages go; said once. */
  shortened: boolean;
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
  readonly #call: RoomCall;
  readonly #room: string;
  readonly #saved: SavedPosts;
  readonly #listeners = new Set<() => void>();
  #items: Item[] = [];
  #presences = 0;
  readonly #typing = new Map<string, { person: Person; until: number }>();
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #view: RoomView;
  #frame = false;
  #readUpTo: Cursor | undefined;
  #noteTimer: ReturnType<typeof setTimeout> | undefined;
  #loaded = false;
  #shortened = false;
  #ended: End | undefined;
  #lastLive: Transport | undefined;
  #seenHidden: Cursor | undefined;
  #hiddenAt = Date.now(); // a page may be loaded behind others

  constructor(room: string, baseUrl: string, transport?: Transport, timing?: Partial<Timing>) {
    this.#room = room;
    this.#readUpTo = readUpTo(room);
    this.#saved = new SavedPosts(room, (posts) => this.client.restore(posts));
    const name = savedName();
    const session = savedSession();
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
      joinTabs(JSON.stringify([transport ?? "", timing ?? {}]), baseUrl),
    );
    this.writing = new Writing(this.#saved, () => this.#changed());
    this.#call = followCall(this.client, () => this.#changed());
    this.#listen();
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
    document.removeEventListener("visibilitychange", this.#visibility);
    document.removeEventListener("resume", this.#resumed);
    networkInformation()?.removeEventListener("change", this.#switched);
    clearTimeout(this.#typingTimer);
    clearTimeout(this.#noteTimer);
    this.#listeners.clear();
    this.#saved.stop();
    this.client.close();
  }

  post(text: string): void {
    this.#readUpTo = undefined;
    this.writing.sent();
    this.client.post(text);
  }

  restart(): void {
    this.#ended = undefined;
    this.client.start();
    this.#changed();
  }

  /** The newest message is on the screen. */
  readAll(): void {
    const last = this.client.messages.at(-1)?.id;
    if (last === undefined || this.#noteTimer !== undefined) return;
    this.#noteTimer = setTimeout(() => {
      this.#noteTimer = undefined;
      visited(this.#room, Date.now(), last);
    }, NOTE_EVERY);
  }

  #listen(): void {
    const { client } = this;
    client.on("message", (message) => {
      const at = Date.parse(message.time) || Date.now();
      this.#items.push({ kind: "message", message, at });
      this.#typing.delete(message.from.id);
      const missed = this.#seenHidden;
      if (document.hidden && missed !== undefined && !client.isOwn(message.from.id)) {
        this.#readUpTo = missed;
        this.#seenHidden = undefined;
      }
      this.#changed();
    });
    client.on("reset", () => {
      this.#shortened = this.#items.length > 0;
      this.#items = [];
      this.#changed();
    });
    client.on("live", () => {
      this.#loaded = true;
      this.#changed();
    });
    for (const type of ["joined", "left"] as const) {
      client.on(type, ({ member }) => {
        this.#items.push({
          kind: "presence",
          type,
          person: member,
          at: Date.now(),
          n: this.#presences++,
        });
        this.#changed();
      });
    }
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
  #shown = (event: PageTransitionEvent) => {
    if (event.persisted) this.client.resumed(); // it comes after each load too
  };
  #visibility = () => {
    if (document.hidden) {
      this.#hiddenAt = Date.now();
      this.#seenHidden = this.client.messages.at(-1)?.id;
    } else {
      this.#seenHidden = undefined;
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
      items: this.#items.slice(),
      posts: client.posts.filter(({ command }) => command === undefined),
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
      readUpTo: this.#readUpTo,
      shortened: this.#shortened,
      ended: this.#ended,
    };
  }
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
