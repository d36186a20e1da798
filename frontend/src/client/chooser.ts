import { Backoff } from "./backoff.ts";
import {
  type Action,
  type ConnectionState,
  type Decision,
  type Input,
  type Memory,
  TIMING,
  type Timing,
  type TryId,
} from "./decisions.ts";
import type { End } from "./end.ts";
import { TRANSPORTS, type Transport } from "./transport.ts";

/**
 * Which transport carries the session: a state machine without I/O. It is told what happened and when, and answers
 * what to do. NETWORKS.md has the networks it is made for; the rules are section 5 of the design:
 *
 * - A *race* opens transports one after the other, a head start apart. The first that brings `welcome` is the
 *   *carrier*; the others are closed.
 * - The carrier is *proven* by an event that was sent later (`ping`), and a WebSocket by an answer besides: something
 *   went up. Without proof in time the others race beside it; it stays until one of them is better.
 * - What dies before it is proven gives way to the others at once: it may well be that it always does.
 * - A *probe* tries a better transport beside a proven carrier, and takes over once proven itself.
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
  /** A ping has come down; something of ours went up. */
  down: boolean;
  up: boolean;
  proven: boolean;
}

interface Race {
  why: "start" | "again" | "unproven" | "stuck" | "network" | "rooms";
  startedAt: number;
  openedAt: number;
  queue: Transport[];
  tries: Map<TryId, Try>;
  retryAfter: number;
}

export interface ChooserOptions {
  timing?: Partial<Timing>;
  memory?: Memory;
  /** Only these, in this order. Default all. */
  transports?: readonly Transport[];
  random?: () => number;
}

const NEVER = Number.POSITIVE_INFINITY;

export class Chooser {
  readonly #timing: Timing;
  readonly #transports: readonly Transport[];
  readonly #backoff: Backoff;
  #memory: Memory;

  #running = false;
  #nextId: TryId = 1;
  #race: Race | undefined;
  #carrier: Try | undefined;
  /** The carrier was kept, since no other got through; it is not doubted again before this. */
  #sparedUntil = 0;
  #probe: Try | undefined;
  #probeQueue: Transport[] = [];
  /** When the next probe and the next round are due. */
  #probeAt = NEVER;
  #retryAt = NEVER;
  #downSince: number | undefined;
  #failures = 0;
  /** Young deaths in a row. */
  readonly #strikes = new Map<Transport, number>();

  /** The time of this step. */
  #now = 0;
  #out: Action[] = [];
  #lastState = "";

  constructor(options: ChooserOptions = {}) {
    this.#timing = { ...TIMING, ...options.timing };
    this.#transports = options.transports ?? TRANSPORTS;
    this.#memory = options.memory ?? { back: {} };
    this.#backoff = new Backoff(options);
  }

