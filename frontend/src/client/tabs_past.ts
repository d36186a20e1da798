import { type Cursor, later, seqOf } from "./cursor.ts";
import type { PresenceEvent, RoomId, ServerEvent, WelcomeEvent } from "./events.ts";
import { changed } from "./roster.ts";

/** Entries that are kept of a room after the place where the tabs began; half of them are let go. */
const MOST_KEPT = 1_000;

type Entry = ServerEvent & { id: Cursor };

/** What was read of a log after a place, or of its end. */
export interface LogPart {
  entries: readonly ServerEvent[];
  cursor: Cursor;
  /** The place is none of this log: the entries are all that is kept. */
  reset: boolean;
  reason: string;
}

/**
 * What the tab that leads keeps of one room, so that another tab that comes into it is told without
 * a request.
 */
export interface Past {
  take(event: ServerEvent): void;
  /**
   * What a tab is told that is at this place, or that has nothing yet; undefined where that is not
   * known here. Unless it is `live`, the connection is still to say so. With what was read for the
   * tab it is that: what came since it has heard itself.
   */
  tell(after: Cursor | undefined, live: boolean, part?: LogPart): ServerEvent[] | undefined;
}

/** Begins where the connection does. */
export function createPast(room: RoomId, begun: Cursor | undefined): Past {
  /** Who comes new is told this, which is up to `from`, and what came since; unless it is unknown. */
  let before: Entry[] | undefined = begun ? undefined : [];
  /** All entries after this place are in `since`; undefined until the past has been told. */
  let from = begun;
  let since: Entry[] = [];
  let end = begun;
  let caughtUp = false;
  let welcome: WelcomeEvent | undefined;
  /** The last event of each kind that is no entry, and is told no more: a call, how far one read. */
  const extras = new Map<string, ServerEvent>();

  function take(event: ServerEvent): void {
    switch (event.type) {
      case "welcome":
        welcome = event;
        caughtUp = false;
        return extras.clear();
      case "members": {
        const { members, call, memberCount, version } = event;
        if (!welcome || version < welcome.version) return;
        welcome = { ...welcome, members, call, memberCount, version };
        extras.delete("joined");
        extras.delete("call");
        return;
      }
      case "joined":
      case "left":
        return presence(event);
      case "reset":
        before = [];
        since = [];
        from = end = undefined;
        caughtUp = false;
        return;
      case "live":
        from ??= event.cursor;
        end = later(end, event.cursor);
        caughtUp = true;
        return;
      case "message":
      case "unknown":
        if (event.id) return entry(event as Entry);
        if (event.type === "unknown") extras.set(event.name, event);
    }
  }

  /** Whoever is told of a change that is not the next one asks for the whole roster. */
  function presence(event: PresenceEvent): void {
    if (!welcome || event.version <= welcome.version) return;
    if (event.version > welcome.version + 1) extras.set("joined", event);
    else welcome = { ...welcome, ...changed(welcome, event) };
  }

  function entry(event: Entry): void {
    const now = later(end, event.id);
    if (now === end) return;
    end = now;
    if (event.type === "unknown" && event.name === "delete") {
      // What was taken back, and was quoted, is told to nobody any more.
      before = undefined;
      since = [];
      from = end;
      return;
    }
    (from === undefined ? before : since)?.push(event);
    count(event);
    if (since.length <= MOST_KEPT) return;
    const gone = since.splice(0, MOST_KEPT / 2);
    before &&= gone;
    from = gone.at(-1)?.id;
  }

  /** What is not read has become more since the server counted it. */
  function count(event: Entry): void {
    const read = extras.get("read");
    if (event.type !== "message" || read?.type !== "unknown" || !welcome) return;
    const { clientId } = welcome;
    if (event.from.id === clientId) return;
    const { unread, mentions, ...rest } = read.fields ?? {};
    const meant = event.fields?.mentions;
    const mine = Array.isArray(meant) && meant.includes(clientId) ? 1 : 0;
    const fields = { ...rest, unread: Number(unread) + 1, mentions: Number(mentions) + mine };
    extras.set("read", { ...read, fields });
  }

  function tell(
    after: Cursor | undefined,
    live: boolean,
    part?: LogPart,
  ): ServerEvent[] | undefined {
    if (part) return tellRead(after, part, live);
    if (after === undefined) return before && told([...before, ...since], false, live);
    if (from === undefined) return undefined;
    if (after === end) return told([], true, live);
    const at = since.findIndex(({ id }) => id === after);
    if (at < 0 && after !== from) return undefined;
    return told(since.slice(at + 1), true, live);
  }

  function tellRead(after: Cursor | undefined, part: LogPart, live: boolean): ServerEvent[] {
    const { cursor, reset, reason } = part;
    const entries = part.entries.filter(isEntry);
    // Whoever comes new next needs no read.
    if (from && seqOf(cursor) >= seqOf(from) && (after === undefined || reset)) {
      const begins = seqOf(from);
      before ??= entries.filter(({ id }) => seqOf(id) <= begins);
    }
    const resets: ServerEvent[] = reset ? [{ type: "reset", roomId: room, reason }] : [];
    return told([...resets, ...entries], after !== undefined && !reset, live, cursor);
  }

  function told(entries: ServerEvent[], resumed: boolean, live: boolean, to = end): ServerEvent[] {
    const ends: ServerEvent[] =
      live && caughtUp && to ? [{ type: "live", roomId: room, cursor: to }] : [];
    return [...(welcome ? [{ ...welcome, resumed }] : []), ...entries, ...ends, ...extras.values()];
  }

  return { take, tell };
}

function isEntry(event: ServerEvent): event is Entry {
  return (event.type === "message" || event.type === "unknown") && event.id !== undefined;
}
