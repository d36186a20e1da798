import { type Chooser, type ChooserOptions, createChooser } from "./chooser.ts";
import type { Input, TryId } from "./decisions.ts";
import { type End, lost } from "./end.ts";
import type { Command, ServerEvent } from "./events.ts";
import type { Channel, Environment, OpenTransport, Target, Transport } from "./transport.ts";
import { openPoll } from "./transport_poll.ts";
import { openSse } from "./transport_sse.ts";
import { openWs } from "./transport_ws.ts";

const OPEN: Record<Transport, OpenTransport> = { ws: openWs, sse: openSse, poll: openPoll };

/** A probe holds what it is told until it takes over; one with more than this to tell is let go. */
const MOST_HELD = 5_000;

/** A timer may be this late on a busy machine or in a hidden tab. Milliseconds. */
const LATE = 5_000;

export interface LinkOptions extends Omit<ChooserOptions, "env" | "open" | "close" | "carry"> {
  env: Environment;
  /** Asked for each try, so that each resumes from where the client is. */
  target: () => Target;
  open?: Partial<Record<Transport, OpenTransport>>;
  /** The events of the session, whichever transport brings them. Each session begins with `welcome`. */
  onEvent(event: ServerEvent): void;
  /** Another transport carries the session: what was under way on the one before has no answer to hope for. */
  onCarry(transport: Transport): void;
  /** Who one is has changed elsewhere, for all who share this connection. */
  onSession?(): void;
}

/** What a client has of its connection, which may be one that others share. */
export interface Port {
  input(input: Input): void;
  send(command: Command): boolean;
  /** One is somebody else now: begins again. */
  restart(): void;
}

interface Open {
  channel?: Channel;
  /** What came before it carried the session. */
  held: ServerEvent[];
}

/** Does what the chooser decides: opens and closes transports, keeps its time, and passes on what the carrier brings. */
export class Link implements Port {
  readonly #o: LinkOptions;
  readonly #chooser: Chooser;
  readonly #open = new Map<TryId, Open>();
  #carrier: TryId = 0;
  #timer = 0;
  readonly #inputs: Input[] = [];
  #busy = false;

  constructor(options: LinkOptions) {
    this.#o = options;
    this.#chooser = createChooser({
      ...options,
      open: (id, transport) => this.#start(id, transport),
      close: (id) => {
        this.#open.get(id)?.channel?.close();
        this.#open.delete(id);
      },
      carry: (id, transport) => {
        this.#carrier = id;
        options.onCarry(transport);
        this.#open.get(id)?.held.splice(0).forEach(options.onEvent);
      },
    });
  }

  /** Inputs that come up while one is worked on wait their turn. */
  input(input: Input): void {
    this.#inputs.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
        // Whoever answers is alive, sooner than another could be opened.
        if (next.type === "wake") this.send({ type: "ping" });
        this.#chooser.step(next);
      }
    } finally {
      this.#busy = false;
    }
    this.#setTimer();
  }

  restart(): void {
    this.input({ type: "stop" });
    this.input({ type: "start" });
  }

  /** Sends on the carrier; false when it carries no commands. */
  send(command: Command): boolean {
    return !!this.#open.get(this.#carrier)?.channel?.send(command);
  }

  #start(id: TryId, transport: Transport): void {
    const { env, target, open, onEvent } = this.#o;
    const one: Open = { held: [] };
    this.#open.set(id, one);
    const end = (end: End) => {
      if (this.#open.delete(id)) this.input({ type: "ended", id, end });
    };
    const event = (event: ServerEvent) => {
      if (!this.#open.has(id)) return;
      if (id === this.#carrier) onEvent(event);
      else if (one.held.push(event) > MOST_HELD) {
        one.channel?.close();
        return end(lost("more to tell than can be held"));
      }
      const { type } = event;
      if (type === "welcome") {
        // Its answer is the proof that something goes up. A server that does not know it answers with an error.
        one.channel?.send({ type: "ping" });
        return this.input({ type, id, heartbeat: event.heartbeat * 1000 });
      }
      const answer = type === "ack" || type === "pong" || type === "error";
      this.input({ type: "heard", id, proof: type === "ping", answer });
    };
    const heard = () => this.#open.has(id) && this.input({ type: "heard", id });
    try {
      one.channel = (open?.[transport] ?? OPEN[transport])(env, target(), { event, heard, end });
    } catch (error) {
      end(lost(String(error)));
    }
  }

  #setTimer(): void {
    const { env } = this.#o;
    env.clearTimeout(this.#timer);
    const at = this.#chooser.deadline();
    if (at === undefined) return;
    this.#timer = env.setTimeout(
      // A timer that comes this late comes after a sleep.
      () => this.input({ type: env.now() - at > LATE ? "wake" : "tick" }),
      Math.max(0, at - env.now()),
    );
  }
}
