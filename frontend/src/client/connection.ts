import { type End, endOfProblem, lost } from "./end.ts";
import type { Command, ServerEvent } from "./events.ts";
import type { AttemptId, Input } from "./selector_input.ts";
import type { TransportSelectorOptions } from "./selector_parts.ts";
import type { Target } from "./target.ts";
import type { Channel, Environment, OpenTransport, Transport } from "./transport.ts";
import { openPoll } from "./transport_poll.ts";
import { createTransportSelector } from "./transport_selector.ts";
import { openSse } from "./transport_sse.ts";
import { openWs } from "./transport_ws.ts";

const OPEN: Record<Transport, OpenTransport> = { ws: openWs, sse: openSse, poll: openPoll };

/** A probe holds what it is told until it takes over; one with more than this to tell is let go. */
const MOST_HELD = 5_000;

/** A timer may be this late on a busy machine or in a hidden tab. Milliseconds. */
const LATE = 5_000;

export interface ConnectionOptions
  extends Omit<TransportSelectorOptions, "env" | "open" | "close" | "activate"> {
  env: Environment;
  /** Asked for each attempt, so that each resumes from where the client is. */
  target: () => Target;
  open?: Partial<Record<Transport, OpenTransport>>;
  /**
   * The events of the session, whichever transport brings them. Each session begins with `welcome`.
   */
  onEvent(event: ServerEvent): void;
  /**
   * Another transport carries the session: what was under way on the one before has no answer to
   * hope for.
   */
  onActivate(transport: Transport): void;
  /** Who one is has changed elsewhere, for all who share this connection. */
  onSession?(): void;
}

/** What a client has of its connection, which may be one that others share. */
export interface Connection {
  input(input: Input): void;
  /** Sends on the active transport; false when it carries no commands. */
  send(command: Command): boolean;
}

interface Open {
  channel?: Channel;
  /** What came before it carried the session. */
  held: ServerEvent[];
}

/**
 * Does what the selector decides: opens and closes transports, keeps its time, and passes on what
 * the active transport brings.
 */
export function createConnection(options: ConnectionOptions): Connection {
  const { env, onEvent } = options;
  const attempts = new Map<AttemptId, Open>();
  let active: AttemptId = 0;
  let timer = 0;
  const inputs: Input[] = [];
  let busy = false;
  const selector = createTransportSelector({
    ...options,
    open,
    close(id) {
      attempts.get(id)?.channel?.close();
      attempts.delete(id);
    },
    activate(id, transport) {
      active = id;
      options.onActivate(transport);
      for (const event of attempts.get(id)?.held.splice(0) ?? []) onEvent(event);
    },
  });

  function open(id: AttemptId, transport: Transport): void {
    const target = options.target();
    const one: Open = { held: [] };
    attempts.set(id, one);
    /** The end that the last event has told of; one that more follows has ended nothing. */
    let announced: End | false | undefined;
    let welcomed = false;
    const end = (end: End) => {
      const kind = end.kind === "lost" && announced ? announced.kind : end.kind;
      if (attempts.delete(id)) input({ type: "ended", id, end: { ...announced, ...end, kind } });
    };
    const event = (event: ServerEvent) => {
      if (!attempts.has(id)) return;
      if (id === active) onEvent(event);
      else if (one.held.push(event) > MOST_HELD) {
        one.channel?.close();
        return end(lost("overflow"));
      }
      const { type } = event;
      // What ends one room of several leaves the connection to the others.
      const ends = type === "error" && !event.key && (target.positions.length < 2 || !event.roomId);
      announced = ends && endOfProblem(event);
      if (type === "welcome" && !welcomed) {
        welcomed = true; // each of several rooms says it
        // Its answer is the proof that something goes up. A server that does not know it answers
        // with an error.
        one.channel?.send({ type: "ping" });
        return input({ type, id, interval: event.heartbeat * 1000 });
      }
      const answer = type === "ack" || type === "pong" || type === "error";
      input({ type: "heard", id, proof: type === "ping", answer });
    };
    const heard = () => attempts.has(id) && input({ type: "heard", id });
    try {
      const start = options.open?.[transport] ?? OPEN[transport];
      one.channel = start(env, target, { event, heard, end });
    } catch (error) {
      end(lost(String(error)));
    }
  }

  /** Inputs that come up while one is worked on wait their turn. */
  function input(input: Input): void {
    inputs.push(input);
    if (busy) return;
    busy = true;
    try {
      for (let next = inputs.shift(); next; next = inputs.shift()) {
        // Whoever answers is alive, sooner than another could be opened.
        if (next.type === "resumed" || next.type === "network") send({ type: "ping" });
        selector.step(next);
      }
    } finally {
      busy = false;
    }
    setTimer();
  }

  function send(command: Command): boolean {
    return !!attempts.get(active)?.channel?.send(command);
  }

  function setTimer(): void {
    env.clearTimeout(timer);
    const at = selector.deadline();
    if (at < Number.POSITIVE_INFINITY)
      timer = env.setTimeout(
        // A timer that comes this late comes after a sleep.
        () => input({ type: env.now() - at > LATE ? "resumed" : "tick" }),
        at - env.now(),
      );
  }

  return { input, send };
}
