import { type Call, followCall, type RoomCall } from "../client/calls.ts";
import {
  type Client,
  type ClientOptions,
  type ConnectionState,
  type Cursor,
  createClient,
  type Decision,
  type End,
  type Fields,
  type Member,
  type Memory,
  type MessageEvent,
  type Person,
  type Post,
  parseCursor,
  type ServerEvent,
  type Session,
  START,
  seqOf,
  type Transport,
  type UnknownEvent,
} from "../client/index.ts";
import type { RoomRules } from "../client/rules.ts";
import type { joinTabs } from "../client/tabs.ts";
import { Talk, textOf } from "./conversation/talk.ts";
import { Writing, type WritingView } from "./conversation/writing.ts";
import { Earlier, type EarlierState } from "./earlier.ts";
import { afterFrame, oncePerFrame } from "./frame.ts";
import { feed, takeKept } from "./kept.ts";
import { tellTabs } from "./link_device/link_gate.tsx";
import { readMemory } from "./network_memory.ts";
import { tellOf } from "./notify/index.ts";
import { pageFetch, pageSocket } from "./page_session.ts";
import { Reading } from "./reading.ts";
import type { LastMessage } from "./rooms/rooms.ts";
import { RosterNews } from "./roster_news.ts";
import { isHidden, onHidden } from "./rules/hidden.ts";
import { SavedPosts } from "./saved_posts.ts";
import { isBackFromSignIn, onSignInOver } from "./sign_in.ts";
import { lasting } from "./storage.ts";
import type { Item } from "./timeline.ts";
import { isSignInOver, savedName, savedSession, saveName, saveSession } from "./visits.ts";

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
  /** Where the line stands that marks what is new. */
  readUpTo: Cursor | undefined;
  /** Messages of others that one has not read, on any device, and those of them that mention one. */
  unread: number;
  mentions: number;
  /** What a reset made go: some older messages, or all that was here. */
  lost: "some" | "all" | undefined;
  earlier: EarlierState;
  ended: End | undefined;
  /** Of a room that somebody owns, as far as they were told. */
  rules: RoomRules | undefined;
  /** When the last message was written. Milliseconds. */
  lastAt: number | undefined;
}

const TYPING_SHOWN = 5_000;
const ENDED: ConnectionState = { status: "idle", proven: false, failures: 0 };
/** What all rooms of the page have in common. */
export interface SharedOptions extends Pick<ClientOptions, "baseUrl" | "transport" | "timing"> {
  /** Makes a place on the connection that the rooms and the tabs share. */
  join: ReturnType<typeof joinTabs>;
}

/** Where one is in the list of messages: a row, and how far below the top it stands. Pixels. */
export interface ListPlace {
  rowKey: string;
  top: number;
}

/** Turns a client's events into views, one for each frame at most, however fast the events come. */
export class RoomModel {
  readonly client: Client;
  readonly writing: Writing;
  readonly talk: Talk;
  readonly reading: Reading;
  /** Where one was in the messages when the room was shown last; undefined at their end. */
  place: ListPlace | undefined;
  readonly #call: RoomCall;
  readonly #room: string;
  readonly #saved: SavedPosts;
  readonly #listeners = new Set<() => void>();
  #items: Item[] = [];
  readonly #earlier: Earlier;
  readonly #roster = new RosterNews();
  #presences = 0;
  /** Roles that were given while one is here: the roster says those of who comes. */
  readonly #roles = new Map<unknown, string>();
  /** The last entry of the log that said what was done in the room. */
  #noticed = 0;
  readonly #typing = new Map<string, { person: Person; until: number }>();
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #view: RoomView;
  readonly #changed = oncePerFrame(() => this.#draw());
  #lost: RoomView["lost"];
  /** There was something before the log began again. */
  #had = false;
  #ended: End | undefined;
  #rules: RoomRules | undefined;
  readonly #unhidden = onHidden(() => this.#changed());
  #lastLive: Transport | undefined;
  #lastAt: number | undefined;
  #started = false;

