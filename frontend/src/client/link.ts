import { Chooser } from "./chooser.ts";
import type { ConnectionState, Decision, Input, Memory, Timing, TryId } from "./decisions.ts";
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

export interface LinkOptions {
  env: Environment;
  /** Asked for each try, so that each resumes from where the client is. */
  target: () => Target;
  timing?: Partial<Timing>;
  memory?: Memory | undefined;
  transports?: readonly Transport[] | undefined;
  open?: Partial<Record<Transport, OpenTransport>>;
  /** The events of the session, whichever transport brings them. Each session begins with `welcome`. */
  onEvent(event: ServerEvent): void;
  /** Another transport carries the session: what was under way on the one before has no answer to hope for. */
  onCarry(transport: Transport): void;
  onState(state: ConnectionState): void;
  onDecision(decision: Decision): void;
  onMemory(memory: Memory): void;
  /** Who one is has changed elsewhere, for all who share this connection. */
  onSession?(): void;
  /** The server has closed the door; `start()` tries again. */
  onFinal(end: End): void;
}

/** What a client has of its connection, which may be one that others share. */
export interface Port {
  input(input: Input): void;
  send(command: Command): boolean;
  /** One is somebody else now: begins again. */
  restart(): void;
}

interface Open {
  connection?: Channel;
  transport: Transport;
  /** What came before it carried the session. */
  held: ServerEvent[];
}

/** Does what the chooser decides: opens and closes transports, keeps its time, and passes on what the carrier brings. */
export class Link implements Port {
  readonly #o: LinkOptions;
  readonly #chooser: Chooser;
  readonly #open = new Map<TryId, Open>();
  #carrier: TryId | undefined;
  #timer: number | undefined;
  #inputs: Input[] = [];
  #busy = false;

  constructor(options: LinkOptions) {
    this.#o = options;
    this.#chooser = new Chooser({ ...options, random: options.env.random });
  }

  /** Inputs that come up while one is worked on wait their turn. */
  input(input: Input): void {
    this.#inputs.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) this.#step(next);
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
    const open = this.#carrier === undefined ? undefined : this.#open.get(this.#carrier);
    return open?.connection?.send(command) ?? false;
  }

  get transport(): Transport | undefined {
    return this.#carrier === undefined ? undefined : this.#open.get(this.#carrier)?.transport;
  }

  #step(input: Input): void {
    // Whoever answers is alive, sooner than another could be opened.
    if (input.type === "wake") this.send({ type: "ping" });
    for (const action of this.#chooser.step(input, this.#o.env.now())) {
      switch (action.type) {
        case "open":
          this.#start(action.id, action.transport);
          break;
        case "close":
          this.#end(action.id)?.connection?.close();
          break;
        case "carry":
          this.#carry(action.id);
          break;
        case "state":
          this.#o.onState(action.state);
          break;
        case "decision":
          this.#o.onDecision(action.decision);
          break;
        case "remember":
          this.#o.onMemory(action.memory);
          break;
        case "final":
          this.#o.onFinal(action.end);
          break;
      }
    }
  }

  #start(id: TryId, transport: Transport): void {
    const { env, target } = this.#o;
    const open: Open = { transport, held: [] };
    this.#open.set(id, open);
    const start = this.#o.open?.[transport] ?? OPEN[transport];
    const ended = (end: End) => {
      if (this.#end(id) !== undefined) this.input({ type: "ended", id, end });
    };
    try {
      open.connection = start(env, target(), {
        event: (event) => this.#event(id, event),
        heard: () => this.#open.has(id) && this.input({ type: "heard", id }),
        end: ended,
      });
    } catch (error) {
      ended(lost(String(error)));
    }
  }

  #event(id: TryId, event: ServerEvent): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    if (id === this.#carrier) {
      this.#o.onEvent(event);
    } else {
      open.held.push(event);
      if (open.held.length > MOST_HELD) {
        this.#end(id)?.connection?.close();
        return this.input({ type: "ended", id, end: lost("more to tell than can be held") });
      }
    }
    if (event.type === "welcome") {
      // Its answer is the proof that something goes up. A server that does not know it answers with an error.
      open.connection?.send({ type: "ping" });
      this.input({ type: "welcome", id, heartbeat: event.heartbeat * 1000 });
    } else {
      const answer = event.type === "ack" || event.type === "pong" || event.type === "error";
      this.input({ type: "heard", id, proof: event.type === "ping", answer });
    }
  }

  #carry(id: TryId): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#carrier = id;
    this.#o.onCarry(open.transport);
    const held = open.held;
    open.held = [];
    for (const event of held) this.#o.onEvent(event);
  }

  #end(id: TryId): Open | undefined {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (this.#carrier === id) this.#carrier = undefined;
    return open;
  }

  #setTimer(): void {
    const { env } = this.#o;
    if (this.#timer !== undefined) env.clearTimeout(this.#timer);
    this.#timer = undefined;
    const at = this.#chooser.deadline();
    if (at === undefined || at === Number.POSITIVE_INFINITY) return;
    this.#timer = env.setTimeout(
      () => {
        this.#timer = undefined;
        // A timer that comes this late comes after a sleep.
        this.input({ type: env.now() - at > LATE ? "wake" : "tick" });
      },
      Math.max(0, at - env.now()),
    );
  }
}
