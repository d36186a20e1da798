import { type Connection, type ConnectionOptions, createConnection } from "./connection.ts";
import type { Decision } from "./decisions.ts";
import type { RoomId } from "./events.ts";
import type { Input } from "./selector_input.ts";
import { createLeader, type Leader } from "./tabs_leader.ts";
import { createLock, type Lock, type LocksLike } from "./tabs_lock.ts";
import {
  browserTabs,
  type ChannelLike,
  type TabEnvironment,
  type TabMessage,
  type TabMessageBody,
} from "./tabs_messages.ts";
import { createPlace, type Place } from "./tabs_place.ts";
import type { Target } from "./target.ts";

/** How often the leader is asked whether it lives, and how long it may take. Milliseconds. */
const ASK_EVERY = 700;
const PATIENCE = 1_000;
/** So that not all tabs lose it at once. */
const SPREAD = 200;
/**
 * Without locks nobody says that nobody leads: a new tab waits so long, and up to as long again.
 */
const FIRST_PATIENCE = 100;
const ASK_HIDDEN = 5_000;
/** What a room that joins later is told of. */
const DECISIONS_TOLD = 30;
/** Rooms whose name is their own on the server too; the others get a connection of their own. */
const PLAIN_ROOM = /^[\p{Ll}\p{Lo}\p{N}_.-]{1,64}$/u;

/**
 * Joins what the tabs of this origin share, under a name that says to which server and how. All
 * rooms of one tab are one party to it.
 */
export function joinTabs(name: string, baseUrl: string, tabs = browserTabs()) {
  let hub: TabHub | undefined;
  return (options: ConnectionOptions): Connection => {
    const { room } = options.target();
    if (tabs === undefined || !PLAIN_ROOM.test(room)) return createConnection(options);
    hub ??= createHub(`caller ${name} ${baseUrl}`, options, tabs);
    return hub(room, options);
  };
}

type TabHub = (room: RoomId, options: ConnectionOptions) => Connection;

