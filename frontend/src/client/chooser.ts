import { Backoff } from "./backoff.ts";
import {
  type ConnectionState,
  type Decision,
  type Input,
  type Memory,
  TIMING,
  type Timing,
  type TryId,
} from "./decisions.ts";
import type { End } from "./end.ts";
import { type Environment, TRANSPORTS, type Transport } from "./transport.ts";

/**
 * Which transport carries the session: a state machine without I/O. It is told what happened and when, and answers
 * what to do. NETWORKS.md has the networks it is made for; the rules are section 5 of the design:
 *
 * - A *race* opens transports one after the other, a head start apart. The first that brings `welcome` is the
 *   *carrier*; the others are closed.
 * - The carrier is *proven* by an event that was sent later (`ping`), and a WebSocket by an answer besides: something
 *   went up. Without proof in time the others race beside it; it stays until one of them is better.
 * - What dies before it is proven gives way to the others at once: it may well be that it always does.
 * - A *probe* is a race for a better transport beside a proven carrier, one after the other: the first that is proven
 *   itself takes over.
 * - Nothing is for good: what failed goes to the back for a while, and is probed again.
 *
 * All times are milliseconds of one clock.
 */

interface Try {
  id: TryId;
  transport: Transport;
  openedAt: number;
  welcomeAt?: number;
  heardAt: number;
  heartbeat: number;
  /** A ping has come down; something of ours went up. Both prove it. */
  down: boolean;
  up: boolean;
  proven: boolean;
}

/** How a try ended, as far as it matters here. */
type Ended = Pick<End, "kind" | "retryAfter">;

interface Race {
  why: "start" | "again" | "unproven" | "stuck" | "network" | "rooms" | "probe";
  /** What is still to be opened, and when at the latest. */
  queue: Transport[];
  nextAt: number;
  retryAfter: number;
}

export interface ChooserOptions {
  timing?: Partial<Timing>;
  memory?: Memory | undefined;
  /** Only these, in this order. Default all. */
  transports?: readonly Transport[] | undefined;
  env: Pick<Environment, "now" | "random">;
  /** Opens and closes what is tried. */
  open(id: TryId, transport: Transport): void;
  close(id: TryId): void;
  /** From now on this try's events are the session's. */
  carry(id: TryId, transport: Transport): void;
  onState(state: ConnectionState): void;
  onDecision(decision: Decision): void;
  onMemory(memory: Memory): void;
  /** The server has closed the door: nothing is open, nothing is tried. */
  onFinal(end: End): void;
}

const NEVER = Number.POSITIVE_INFINITY;

export class Chooser {
  readonly #o: ChooserOptions;
  readonly #timing: Timing;
  readonly #transports: readonly Transport[];
  readonly #backoff: Backoff;
  #memory: Memory;

  #running = false;
  #nextId: TryId = 1;
  /** What is open: the carrier, and those that race. */
  readonly #tries = new Map<TryId, Try>();
  #carrier: Try | undefined;
  #race: Race | undefined;
  /** The carrier was kept, since no other got through; it is not doubted again before this. */
  #sparedUntil = 0;
  /** When the next probe and the next round are due. */
  #probeAt = NEVER;
  #retryAt = NEVER;
  #downSince = 0;
  #failures = 0;
  /** Young deaths in a row. */
  readonly #strikes = new Map<Transport, number>();

  /** The time of this step, and of the next one that time itself asks for. */
  #now = 0;
  #dueAt = NEVER;
  /** Something was done in this step. */
  #done = false;
  #lastState = "";

  constructor(options: ChooserOptions) {
    this.#o = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#transports = options.transports ?? TRANSPORTS;
    this.#memory = options.memory ?? { back: {} };
    this.#backoff = new Backoff(options.env);
  }

