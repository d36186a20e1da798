import { type End, endOfResponse, lost } from "./end.ts";
import { type MessagesReply, parseObject, readMessages } from "./events.ts";
import {
  type Channel,
  type Environment,
  type Place,
  roomUrl,
  type Sink,
  streamUrl,
  type Target,
} from "./transport.ts";

/** Seconds that a poll waits at the server: under the 30 s after which some proxies cut. */
const LONGEST_WAIT = 25;
/** The second poll is short: its answer is what a stream's first ping is, proof that a later answer gets through. */
const PROOF_WAIT = 1;
/** Milliseconds past its wait that an answer may take before the poll counts as swallowed. */
const SLACK = 8_000;
/** A poll that was cut sooner than this was not cut for its length. Milliseconds. */
const SHORTEST_CUT = 1_500;
/** So much longer is each poll than one before it that lasted its whole time. */
const GROWTH = 2.5;
/** Polls stay under the time at which one was cut for so long; then longer ones are tried again. Milliseconds. */
const CUT_REMEMBERED = 5 * 60_000;
/** Polls begin at least this far apart: what comes in a burst comes in few answers. */
const APART = 50;
/** And this far when there was no news: something that answers polls at once must not be asked in circles. */
const APART_IDLE = 1_000;
/** Cut polls in a row before the transport is given up. */
const CUTS = 3;

/** A room, where its next poll begins, and which roster is known. */
interface Asked extends Place {
  version?: number;
}

/**
 * GET /rooms/{room}/messages?wait=, or /stream/messages for several rooms: the floor, made to look like a stream. The first answer becomes `welcome`, perhaps
 * `reset`, the messages and `live`; each later one its messages, the roster when it changed, and a `ping`.
 */
export function openPoll(env: Environment, target: Target, sink: Sink): Channel {
  let closed = false;
  let abort = new AbortController();
  const places: Asked[] = (target.rooms ?? [target]).map(({ room, after }) => ({
    room,
    ...(after === undefined ? {} : { after }),
  }));
  let longest = LONGEST_WAIT;
  let cutAt = 0;
  /** Names these polls, so that leaving ends their presence and not that of one's other tabs. */
  const stream = `p-${env.key()}`;

  async function run(): Promise<void> {
    const first = await poll(0);
    if (closed) return;
    if ("kind" in first) return sink.end(first);
    begin(first);
    let wait = PROOF_WAIT;
    let cuts = 0;
    while (!closed) {
      const asked = env.now();
      const reply = await poll(wait);
      if (closed) return;
      const took = env.now() - asked;
      if (!("kind" in reply)) {
        cuts = 0;
        if (env.now() - cutAt > CUT_REMEMBERED) longest = LONGEST_WAIT;
        const news = reply.some(
          (r, i) => r.messages.length > 0 || r.version !== places[i]?.version,
        );
        proceed(reply);
        // Longer step by step: what cuts or swallows long requests is found out by one that is not so long.
        if (took > wait * 900 || wait === PROOF_WAIT) wait = Math.ceil(wait * GROWTH);
        wait = Math.min(longest, wait);
        await pause((news ? APART : APART_IDLE) - took);
        continue;
      }
      cuts += 1;
      if (reply.kind !== "lost" || took < SHORTEST_CUT || cuts >= CUTS) return sink.end(reply);
      // Something in between cuts long requests: stay under the time it let this one live. The time of one that slept
      // along with the whole device says nothing.
      if (took > wait * 1000 + 2 * SLACK) continue;
      cutAt = env.now();
      longest = Math.max(1, Math.min(Math.floor((took / 1000) * 0.8), Math.floor(wait / 2)));
      wait = longest;
    }
  }

  async function pause(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => void env.setTimeout(resolve, ms));
  }

  async function poll(wait: number): Promise<MessagesReply[] | End> {
    abort = new AbortController();
    const { signal } = abort;
    const timer = env.setTimeout(() => abort.abort(), wait * 1000 + SLACK);
    try {
      const response = await env.fetch(address(wait), {
        headers: { ...target.headers, Accept: "application/json" },
        cache: "no-store",
        credentials: "same-origin",
        signal,
      });
      if (!response.ok) return await endOfResponse(response);
      const body = parseObject(await response.text());
      const rooms = target.rooms === undefined ? [body] : body?.rooms;
      const replies = Array.isArray(rooms) ? rooms.map(readMessages) : [];
      const read = replies.filter((reply) => reply !== undefined);
      if (read.length === places.length) return read;
      return lost(`HTTP ${response.status} without messages`);
    } catch (error) {
      return lost(signal.aborted ? "a poll was not answered" : String(error));
    } finally {
      env.clearTimeout(timer);
    }
  }

  function address(wait: number): string {
    const params = {
      wait: wait > 0 ? wait : undefined,
      stream: target.session === undefined ? undefined : stream,
    };
    const [first] = places;
    if (target.rooms === undefined) {
      const { after, version: roster } = first ?? {};
      return roomUrl(target, "/messages", {
        after,
        wait: params.wait,
        roster,
        stream: params.stream,
      });
    }
    const url = new URL(streamUrl({ ...target, rooms: places }, "/messages"));
    for (const { room, version } of places) {
      if (version !== undefined) url.searchParams.append("roster", `${room}@${version}`);
    }
    for (const [name, value] of Object.entries(params)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  function begin(replies: MessagesReply[]): void {
    replies.forEach((reply, i) => {
      const place = places[i];
      if (place === undefined || closed) return;
      sink.event({
        type: "welcome",
        roomId: place.room,
        clientId: target.session?.clientId ?? "",
        name: target.session?.name ?? "",
        resumed: place.after !== undefined && !reply.reset,
        heartbeat: LONGEST_WAIT,
        stream,
        ...roster(reply),
      });
      place.version = reply.version;
      deliver(place, reply);
      if (!closed) sink.event({ type: "live", roomId: place.room, cursor: reply.cursor });
    });
  }

  function proceed(replies: MessagesReply[]): void {
    replies.forEach((reply, i) => {
      const place = places[i];
      if (place === undefined || closed) return;
      if (reply.version !== place.version) {
        place.version = reply.version;
        sink.event({ type: "members", roomId: place.room, ...roster(reply) });
      }
      deliver(place, reply);
    });
    if (!closed) sink.event({ type: "ping" });
  }

  function deliver(place: Asked, reply: MessagesReply): void {
    const roomId = place.room;
    if (reply.reset && !closed) sink.event({ type: "reset", roomId, reason: reply.reason ?? "" });
    for (const message of reply.messages) if (!closed) sink.event(message);
    place.after = reply.cursor;
    // Past what was not a message; a stream would have shown it as an entry of an unknown kind.
    if (!closed) sink.event({ type: "unknown", name: "cursor", roomId, id: reply.cursor });
  }

  run().catch((error: unknown) => {
    if (!closed) sink.end(lost(String(error)));
  });

  return {
    send: () => false,
    close() {
      closed = true;
      abort.abort();
    },
  };
}

function roster({ members, call, memberCount, version }: MessagesReply) {
  return { ...(members && { members }), ...(call && { call }), memberCount, version };
}