/** One tab's place on the shared connection. In one tab of all it also leads: it has it. */
function createHub(name: string, options: ConnectionOptions, tabs: TabEnvironment): TabHub {
  const { env } = options;
  const id = env.key();
  /** The rooms that take part. */
  const places = new Map<RoomId, Place>();
  const decisions: Decision[] = [];
  let channel: ChannelLike | undefined;
  let lock: Lock | undefined;
  let releaseTab: (() => void) | undefined;
  let unlisten: (() => void) | undefined;
  let frozen = false;
  let started = false;

  /** Counts the leaders: the highest is right. */
  let term = 0;
  /** The tab that leads, as far as is known. */
  let leaderId: string | undefined;
  /** What leads the others, if this tab does. */
  let leading: Leader | undefined;
  let askedAt: number | undefined;
  let patience = PATIENCE;
  let timer: number | undefined;

  /** What one of the rooms, or all of them, were told about the device or the network. */
  function pass(input: Input): void {
    if (input.type !== "resumed") return ask({ type: "input", input });
    // Whether the connection lives is for the tab that leads to doubt, had that one been asleep.
    ask({ type: "input", input: leading ? input : { type: "resumed" } });
    if (frozen) {
      frozen = false;
      lock?.again();
    }
    askedAt = undefined;
    tick();
  }

  /** As who one is now. All tabs and rooms hear it: who they are has changed too. */
  function restart({ room, options }: Place): void {
    const { session } = options.target();
    const body = { type: "restart", ...(session && { session }) } as const;
    leading?.serve(addressed(body));
    channel?.postMessage(addressed(body));
    for (const other of places.values()) if (other.room !== room) other.options.onSession?.();
  }

  /** A room takes part. */
  function enter({ tabRoom }: Place): void {
    if (started) return tabRoom.join();
    started = true;
    unlisten = tabs.onFreeze(freeze);
    channel = tabs.channel(name);
    channel.onmessage = ({ data }) => hear(data as TabMessage);
    if (tabs.locks) withLocks(tabs.locks);
    else withoutLocks();
  }

  function withoutLocks(): void {
    if (!started) return;
    tabs = { ...tabs, locks: undefined };
    patience = FIRST_PATIENCE + jitter(FIRST_PATIENCE);
    tick();
  }

  function withLocks(locks: LocksLike): void {
    // Held before the leader hears of this tab, which watches it.
    const mine = (): Promise<void> =>
      new Promise((resolve) => {
        if (!started) return resolve();
        releaseTab = resolve;
        lock = createLock(locks, name, lead, stepDown);
        lock.wait();
        tick();
      });
    locks.request(`${name}/${id}`, {}, mine).catch(withoutLocks);
  }

  /**
   * Browsers differ in what goes on in a frozen tab: in some it answers while its connection stands
   * still.
   */
  function freeze(): void {
    frozen = true;
    lock?.close();
    if (!leading) return;
    note("release", "frozen");
    release();
    interrupt();
  }

  /** The leader is another one, or none. */
  function interrupt(): void {
    for (const { tabRoom } of places.values()) tabRoom.interrupt();
  }

  function quit(): void {
    started = false;
    if (timer !== undefined) env.clearTimeout(timer);
    timer = undefined;
    release();
    unlisten?.();
    lock?.close();
    releaseTab?.();
    if (channel) channel.onmessage = null;
    channel?.close();
    channel = undefined;
    leaderId = undefined;
  }

  /** Leads no more. */
  function release(): void {
    if (!leading) return;
    channel?.postMessage(addressed({ type: "bye" }));
    const before = leading;
    leading = undefined;
    leaderId = undefined;
    before.close();
  }

  function addressed(body: TabMessageBody, to?: string): TabMessage {
    return { ...body, from: id, term, ...(to !== undefined && { to }) };
  }

  /** To the leader, whoever it is. */
  function ask(body: TabMessageBody): void {
    if (leading) leading.serve(addressed(body));
    else channel?.postMessage(addressed(body, leaderId));
  }

  /** From the leader, to one tab or all. */
  function tell(body: TabMessageBody, to?: string): void {
    if (to !== id) channel?.postMessage(addressed(body, to));
    if (to === undefined || to === id) follow(addressed(body, to));
  }

  function hear(message: TabMessage): void {
    if (message.to !== undefined && message.to !== id) return;
    switch (message.type) {
      case "ask":
      case "join":
      case "part":
      case "send":
      case "input":
        return leading?.serve(message);
      case "restart":
        leading?.serve(message);
        for (const { options } of places.values()) options.onSession?.();
        return;
      default:
        return hearLeader(message);
    }
  }

  function hearLeader(message: TabMessage): void {
    const { from } = message;
    if (message.term < term) {
      // It was frozen, and somebody took over.
      return message.type === "bye" ? undefined : correct(from);
    }
    if (leading && from !== id) {
      // Two of the same term: the higher id has the last word.
      if (message.term === term && from < id) {
        return message.type === "bye" ? undefined : correct(from);
      }
      stepDown();
    }
    if (message.term === term && leaderId !== undefined && from < leaderId) return;
    if (message.type === "bye") {
      term = message.term;
      if (from === leaderId || leaderId === undefined) lost();
      return;
    }
    if (message.term > term || from !== leaderId) newLeader(message);
    askedAt = undefined;
    patience = PATIENCE + jitter(SPREAD);
    follow(message);
  }

  /** Tells one that thinks it leads who does. */
  function correct(to: string): void {
    if (leading) tell({ type: "here", fresh: false }, to);
  }

  /**
   * The leader said goodbye: the lock goes to the next; without locks one that waits at random
   * leads.
   */
  function lost(): void {
    leaderId = undefined;
    interrupt();
    if (lock) return;
    patience = jitter(FIRST_PATIENCE);
    askedAt = undefined;
    tick();
  }

  function newLeader(message: TabMessage): void {
    ({ term, from: leaderId } = message);
    interrupt();
    note("follow", "elsewhere");
  }

  function follow(message: TabMessage): void {
    switch (message.type) {
      case "full":
        return places.get(message.room)?.full();
      case "joined":
        for (const decision of message.decisions) decided(decision);
        return places.get(message.room)?.tabRoom.follow(message);
      case "past":
      case "event":
        return places.get(message.room)?.tabRoom.follow(message);
      case "decision":
        return decided(message.decision);
      case "final":
        if (message.end.kind === "signed-out") {
          // One room signs in again for all.
          const first = [...places.values()].find(({ tabRoom }) => tabRoom.takesPart());
          return first?.tabRoom.follow(message);
        }
        if (message.room !== undefined) return places.get(message.room)?.tabRoom.follow(message);
    }
    for (const { tabRoom } of [...places.values()]) tabRoom.follow(message);
  }

  function decided(decision: Decision): void {
    if (decisions.push(decision) > DECISIONS_TOLD) decisions.shift();
    for (const { options } of places.values()) options.onDecision(decision);
  }

  function jitter(ms: number): number {
    return Math.floor(env.random() * ms);
  }

  /** Leads on, or asks the leader whether it lives. `due` is when this was to be. */
  function tick(due?: number): void {
    if (!started) return;
    const now = env.now();
    if (timer !== undefined) env.clearTimeout(timer);
    let next = tabs.visible() ? ASK_EVERY : ASK_HIDDEN;
    if (leading) leading.tick();
    else {
      // A timer that comes late was asleep along with the rest: it asks before it judges.
      if (due !== undefined && now - due > ASK_EVERY) askedAt = undefined;
      if (askedAt !== undefined && now - askedAt >= patience) takeOver();
      else {
        for (const { tabRoom } of places.values()) tabRoom.forgetJoin();
        ask({ type: "ask" });
        askedAt ??= now;
      }
      if (askedAt !== undefined) next = Math.min(next, askedAt + patience - now);
    }
    timer = env.setTimeout(() => tick(now + next), Math.max(0, next));
  }

  /** The leader does not answer. */
  function takeOver(): void {
    askedAt = undefined;
    patience = PATIENCE + jitter(SPREAD);
    note("steal", "unanswered");
    if (!lock) lead();
    else if (!frozen) lock.steal();
  }

  function lead(): void {
    if (leading || !started || frozen) return;
    term += 1;
    leaderId = id;
    askedAt = undefined;
    interrupt();
    leading = createLeader({
      connection: { ...options, target },
      id,
      tabs: name,
      locks: tabs.locks,
      tell,
    });
    note("lead", "here");
    tell({ type: "here", fresh: true });
  }

  /** Somebody else leads now: joins that one as the others do. */
  function stepDown(): void {
    if (!leading) return;
    note("step down", "elsewhere");
    release();
    interrupt();
    askedAt = undefined;
    lock?.again();
    tick();
  }

  /** Any room of this tab says where the server is, and as whom. */
  function target(): Target {
    const [place] = places.values();
    return (place?.options ?? options).target();
  }

  function note(what: string, why: string): void {
    decided({ at: env.now(), what, why });
  }

  const hub = { env, places, decisions, ask, enter, pass, restart, quit };
  return (room, options) => createPlace(hub, room, options);
}