  step(input: Input): void {
    this.#now = this.#o.env.now();
    this.#take(input);
    do {
      this.#done = false;
      this.#dueAt = NEVER;
      if (this.#running) this.#settle();
    } while (this.#done);
    this.#tellState();
  }

  /** When `tick` must be given next; undefined when nothing is due. */
  deadline(): number | undefined {
    return this.#dueAt < NEVER ? this.#dueAt : undefined;
  }

  /** All transports, the most promising first. */
  #order(): Transport[] {
    const now = this.#now;
    const { works, back } = this.#memory;
    const first = works && works.until > now && works.transport;
    const rank = (transport: Transport) =>
      transport === first ? 0 : (back[transport] ?? 0) > now ? 2 : 1;
    return [...this.#transports].sort((a, b) => rank(a) - rank(b));
  }

  #take(input: Input): void {
    if (!this.#running && input.type === "start") {
      this.#running = true;
      this.#downSince = this.#now;
      this.#failures = 0;
      this.#backoff.reset();
      this.#begin("start");
    }
    if (!this.#running) return;
    const carrier = this.#carrier;
    const one = "id" in input ? this.#tries.get(input.id) : undefined;
    switch (input.type) {
      case "stop":
        return this.#closeAll("stopped");
      case "welcome":
        return one && this.#welcome(one, input.heartbeat);
      case "heard":
        return one && this.#heard(one, input.proof, input.answer);
      case "ended":
        return one && this.#ended(one, input.end);
      case "stuck":
        return this.#doubt("stuck");
      case "network":
        return this.#network(input.online);
      case "wake":
        if (carrier && !input.frozen && this.#now - carrier.heardAt <= 1.2 * carrier.heartbeat)
          return;
        return this.#begin(carrier ? "network" : "again");
      case "rooms":
        return this.#rooms();
      case "retry":
        if (!carrier) this.#begin("again");
    }
  }

  /** Whether a time has come; if not, it is one to wait for. */
  #due(at: number): boolean {
    if (this.#now >= at) return true;
    this.#dueAt = Math.min(this.#dueAt, at);
    return false;
  }

  /** Does what the time asks for. */
  #settle(): void {
    const t = this.#timing;
    if (this.#due(this.#retryAt)) this.#begin("again");
    for (const one of this.#tries.values()) {
      const { welcomeAt } = one;
      if (welcomeAt === undefined) {
        if (this.#due(one.openedAt + t.welcomeWithin)) this.#gone(one, "late");
      } else if (one === this.#carrier) {
        if (this.#due(one.heardAt + 2 * one.heartbeat)) this.#gone(one, "silent");
        else if (!one.proven && this.#due(Math.max(welcomeAt + t.proofWithin, this.#sparedUntil))) {
          this.#doubt("unproven");
        }
      } else if (!one.proven) {
        if (this.#due(welcomeAt + 2 * t.proofWithin)) this.#gone(one, "unproven");
      } else if (this.#due(this.#doubtful(one) ? welcomeAt + t.probation : 0)) {
        this.#strikes.delete(one.transport);
        const { [one.transport]: _, ...back } = this.#memory.back;
        this.#learn({ back });
        this.#win(one, "better");
      }
    }
    if (!this.#race && this.#carrier?.proven && this.#due(this.#probeAt)) {
      this.#begin("probe", this.#better(this.#carrier));
    }
    if (this.#race) this.#goOn(this.#race);
  }

  #begin(why: Race["why"], queue = this.#order()): void {
    this.#retryAt = NEVER;
    if (queue.length === 0) return;
    if (this.#race?.why === "probe") this.#cancelRace("replaced");
    this.#race ??= { why, queue, nextAt: 0, retryAfter: 0 };
  }

  /** The race: opens the next one, or is lost when there is none. */
  #goOn(race: Race): void {
    const { why, queue, retryAfter } = race;
    const beside = this.#racing().length > 0;
    const next = queue[0];
    // Better ones are looked for one by one.
    if (next && (!beside || (why !== "probe" && this.#due(race.nextAt)))) {
      queue.shift();
      race.nextAt = this.#now + this.#timing.headStart;
      this.#open(next, beside ? "beside" : why);
    }
    if (next || beside) return;
    this.#race = undefined;
    const carrier = this.#carrier;
    if (carrier && why !== "rooms" && why !== "network") {
      this.#sparedUntil = this.#now + this.#timing.doubtAgain;
      this.#probeAt = this.#now + this.#timing.probeEvery;
      return this.#decide("keep", "only", carrier.transport);
    }
    this.#failures += 1;
    if (carrier) this.#gone(carrier, "nothing", { kind: "busy", retryAfter });
    else this.#wait(retryAfter);
  }

  #racing(): Try[] {
    return [...this.#tries.values()].filter((one) => one !== this.#carrier);
  }

  #open(transport: Transport, why: string): Try {
    const one: Try = {
      id: this.#nextId++,
      transport,
      openedAt: this.#now,
      heardAt: this.#now,
      heartbeat: 15_000,
      down: false,
      // The others send each post in a request of its own, whose answer is the proof.
      up: transport !== "ws",
      proven: false,
    };
    this.#tries.set(one.id, one);
    this.#act("open", one, why);
    return one;
  }

  #close(one: Try, why: string): void {
    this.#forget(one);
    this.#act("close", one, why);
  }

  #forget(one: Try): void {
    this.#tries.delete(one.id);
    if (one === this.#carrier) this.#carrier = undefined;
  }

  #closeAll(why: string): void {
    for (const one of this.#tries.values()) this.#close(one, why);
    this.#race = undefined;
    this.#retryAt = NEVER;
    this.#running = false;
  }

  #welcome(one: Try, heartbeat: number): void {
    if (one.welcomeAt !== undefined) return;
    one.welcomeAt = this.#now;
    one.heardAt = this.#now;
    one.heartbeat = heartbeat;
    this.#decide("welcome", this.#age(one), one.transport);
    // A better one must be proven first.
    const why = this.#race?.why;
    if (why && why !== "probe") this.#win(one, why);
  }

  #win(one: Try, why: Race["why"] | "better"): void {
    const carrier = this.#carrier;
    this.#cancelRace("second", one);
    if (carrier) {
      this.#close(carrier, why);
      if (why === "unproven" || why === "stuck") this.#strike(carrier.transport);
    }
    this.#carry(one, carrier ? why : "first");
  }

  #carry(one: Try, why: string): void {
    this.#carrier = one;
    this.#sparedUntil = 0;
    this.#probeAt = NEVER;
    this.#act("carry", one, why);
    if (one.proven) this.#proven(one);
  }

  #heard(one: Try, proof = false, answer = false): void {
    one.heardAt = this.#now;
    one.down ||= proof && one.welcomeAt !== undefined;
    one.up ||= answer;
    const proves = one.down && one.up && !one.proven;
    one.proven ||= proves;
    if (one !== this.#carrier) return;
    const why = this.#race?.why;
    if (why === "network" || (why === "unproven" && proves) || (why === "stuck" && answer)) {
      this.#cancelRace("alive");
    }
    if (proves) this.#proven(one);
  }

  #proven(one: Try): void {
    const { transport } = one;
    this.#decide("proven", this.#age(one), transport);
    this.#backoff.reset();
    this.#failures = 0;
    this.#learn({ works: { transport, until: this.#now + this.#timing.remember } });
    if (this.#better(one).length > 0) this.#probeAt = this.#now + this.#timing.firstProbe;
  }

  #ended(one: Try, end: End): void {
    this.#decide("ended", `${end.kind}: ${end.detail}, ${this.#age(one)}`, one.transport);
    if (end.kind === "lost" || end.kind === "busy") return this.#gone(one, undefined, end);
    this.#forget(one);
    this.#closeAll("final");
    this.#o.onFinal(end);
  }

  /** One has ended, or is given up for a reason: what follows from that. */
  #gone(one: Try, why?: string, { kind, retryAfter = 0 }: Ended = { kind: "lost" }): void {
    const race = this.#race;
    const carried = one === this.#carrier;
    if (why) this.#close(one, why);
    else this.#forget(one);
    if (carried) return this.#carrierGone(one, kind === "busy", retryAfter);
    if (race) race.retryAfter = Math.max(race.retryAfter, retryAfter);
  }

  #carrierGone(one: Try, busy: boolean, retryAfter: number): void {
    const { transport, welcomeAt = this.#now } = one;
    this.#downSince = this.#now;
    let next: Transport[] = [];
    if (!busy && this.#now - welcomeAt < this.#timing.shortLife) {
      if (this.#strike(transport)) next = this.#order();
      else if (!one.proven && this.#strikes.get(transport) === 1) {
        next = [...this.#others(one), transport];
      }
    } else if (!busy) this.#strikes.delete(transport);
    if (this.#race?.why === "probe") {
      const [probe] = this.#racing();
      this.#cancelRace("replaced", probe?.welcomeAt ? probe : undefined);
      if (probe?.welcomeAt) return this.#carry(probe, "gone");
    }
    if (next.length > 1) this.#begin("again", next);
    else if (!this.#race) this.#wait(retryAfter);
  }

  #wait(retryAfter: number): void {
    const delay = this.#backoff.next(retryAfter);
    this.#retryAt = this.#now + delay;
    this.#decide("wait", `${delay} ms`);
  }

  /** `but` is the one that has won it. */
  #cancelRace(why: string, but?: Try): void {
    for (const one of this.#racing()) if (one !== but) this.#close(one, why);
    this.#race = undefined;
  }

  #doubt(why: "unproven" | "stuck"): void {
    const carrier = this.#carrier;
    if (carrier && this.#now >= this.#sparedUntil) this.#begin(why, this.#others(carrier));
  }

  #network(online: boolean): void {
    // "For this network" is over when the device says that the network is another one.
    if (online) {
      this.#strikes.clear();
      this.#learn({ back: {} });
      this.#probeAt = this.#now;
    }
    this.#begin(this.#carrier ? "network" : "again");
  }

  /** What is open knows only the rooms of before. The carrier stays until the next one is there. */
  #rooms(): void {
    const racing = this.#race !== undefined;
    const carrier = this.#carrier;
    this.#cancelRace("rooms");
    if (carrier) this.#begin("rooms", [carrier.transport, ...this.#others(carrier)]);
    else if (racing) this.#begin("again");
  }

  /** True when that sends it to the back. */
  #strike(transport: Transport): boolean {
    const strikes = (this.#strikes.get(transport) ?? 0) + 1;
    this.#strikes.set(transport, strikes);
    if (strikes < 2) return false;
    const { works, back } = this.#memory;
    this.#learn({
      works: works?.transport === transport ? undefined : works,
      back: { ...back, [transport]: this.#now + this.#timing.remember },
    });
    this.#decide("back", "young", transport);
    return (back[transport] ?? 0) <= this.#now;
  }

