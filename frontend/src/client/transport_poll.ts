import { type End, endOfProblem, lost } from "./end.ts";
import { type MessagesReply, readReplies, type ServerEvent } from "./events.ts";
import { type Answer, ask } from "./http.ts";
import type { Fields } from "./shape.ts";
import type { PolledRoom, Target } from "./target.ts";
import type { Channel, Environment, Sink } from "./transport.ts";

/** Seconds that a poll waits at the server: under the 30 s after which some proxies cut. */
const LONGEST_WAIT = 25;
/**
 * The second poll is short: its answer is what a stream's first ping is, proof that a later answer
 * gets through.
 */
const PROOF_WAIT = 1;
/** Milliseconds past its wait that an answer may take before the poll counts as swallowed. */
const SLACK = 8_000;
/** A poll that was cut sooner than this was not cut for its length. Milliseconds. */
const SHORTEST_CUT = 1_500;
/** So much longer is each poll than one before it that lasted its whole time. */
const GROWTH = 2.5;
/**
 * Polls stay under the time at which one was cut for so long; then longer ones are tried again.
 * Milliseconds.
 */
const CUT_REMEMBERED = 5 * 60_000;
/** Polls begin at least this far apart: what comes in a burst comes in few answers. */
const APART = 50;
/**
 * And this far when there was no news: something that answers polls at once must not be asked in
 * circles.
 */
const APART_IDLE = 1_000;
/** Cut polls in a row before the transport is given up. */
const CUTS = 3;

/**
 * GET /rooms/{room}/messages?wait=, or /stream/messages for several rooms: the floor, made to look
 * like a stream. The first answer becomes `welcome`, perhaps `reset`, the messages and `live`; each
 * later one its messages, the roster when it changed, and a `ping`. How far one has read is in each.
 */
export function openPoll(env: Environment, target: Target, sink: Sink): Channel {
  const { session, headers } = target;
  const positions: PolledRoom[] = target.positions.map((position) => ({ ...position }));
  /** Names these polls, so that leaving ends their presence and not that of one's other tabs. */
  const stream = `p-${env.key()}`;
  let closed = false;
  let abort: AbortController;

  async function run(): Promise<End | undefined> {
    let longest = LONGEST_WAIT;
    let cutAt = 0;
    let cuts = 0;
    let wait = 0;
    while (!closed) {
      const asked = env.now();
      const answer = await poll(wait);
      const now = env.now();
      const took = now - asked;
      if (answer.result) {
        cuts = 0;
        if (now - cutAt > CUT_REMEMBERED) longest = LONGEST_WAIT;
        const apart = tell(answer.result, wait === 0) ? APART : APART_IDLE;
        // Longer step by step: what cuts or swallows long requests is found out by one that is not
        // so long.
        if (wait <= PROOF_WAIT || took > wait * 900) wait = Math.ceil(wait * GROWTH) || PROOF_WAIT;
        wait = Math.min(longest, wait);
        if (took < apart) await new Promise<void>((go) => env.setTimeout(go, apart - took));
        continue;
      }
      const end = endOfProblem(answer.problem);
      cuts += 1;
      if (wait === 0 || end.kind !== "lost" || took < SHORTEST_CUT || cuts >= CUTS) return end;
      // Something in between cuts long requests: stay under the time it let this one live. The time
      // of one that slept along with the whole device says nothing.
      if (took > wait * 1000 + 2 * SLACK) continue;
      cutAt = now;
      longest = Math.floor(Math.min(took / 1250, wait / 2)) || 1;
      wait = longest;
    }
    return undefined;
  }

  function poll(wait: number): Promise<Answer<MessagesReply[]>> {
    abort = new AbortController();
    const url = target.address("/messages", positions, {
      wait: wait || undefined,
      stream: session ? stream : undefined,
    });
    return ask(env, url, headers, read, undefined, abort, wait * 1000 + SLACK);
  }

  function read(body: Fields | undefined): MessagesReply[] | undefined {
    const replies = readReplies([body?.rooms ?? body].flat());
    return replies?.length === positions.length ? replies : undefined;
  }

  /** Reports whether there was news. */
  function tell(replies: MessagesReply[], first: boolean): boolean {
    let news = false;
    replies.forEach(({ messages, cursor, reset, reason = "", read, ...roster }, i) => {
      const room = positions[i] as PolledRoom;
      const roomId = room.room;
      const changed = roster.version !== room.version;
      news ||= changed || messages.length > 0;
      if (first) {
        say({
          type: "welcome",
          roomId,
          clientId: session?.clientId ?? "",
          name: session?.name ?? "",
          resumed: !!room.after && !reset,
          heartbeat: LONGEST_WAIT,
          stream,
          ...roster,
        });
      } else if (changed) say({ type: "members", roomId, ...roster });
      if (reset) say({ type: "reset", roomId, reason });
      messages.forEach(say);
      // The cursor may be past what was not a message; a stream would have shown it as an entry of
      // an unknown kind.
      say(
        first
          ? { type: "live", roomId, cursor }
          : { type: "unknown", name: "cursor", roomId, id: cursor },
      );
      say(read);
      room.read = read?.fields?.cursor;
      room.after = cursor;
      room.version = roster.version;
    });
    if (!first) say({ type: "ping" });
    return news;
  }

  function say(event: ServerEvent | undefined): void {
    if (event && !closed) sink.event(event);
  }

  run()
    .catch((error) => lost(String(error)))
    .then((end) => end && !closed && sink.end(end));

  return {
    send: () => false,
    close() {
      closed = true;
      abort.abort();
    },
  };
}