  constructor(room: string, { join, ...shared }: SharedOptions) {
    this.#room = room;
    const address = (path: string) =>
      new URL(`rooms/${encodeURIComponent(room)}${path}`, shared.baseUrl).href;
    this.#earlier = new Earlier(address("/messages"), () => afterFrame(() => this.#draw()));
    this.#saved = new SavedPosts(room, (posts) => this.client.restore(posts));
    // Who comes back from a sign-in is whom the server says, and nobody from before.
    const session = isBackFromSignIn() ? undefined : savedSession();
    const name = session === undefined ? undefined : savedName();
    const options = {
      ...shared,
      room,
      ...(session === undefined ? {} : { session }),
      env: { fetch: pageFetch, socket: pageSocket },
      ...(name === undefined ? {} : { name }),
      posts: this.#saved.own(),
      memory: {
        load: () => readMemory(lasting.get("network")),
        save: (memory: Memory) => lasting.set("network", memory),
      },
    };
    let tell = (_: ServerEvent) => {};
    this.client = createClient(options, (connection) => {
      tell = connection.onEvent;
      return join(connection);
    });
    this.reading = new Reading(this.client, options, () => this.#changed());
    this.writing = new Writing(this.#saved, () => this.#changed());
    this.talk = new Talk(room, this.client, this.writing, address, () => this.#changed());
    this.#call = followCall(this.client, () => this.#changed());
    this.#listen();
    const kept = takeKept(room);
    if (kept !== undefined) {
      feed(kept, room, tell);
      this.reading.loaded = true;
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

  /** Connects, and stays connected until `stop()`, whether the room is shown or not. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.client.start();
    this.#saved.keep(this.client.posts);
    this.#saved.start();
  }

  stop(): void {
    clearTimeout(this.#typingTimer);
    this.#listeners.clear();
    this.reading.stop();
    this.talk.leave();
    this.#unhidden();
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
    this.reading.wrote();
    this.talk.post(text, { replyTo: this.writing.sent(), mentions });
  }

  /** The rules are known better than from the room's events, which don't say one's own role. */
  learn(rules: RoomRules): void {
    this.#rules = rules.owned ? rules : undefined;
    this.#changed();
  }

  /** One keeps order here: messages of others can be deleted. */
  get keepsOrder(): boolean {
    const role = this.#rules?.role;
    return role === "owner" || role === "moderator";
  }

  restart(): void {
    this.#ended = undefined;
    this.client.start();
    this.#changed();
  }

  /** The room is on the screen, or is not any more. The view says so at once. */
  show(shown: boolean): void {
    if (shown) this.writing.opened();
    this.reading.show(shown);
    this.#view = this.#build();
  }

  /** The page came to the front, or went behind others. */
  refresh(): void {
    this.reading.refresh();
    this.#changed();
  }

  /** The last message, as it is now. */
  get last(): LastMessage | undefined {
    const item = this.#items.findLast(
      (one) => one.kind === "message" && !isHidden(one.message.from),
    );
    if (item?.kind !== "message") return undefined;
    const { message, removing } = this.talk.said(item.message);
    const text = message.deleted || removing ? "" : textOf(message);
    return { from: message.from, own: this.talk.isMine(message), text };
  }

  /** Asks for what was said before all that is shown. */
  loadEarlier(count?: number): void {
    const first = this.#items.find((item) => item.kind === "message" || item.kind === "notice");
    const id = first?.kind === "message" ? first.message.id : first?.id;
    if (this.reading.loaded) this.#earlier.load(id, count);
  }

  #listen(): void {
    const { client } = this;
    client.on("message", (message) => {
      const item = itemOf(message);
      this.#items.push(item);
      this.#lastAt = item.at;
      this.#typing.delete(message.from.id);
      if (this.reading.loaded && !client.isOwn(message.from.id) && !isHidden(message.from)) {
        tellOf(this.#room, this.talk.said(message).message, client.session?.clientId);
      }
      this.#changed();
    });
    client.on("reset", () => {
      this.#had ||= this.#items.some(({ kind }) => kind === "message");
      this.#items = [];
      this.#noticed = 0;
      this.#earlier.reset();
      this.#changed();
    });
    client.on("live", () => {
      if (this.#had) this.#lost = client.messages.length > 0 ? "some" : "all";
      this.#had = false;
      this.#changed();
    });
    client.on("event", (event) => {
      if (event.type === "unknown") this.#heard(event);
      if (event.type === "left") this.#typing.delete(event.member.id);
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
      if (isBackFromSignIn() && session?.clientId !== savedSession()?.clientId) tellTabs();
      saveSession(session);
      if (session !== null) saveName(session.name);
      else if (isSignInOver()) onSignInOver(client);
      this.#changed();
    });
    client.on("members", () => this.#changed());
    client.on("decision", () => this.#changed());
  }

  #heard({ name, id, fields = {} }: UnknownEvent): void {
    this.#earlier.amended(parseCursor(fields.target));
    if (name === "settings") {
      const { role } = this.#rules ?? {};
      this.learn({ ...(role && { role }), ...fields } as RoomRules);
    }
    // It may come by two transports.
    if (name !== "notice" || id === undefined || seqOf(id) <= this.#noticed) return;
    this.#noticed = seqOf(id);
    if (fields.what === "role" && this.reading.loaded) this.#given(fields);
    if (fields.what === "cleared") {
      this.#items = [];
      this.#earlier.reset();
      for (const message of this.client.messages) forget(message);
    }
    this.#items.push(noticeOf(id, fields, this.reading.loaded));
    this.#changed();
  }

  /** Who gives the room away is a moderator from then on. */
  #given({ member, from, role }: Fields): void {
    const [to, by] = [member, from].map((person) => (person as Person | undefined)?.id);
    if (role === "owner") this.#roles.set(by, "moderator");
    this.#roles.set(to, `${role}`);
  }

  #members(): readonly Member[] | undefined {
    const { members } = this.client;
    if (this.#roles.size === 0) return members;
    return members?.map((one) => ({ ...one, role: this.#roles.get(one.id) ?? one.role }));
  }

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

  #draw(): void {
    this.#view = this.#build();
    for (const listener of [...this.#listeners]) listener();
  }

  #build(): RoomView {
    const { client } = this;
    return {
      // A copy is cheap, and tells that it changed.
      items: [...this.#earlier.entries.map(itemOf), ...this.#items],
      posts: this.talk.posts,
      writing: this.writing.view,
      members: this.#members(),
      memberCount: client.memberCount,
      call: this.#call.call,
      session: client.session,
      // Of several rooms on one connection one may have ended.
      connection: this.#ended === undefined ? client.state : ENDED,
      lastLive: this.#lastLive,
      decisions: client.decisions,
      typing: [...this.#typing.values()].map(({ person }) => person),
      ...this.reading.view,
      lost: this.#lost,
      earlier: this.#earlier.state,
      ended: this.#ended,
      rules: this.#rules,
      lastAt: this.#lastAt,
    };
  }
}

/** What was deleted is gone from what the client remembers, too. */
function forget(message: MessageEvent): void {
  message.text = "";
  delete message.fields;
}

function itemOf(entry: MessageEvent | UnknownEvent): Item {
  if (entry.type === "unknown") return noticeOf(entry.id ?? START, entry.fields ?? {}, false);
  return { kind: "message", message: entry, at: Date.parse(entry.time) || Date.now() };
}

/** `fresh`: it was done while one was there. */
function noticeOf(id: Cursor, fields: Fields, fresh: boolean): Item {
  return { kind: "notice", id, fields, at: Date.parse(`${fields.time}`) || Date.now(), fresh };
}