  /** Those that are better, and all but it. */
  #better({ transport }: Try): Transport[] {
    return this.#transports.slice(0, this.#transports.indexOf(transport));
  }

  #others({ transport }: Try): Transport[] {
    return this.#order().filter((other) => other !== transport);
  }

  /** It died young before: it must live beside the carrier for a while. */
  #doubtful({ transport }: Try): boolean {
    return transport in this.#memory.back || this.#strikes.has(transport);
  }

  #age(one: Try): string {
    return `after ${this.#now - one.openedAt} ms`;
  }

  #learn(news: Partial<Memory>): void {
    const memory = { ...this.#memory, ...news };
    this.#memory = memory;
    this.#o.onMemory(memory);
  }

  /** Does something with one, and tells why. */
  #act(type: "open" | "close" | "carry", { id, transport }: Try, why: string): void {
    this.#decide(type, why, transport);
    this.#o[type](id, transport);
  }

  #decide(what: string, why: string, transport?: Transport): void {
    this.#done = true;
    this.#o.onDecision({ at: this.#now, what, why, transport });
  }

  #tellState(): void {
    const carrier = this.#carrier;
    const down = this.#running && !carrier;
    const offline = this.#retryAt < NEVER;
    const state: ConnectionState = {
      status: carrier ? "live" : !down ? "idle" : offline ? "offline" : "connecting",
      transport: carrier?.transport,
      proven: !!carrier?.proven,
      failures: this.#failures,
      downSince: down ? this.#downSince : undefined,
      retryAt: offline ? this.#retryAt : undefined,
    };
    const text = JSON.stringify(state);
    if (text === this.#lastState) return;
    this.#lastState = text;
    this.#o.onState(state);
  }
}