  step(input: Input, now: number): Action[] {
    this.#out = [];
    this.#now = now;
    this.#take(input);
    if (this.#running) this.#settle();
    this.#tellState();
    return this.#out;
  }

  /** When `tick` must be given next; undefined when nothing is due. */
  deadline(): number | undefined {
    if (!this.#running) return undefined;
    const t = this.#timing;
    const race = this.#race;
    const carrier = this.#carrier;
    const times = [this.#retryAt];
    if (race) {
      if (race.queue.length > 0) times.push(race.openedAt + t.headStart);
      for (const one of race.tries.values()) times.push(one.openedAt + t.welcomeWithin);
    }
    if (carrier) times.push(this.#silentAt(carrier), this.#doubtAt(carrier));
    if (this.#probe) times.push(this.#probeDeadline(this.#probe));
    else if (this.#mayProbe()) times.push(this.#probeAt);
    const first = Math.min(...times);
    return first === NEVER ? undefined : first;
  }

  /** All transports, the most promising first. */
  order(now: number): Transport[] {
    const back = (transport: Transport) => (this.#memory.back[transport] ?? 0) > now;
    const works = this.#memory.works;
    const first = works !== undefined && works.until > now ? works.transport : undefined;
    const rank = (transport: Transport) => (transport === first ? 0 : back(transport) ? 2 : 1);
    return [...this.#transports].sort((a, b) => rank(a) - rank(b));
  }

  #take(input: Input): void {
    if (input.type === "start") {
      if (this.#running) return;
      this.#running = true;
      this.#downSince = this.#now;
      this.#failures = 0;
      this.#backoff.reset();
      return this.#begin("start");
    }
    if (!this.#running) return;
    switch (input.type) {
      case "stop":
        this.#closeAll("stopped");
        this.#running = false;
        return;
      case "welcome":
        return this.#welcome(input.id, input.heartbeat);
      case "heard":
        return this.#heard(input.id, input.proof === true, input.answer === true);
      case "ended":
        return this.#ended(input.id, input.end);
      case "stuck":
        return this.#doubt("stuck");
      case "network":
        return this.#network(input.online);
      case "wake":
        if (this.#retryAt < NEVER) this.#begin("again");
        else if (
          this.#carrier &&
          (input.frozen || this.#now - this.#carrier.heardAt > 1.2 * this.#carrier.heartbeat)
        ) {
          this.#begin("network");
        }
        return;
      case "rooms":
        return this.#rooms();
      case "retry":
        if (this.#retryAt < NEVER) this.#begin("again");
        return;
      case "tick":
        return;
    }
  }

  /** Does what the time asks for, until nothing is left to do now. */
  #settle(): void {
    const t = this.#timing;
    if (this.#now >= this.#retryAt) this.#begin("again");
    const silent = this.#carrier;
    if (silent && this.#now >= this.#silentAt(silent)) {
      this.#close(silent, "silent");
      this.#carrierGone(silent, false, 0);
    }
    if (this.#carrier && this.#now >= this.#doubtAt(this.#carrier)) this.#doubt("unproven");
    this.#settleProbe();

    const race = this.#race;
    if (!race) return;
    for (const one of race.tries.values()) {
      if (this.#now < one.openedAt + t.welcomeWithin) continue;
      race.tries.delete(one.id);
      this.#close(one, "late");
    }
    if (race.queue.length > 0) {
      if (race.tries.size === 0 || this.#now >= race.openedAt + t.headStart) this.#openNext(race);
    } else if (race.tries.size === 0) {
      this.#raceLost(race);
    }
  }

  #begin(why: Race["why"], queue = this.order(this.#now)): void {
    this.#retryAt = NEVER;
    if (this.#race || queue.length === 0) return;
    this.#race = {
      why,
      startedAt: this.#now,
      openedAt: this.#now,
      queue: [...queue],
      tries: new Map(),
      retryAfter: 0,
    };
    this.#openNext(this.#race);
  }

  #openNext(race: Race): void {
    const transport = race.queue.shift();
    if (transport === undefined) return;
    const why = race.tries.size > 0 ? "beside" : race.why;
    const one = this.#open(transport, why);
    race.tries.set(one.id, one);
    race.openedAt = this.#now;
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
    this.#decide("open", why, transport);
    this.#out.push({ type: "open", id: one.id, transport });
    return one;
  }

  #close(one: Try, why: string): void {
    this.#decide("close", why, one.transport);
    this.#out.push({ type: "close", id: one.id });
  }

  #welcome(id: TryId, heartbeat: number): void {
    const one = this.#find(id);
    if (!one || one.welcomeAt !== undefined) return;
    one.welcomeAt = this.#now;
    one.heardAt = this.#now;
    one.heartbeat = heartbeat;
    this.#decide("welcome", `after ${this.#now - one.openedAt} ms`, one.transport);
    const race = this.#race;
    if (!race?.tries.delete(id)) return;
    for (const other of race.tries.values()) this.#close(other, "second");
    this.#race = undefined;
    const old = this.#carrier;
    if (old) {
      this.#close(old, race.why);
      if (race.why !== "network" && race.why !== "rooms") this.#strike(old.transport);
    }
    if (this.#probe) this.#close(this.#probe, "replaced");
    this.#probe = undefined;
    this.#carry(one, old ? race.why : "first");
  }

  #carry(one: Try, why: string): void {
    this.#carrier = one;
    this.#sparedUntil = 0;
    this.#probeAt = NEVER;
    this.#probeQueue = [];
    this.#downSince = undefined;
    this.#decide("carry", why, one.transport);
    this.#out.push({ type: "carry", id: one.id, transport: one.transport });
    if (one.proven) this.#proven(one);
  }

  #heard(id: TryId, proof: boolean, answer: boolean): void {
    const one = this.#find(id);
    if (!one) return;
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
    this.#decide("proven", `after ${this.#now - one.openedAt} ms`, one.transport);
    this.#backoff.reset();
    this.#failures = 0;
    const until = this.#now + this.#timing.remember;
    const back = { ...this.#memory.back };
    for (const transport of this.#transports) {
      if ((back[transport] ?? 0) <= this.#now) delete back[transport];
    }
    this.#learn({ works: { transport: one.transport, until }, back });
    if (this.#better(one.transport).length > 0) this.#probeAt = this.#now + this.#timing.firstProbe;
  }

  #ended(id: TryId, end: End): void {
    const one = this.#find(id);
    if (!one) return;
    this.#decide(
      "ended",
      `${end.kind}: ${end.detail}, after ${this.#now - one.openedAt} ms`,
      one.transport,
    );
    if (end.kind !== "lost" && end.kind !== "busy") {
      this.#forget(one);
      this.#closeAll("final");
      this.#running = false;
      this.#out.push({ type: "final", end });
      return;
    }
    const retryAfter = end.retryAfter ?? 0;
    if (one === this.#carrier) return this.#carrierGone(one, end.kind === "busy", retryAfter);
    if (one === this.#probe) return this.#probeFailed();
    this.#race?.tries.delete(id);
    if (this.#race) this.#race.retryAfter = Math.max(this.#race.retryAfter, retryAfter);
  }

  /** The carrier ended or fell silent; it is closed already. */
  #carrierGone(one: Try, busy: boolean, retryAfter: number): void {
    this.#carrier = undefined;
    this.#probeAt = NEVER;
    this.#downSince = this.#now;
    const lived = this.#now - (one.welcomeAt ?? this.#now);
    let next: Transport[] | undefined;
    if (!busy && lived < this.#timing.shortLife) {
      const sentBack = this.#strike(one.transport);
      const first = !one.proven && this.#strikes.get(one.transport) === 1;
      const order = this.order(this.#now);
      if (sentBack) next = order;
      else if (first) next = [...order.filter((t) => t !== one.transport), one.transport];
    } else if (!busy) this.#strikes.delete(one.transport);
    const probe = this.#probe;
    this.#probe = undefined;
    this.#probeQueue = [];
    if (this.#race) {
      if (probe) this.#close(probe, "replaced");
      return;
    }
    if (probe?.welcomeAt !== undefined) return this.#carry(probe, "gone");
    if (probe) this.#close(probe, "replaced");
    if (next && next.length > 1) this.#begin("again", next);
    else this.#wait(retryAfter);
  }

  #wait(retryAfter: number): void {
    const delay = this.#backoff.next(retryAfter);
    this.#retryAt = this.#now + delay;
    this.#decide("wait", `${delay} ms`);
  }

  #raceLost(race: Race): void {
    this.#race = undefined;
    const carrier = this.#carrier;
    if (!carrier) {
      this.#failures += 1;
      return this.#wait(race.retryAfter);
    }
    if (race.why === "rooms" || (race.why === "network" && carrier.heardAt <= race.startedAt)) {
      this.#close(carrier, "nothing");
      this.#failures += 1;
      return this.#carrierGone(carrier, true, race.retryAfter);
    }
    this.#sparedUntil = this.#now + this.#timing.doubtAgain;
    this.#decide("keep", "only", carrier.transport);
  }

  #cancelRace(why: string): void {
    for (const one of this.#race?.tries.values() ?? []) this.#close(one, why);
    this.#race = undefined;
  }

  /** When a carrier is given up for silence. */
  #silentAt(one: Try): number {
    return one.heardAt + 2 * one.heartbeat;
  }

  /** When an unproven carrier gets company. */
  #doubtAt(one: Try): number {
    if (one.proven || this.#race || this.#transports.length < 2) return NEVER;
    const due = (one.welcomeAt ?? one.openedAt) + this.#timing.proofWithin;
    return Math.max(due, this.#sparedUntil);
  }

  #doubt(why: "unproven" | "stuck"): void {
    const carrier = this.#carrier;
    if (!carrier || this.#race || this.#now < this.#sparedUntil) return;
    this.#begin(
      why,
      this.order(this.#now).filter((transport) => transport !== carrier.transport),
    );
  }

  #network(online: boolean): void {
    // "For this network" is over when the device says that the network is another one.
    if (online && Object.keys(this.#memory.back).length > 0) {
      this.#strikes.clear();
      this.#learn({ ...this.#memory, back: {} });
    }
    this.#begin(this.#carrier ? "network" : "again");
    if (online && this.#probeAt < NEVER) this.#probeAt = this.#now;
  }

  /** What is open knows only the rooms of before. The carrier stays until the next one is there. */
  #rooms(): void {
    const racing = this.#race !== undefined;
    this.#cancelRace("rooms");
    if (this.#probe) {
      this.#close(this.#probe, "rooms");
      this.#probeFailed();
    }
    const first = this.#carrier?.transport;
    if (first)
      this.#begin("rooms", [first, ...this.order(this.#now).filter((other) => other !== first)]);
    else if (racing) this.#begin("again");
  }

  #strike(transport: Transport): boolean {
    const strikes = (this.#strikes.get(transport) ?? 0) + 1;
    this.#strikes.set(transport, strikes);
    if (strikes < 2) return false;
    const before = this.#memory.back[transport] ?? 0;
    const back = { ...this.#memory.back, [transport]: this.#now + this.#timing.remember };
    const works = this.#memory.works;
    const keep = works !== undefined && works.transport !== transport;
    this.#learn({ ...(keep ? { works } : {}), back });
    this.#decide("back", "young", transport);
    return before <= this.#now;
  }

  #better(transport: Transport): Transport[] {
    return this.#transports.slice(0, this.#transports.indexOf(transport));
  }

  #settleProbe(): void {
    const probe = this.#probe;
    const carrier = this.#carrier;
    if (probe) {
      const trusted = probe.proven && this.#now >= this.#trustedAt(probe);
      if (trusted && !this.#race) {
        if (carrier) this.#close(carrier, "better");
        this.#probe = undefined;
        this.#strikes.delete(probe.transport);
        const { [probe.transport]: _, ...back } = this.#memory.back;
        this.#memory = { ...this.#memory, back };
        this.#carry(probe, "better");
      } else if (!trusted && this.#now >= this.#probeDeadline(probe)) {
        this.#close(probe, "unproven");
        this.#probeFailed();
      }
      return;
    }
    if (!carrier || !this.#mayProbe() || this.#now < this.#probeAt) return;
    if (this.#probeQueue.length === 0) this.#probeQueue = this.#better(carrier.transport);
    const next = this.#probeQueue.shift();
    if (!next) this.#probeAt = NEVER;
    else this.#probe = this.#open(next, "probe");
  }

  #mayProbe(): boolean {
    return this.#carrier?.proven === true && !this.#race;
  }

  #probeFailed(): void {
    this.#probe = undefined;
    this.#probeAt = this.#probeQueue.length > 0 ? this.#now : this.#now + this.#timing.probeEvery;
  }

  /** When a proven probe may take over. */
  #trustedAt(probe: Try): number {
    const doubtful =
      this.#memory.back[probe.transport] !== undefined || this.#strikes.has(probe.transport);
    return doubtful ? (probe.welcomeAt ?? probe.openedAt) + this.#timing.probation : 0;
  }

  #probeDeadline(probe: Try): number {
    const t = this.#timing;
    if (probe.welcomeAt === undefined) return probe.openedAt + t.welcomeWithin;
    if (!probe.proven) return probe.welcomeAt + 2 * t.proofWithin;
    // While others race, a proven probe waits for the outcome; the race sets the time.
    return this.#race ? NEVER : this.#trustedAt(probe);
  }

  #find(id: TryId): Try | undefined {
    if (this.#carrier?.id === id) return this.#carrier;
    if (this.#probe?.id === id) return this.#probe;
    return this.#race?.tries.get(id);
  }

  #forget(one: Try): void {
    if (this.#carrier === one) this.#carrier = undefined;
    if (this.#probe === one) this.#probe = undefined;
    this.#race?.tries.delete(one.id);
  }

  #closeAll(why: string): void {
    this.#cancelRace(why);
    if (this.#carrier) this.#close(this.#carrier, why);
    if (this.#probe) this.#close(this.#probe, why);
    this.#carrier = undefined;
    this.#probe = undefined;
    this.#probeAt = NEVER;
    this.#retryAt = NEVER;
    this.#downSince = undefined;
  }

  #learn(memory: Memory): void {
    this.#memory = memory;
    this.#out.push({ type: "remember", memory });
  }

  #decide(what: string, why: string, transport?: Transport): void {
    const decision: Decision = { at: this.#now, what, why };
    if (transport) decision.transport = transport;
    this.#out.push({ type: "decision", decision });
  }

  #tellState(): void {
    const state: ConnectionState = { status: "idle", proven: false, failures: this.#failures };
    if (this.#carrier) {
      state.status = "live";
      state.transport = this.#carrier.transport;
      state.proven = this.#carrier.proven;
    } else if (this.#running) {
      state.status = this.#retryAt < NEVER ? "offline" : "connecting";
      if (this.#downSince !== undefined) state.downSince = this.#downSince;
      if (this.#retryAt < NEVER) state.retryAt = this.#retryAt;
    }
    const text = JSON.stringify(state);
    if (text === this.#lastState) return;
    this.#lastState = text;
    this.#out.push({ type: "state", state });
  }
}
