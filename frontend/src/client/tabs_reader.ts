import type { Cursor } from "./cursor.ts";
import { type RoomId, readMessages, type ServerEvent } from "./events.ts";
import { ask } from "./http.ts";
import type { LogPart } from "./tabs_past.ts";
import { roomUrl, type Server } from "./target.ts";
import type { Environment } from "./transport.ts";

export { createPast } from "./tabs_past.ts";

/** After a read of a log that failed. Milliseconds. */
const AGAIN = 1_000;

/** A tab that is to be told what is after its place in a room's log. */
export interface Want {
  from: string;
  room: RoomId;
  after?: Cursor | undefined;
}

export interface ReaderOptions {
  env: Environment;
  target(): Server;
  /** Tells the tab, without a request or what was read; false where that can't be done. */
  tell(want: Want, part?: LogPart): boolean;
}

export interface Reader {
  add(want: Want): void;
  /** The tab does not want it any more. */
  forget(want: Pick<Want, "room" | "from">): void;
}

/**
 * Reads the logs of rooms for tabs whose place the leader does not know: one at a time, since a
 * browser has few connections to a server, and one read serves all tabs of the room.
 */
export function createReader({ env, target, tell }: ReaderOptions): Reader {
  let wants: Want[] = [];
  let reading = false;

  function add(want: Want): void {
    // It has come again, and what was read before is not all that it missed.
    forget(want);
    if (tell(want)) return;
    wants.push(want);
    if (!reading) void run();
  }

  function forget({ room, from }: Pick<Want, "room" | "from">): void {
    wants = wants.filter((one) => one.room !== room || one.from !== from);
  }

  async function run(): Promise<void> {
    reading = true;
    for (let want = wants[0]; want; want = wants[0]) {
      // What was read for another tab may be all that it needs.
      if (!tell(want)) {
        const part = await read(want);
        if (!wants.includes(want)) continue;
        if (!part) {
          wants = [...wants.slice(1), want]; // the others are not held up by one
          await new Promise<void>((go) => env.setTimeout(go, AGAIN));
          continue;
        }
        tell(want, part);
      }
      forget(want);
    }
    reading = false;
  }

  async function read({ room, after }: Want): Promise<LogPart | undefined> {
    const { baseUrl, headers } = target();
    const entries: ServerEvent[] = [];
    let [reset, reason] = [false, ""];
    for (let at = after; ; ) {
      const url = roomUrl({ baseUrl, room }, "/messages", { after: at });
      const { result } = await ask(env, url, headers, readMessages);
      if (!result) return undefined;
      if (result.reset) {
        entries.length = 0;
        [reset, reason] = [true, result.reason ?? ""];
      }
      const { messages, cursor } = result;
      entries.push(...messages);
      if (at === undefined || messages.length === 0 || cursor === at) {
        return { entries, cursor, reset, reason };
      }
      at = cursor;
    }
  }

  return {
    add,
    forget,
  };
}
