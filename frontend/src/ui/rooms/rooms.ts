import type { Person, Timing, Transport } from "../../client/index.ts";
import { joinTabs } from "../../client/tabs.ts";
import { oncePerFrame } from "../frame.ts";
import { cookiesBlocked, stopAsking } from "../page_session.ts";
import { RoomModel, type SharedOptions } from "../room_model.ts";
import { addVisit, forget, noteVisit, onVisits, type Visit, visitOf, visits } from "../visits.ts";
import { followDevice } from "./device.ts";
import { forgetSessionRoom, sessionRooms } from "./session_rooms.ts";
import { setUnreadTotal } from "./unread.ts";

/** One room of the list. */
export interface RoomEntry {
  room: string;
  /** What it is called: its title, where somebody has given it one, or its id. */
  name: string;
  /** It is the one on the screen. */
  current: boolean;
  /** One is in it: what happens there comes by. */
  joined: boolean;
  muted: boolean;
  /** The last message; or the last visit, of a room whose messages are not known. Milliseconds. */
  at: number;
  last: LastMessage | undefined;
  unread: number;
  mentions: number;
}

export interface LastMessage {
  from: Person;
  own: boolean;
  /** Empty when it was deleted. */
  text: string;
}

export interface RoomsView {
  /** By the last message, the newest first. */
  rooms: readonly RoomEntry[];
  /** Of the rooms that are not muted. */
  unread: number;
  /** Of all rooms. */
  mentions: number;
}

export interface RoomsOptions {
  baseUrl: string;
  transport: Transport | undefined;
  timing: Partial<Timing> | undefined;
}

/**
 * What the page follows without its being opened. The server takes 64 rooms on a connection, and
 * other tabs may show others.
 */
const MOST_FOLLOWED = 30;
/** Between notes of when somebody wrote. Milliseconds. */
const NOTE_EVERY = 2_000;
/** The room on the screen comes first: the others begin so much later. Milliseconds. */
const OTHERS_AFTER = 300;

/**
 * The rooms that one is in, and those that one has been in. Each that one is in has a model that
 * lives while the page does, on one connection for all, so that it is there at once when it is
 * shown.
 */
export class Rooms {
  readonly #shared: SharedOptions;
  readonly #models = new Map<string, RoomModel>();
  readonly #listeners = new Set<() => void>();
  readonly #ends: (() => void)[];
  #current: string | undefined;
  /** As whom the other rooms are followed: their client's id, empty for a guest. */
  #followedAs: string | undefined;
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #noteTimer: ReturnType<typeof setTimeout> | undefined;
  #view: RoomsView;
  readonly #changed = oncePerFrame(() => this.#update());

  constructor({ baseUrl, transport, timing }: RoomsOptions) {
    // Without cookies each tab is somebody else.
    const alone = cookiesBlocked() ? [Math.random()] : [];
    this.#shared = {
      baseUrl,
      join: joinTabs(JSON.stringify([transport ?? "", timing ?? {}, ...alone]), baseUrl),
      ...(transport === undefined ? {} : { transport }),
      ...(timing === undefined ? {} : { timing }),
    };
    const all = (run: (model: RoomModel) => void) => {
      for (const model of this.#models.values()) run(model);
    };
    this.#ends = [
      onVisits(() => this.#elsewhere()),
      followDevice({
        networkChanged: (online) => all(({ client }) => client.networkChanged(online)),
        resumed: () => all(({ client }) => client.resumed()),
        leaving: () =>
          all(({ talk, reading }) => {
            talk.leave();
            reading.keep();
          }),
        visibilityChanged: () => all((model) => model.refresh()),
      }),
    ];
    this.#view = this.#build();
  }

  get view(): RoomsView {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The room's model, which may have to be started. */
  model(room: string): RoomModel {
    const known = this.#models.get(room);
    if (known !== undefined) return known;
    const model = new RoomModel(room, this.#shared);
    this.#models.set(room, model);
    model.subscribe(() => this.#heard(room, model));
    return model;
  }

  /** The room is on the screen now. Its model is started when it is drawn. */
  enter(room: string): RoomModel {
    this.#current = room;
    const model = this.model(room);
    model.show(true);
    this.#changed();
    return model;
  }

  /** It is not any more; one is still in it. */
  exit(room: string): void {
    const model = this.#models.get(room);
    if (this.#current === room) this.#current = undefined;
    if (model === undefined) return;
    model.show(false);
    if (model.view.ended !== undefined) this.#lost(room);
    this.#changed();
  }

  /** Leaves the room, and tells the others in it. It stays in the list. */
  leave(room: string): void {
    noteVisit(room, { left: true });
    void forgetSessionRoom(this.#shared.baseUrl, room);
    this.#models.get(room)?.client.leave();
    this.#drop(room);
    this.#changed();
  }

  /** Leaves the room, and takes it off the list. */
  forget(room: string): void {
    this.leave(room);
    forget(room);
  }

  mute(room: string, muted: boolean): void {
    noteVisit(room, { muted: muted || undefined });
    this.#changed();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#note();
    for (const end of this.#ends) end();
    for (const room of [...this.#models.keys()]) this.#drop(room);
    this.#listeners.clear();
    setUnreadTotal(0);
    stopAsking();
  }

  #drop(room: string): void {
    const model = this.#models.get(room);
    this.#models.delete(room);
    model?.stop();
  }

  #heard(room: string, model: RoomModel): void {
    const { loaded, ended, lastAt } = model.view;
    if (ended !== undefined && room !== this.#current && this.#models.get(room) === model) {
      this.#lost(room);
    }
    if (lastAt !== undefined) this.#noteTimer ??= setTimeout(() => this.#note(), NOTE_EVERY);
    if (loaded && room === this.#current) {
      this.#followOthers(model.client.session?.clientId ?? "");
    }
    this.#changed();
  }

  /** One was put out of the room, or it can't be opened: it is none that one is in. */
  #lost(room: string): void {
    noteVisit(room, { left: true });
    this.#drop(room);
  }

  /** Other tabs, and the next visit, know the order without the messages. */
  #note(): void {
    clearTimeout(this.#noteTimer);
    this.#noteTimer = undefined;
    for (const [room, { view }] of this.#models) {
      if (view.lastAt !== undefined) noteVisit(room, { wroteAt: view.lastAt });
    }
  }

  /** The other rooms that one is in follow once the one on the screen is there, and who one is. */
  #followOthers(as: string): void {
    if (this.#followedAs === as) return;
    this.#followedAs = as;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#followAll(), OTHERS_AFTER);
  }

  /** The other rooms, with those that one came into on another device. */
  async #followAll(): Promise<void> {
    for (const { room, at } of await sessionRooms(this.#shared.baseUrl)) {
      if (visitOf(room) === undefined && !this.#stopped) addVisit(room, at);
    }
    if (!this.#stopped) this.#follow();
  }

  #follow(): void {
    for (const { room } of joined()) {
      if (this.#models.size >= MOST_FOLLOWED) return;
      if (!this.#models.has(room)) this.model(room).start();
    }
  }

  /** Another tab has come into a room, has left one, or has read. */
  #elsewhere(): void {
    const known = new Map(visits().map((visit) => [visit.room, visit]));
    for (const [room, model] of [...this.#models]) {
      const visit = known.get(room);
      if (room === this.#current) continue;
      if (visit === undefined || visit.left) {
        model.client.leave();
        this.#drop(room);
      }
    }
    for (const [room, model] of this.#models) {
      const read = known.get(room)?.read;
      if (read !== undefined) model.reading.readElsewhere(read);
    }
    if (this.#followedAs !== undefined) this.#follow();
    this.#changed();
  }

  #update(): void {
    this.#view = this.#build();
    setUnreadTotal(this.#view.unread);
    for (const listener of [...this.#listeners]) listener();
  }

  #build(): RoomsView {
    const known = visits();
    const rooms = known.map((visit) => this.#entry(visit)).sort((a, b) => b.at - a.at);
    const counted = rooms.filter(({ muted }) => !muted);
    return {
      rooms,
      unread: counted.reduce((sum, { unread }) => sum + unread, 0),
      mentions: rooms.reduce((sum, { mentions }) => sum + mentions, 0),
    };
  }

  #entry({ room, at, wroteAt, muted, left }: Visit): RoomEntry {
    const model = this.#models.get(room);
    const { unread = 0, mentions = 0, ended, lastAt, rules } = model?.view ?? {};
    return {
      room,
      name: rules?.settings.title || room,
      current: room === this.#current,
      joined: model !== undefined && ended === undefined && left !== true,
      muted: muted === true,
      at: lastAt ?? wroteAt ?? at,
      last: model?.last,
      unread,
      mentions,
    };
  }
}

/** The rooms that one is in. */
function joined(): Visit[] {
  return visits().filter(({ left }) => left !== true);
}
