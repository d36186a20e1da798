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
  why: "start" | "again" | "unproven" | "stuck" | "network";
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
  #probeAt: number | undefined;
  #retryAt: number | undefined;
  #downSince: number | undefined;
  #failures = 0;
  /** Young deaths in a row. */
  readonly #strikes = new Map<Transport, number>();

  #out: Action[] = [];
  #lastState = "";

  constructor(options: ChooserOptions = {}) {
    this.#timing = { ...TIMING, ...options.timing };
    this.#transports = options.transports ?? TRANSPORTS;
    this.#memory = options.memory ?? { back: {} };
    this.#backoff = new Backoff(options.random === undefined ? {} : { random: options.random });
  }

  step(input: Input, now: number): Action[] {
    this.#out = [];
    this.#take(input, now);
    if (this.#running) this.#settle(now);
    this.#tellState();
    return this.#out;
  }

  /** When `tick` must be given next; undefined when nothing is due. */
  deadline(): number | undefined {
    if (!this.#running) return undefined;
    const t = this.#timing;
    const times: number[] = [];
    if (this.#retryAt !== undefined) times.push(this.#retryAt);
    if (this.#race !== undefined) {
      if (this.#race.queue.length > 0) times.push(this.#race.openedAt + t.headStart);
      for (const one of this.#race.tries.values()) times.push(one.openedAt + t.welcomeWithin);
    }
    if (this.#carrier !== undefined) {
      times.push(this.#carrier.heardAt + 2 * this.#carrier.heartbeat);
      const doubted = this.#doubtAt(this.#carrier);
      if (doubted !== undefined) times.push(doubted);
    }
    if (this.#probe !== undefined) times.push(this.#probeDeadline(this.#probe));
    else if (this.#probeAt !== undefined && this.#mayProbe()) times.push(this.#probeAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** All transports, the most promising first. */
  order(now: number): Transport[] {
    const back = (transport: Transport) => (this.#memory.back[transport] ?? 0) > now;
    const works = this.#memory.works;
    const first = works !== undefined && works.until > now ? works.transport : undefined;
    const rank = (transport: Transport) => (transport === first ? 0 : back(transport) ? 2 : 1);
    return [...this.#transports].sort((a, b) => rank(a) - rank(b));
  }

  #take(input: Input, now: number): void {
    if (input.type === "start") {
      if (this.#running) return;
      this.#running = true;
      this.#downSince = now;
      this.#failures = 0;
      this.#backoff.reset();
      return this.#begin("start", this.order(now), now);
    }
    if (!this.#running) return;
    switch (input.type) {
      case "stop":
        this.#closeAll("stopped", now);
        this.#running = false;
        return;
      case "welcome":
        return this.#welcome(input.id, input.heartbeat, now);
      case "heard":
        return this.#heard(input.id, input.proof === true, input.answer === true, now);
      case "ended":
        return this.#ended(input.id, input.end, now);
      case "stuck":
        return this.#doubt("stuck", now);
      case "network":
        return this.#network(input.online, now);
      case "wake":
        if (this.#retryAt !== undefined) this.#begin("again", this.order(now), now);
        else if (
          this.#carrier !== undefined &&
          (input.frozen || now - this.#carrier.heardAt > 1.2 * this.#carrier.heartbeat)
        ) {
          this.#begin("network", this.order(now), now);
        }
        return;
      case "retry":
        if (this.#retryAt !== undefined) this.#begin("again", this.order(now), now);
        return;
      case "tick":
        return;
    }
  }

  /** Does what the time asks for, until nothing is left to do now. */
  #settle(now: number): void {
    const t = this.#timing;
    if (this.#retryAt !== undefined && now >= this.#retryAt) {
      this.#begin("again", this.order(now), now);
    }
    const silent = this.#carrier;
    if (silent !== undefined && now >= silent.heardAt + 2 * silent.heartbeat) {
      this.#close(silent, "silent for two heartbeats", now);
      this.#carrierGone(silent, false, 0, now);
    }
    const doubtAt = this.#carrier && this.#doubtAt(this.#carrier);
    if (doubtAt !== undefined && now >= doubtAt) this.#doubt("unproven", now);
    this.#settleProbe(now);

    const race = this.#race;
    if (race === undefined) return;
    for (const one of race.tries.values()) {
      if (now < one.openedAt + t.welcomeWithin) continue;
      race.tries.delete(one.id);
      this.#close(one, "no welcome in time", now);
    }
    if (race.queue.length > 0) {
      if (race.tries.size === 0 || now >= race.openedAt + t.headStart) this.#openNext(race, now);
    } else if (race.tries.size === 0) {
      this.#raceLost(race, now);
    }
  }

  #begin(why: Race["why"], queue: Transport[], now: number): void {
    this.#retryAt = undefined;
    if (this.#race !== undefined || queue.length === 0) return;
    this.#race = {
      why,
      startedAt: now,
      openedAt: now,
      queue: [...queue],
      tries: new Map(),
      retryAfter: 0,
    };
    this.#openNext(this.#race, now);
  }

  #openNext(race: Race, now: number): void {
    const transport = race.queue.shift();
    if (transport === undefined) return;
    const why = race.tries.size > 0 ? "no welcome yet from the one before" : race.why;
    const one = this.#open(transport, why, now);
    race.tries.set(one.id, one);
    race.openedAt = now;
  }

  #open(transport: Transport, why: string, now: number): Try {
    const one: Try = {
      id: this.#nextId++,
      transport,
      openedAt: now,
      heardAt: now,
      heartbeat: 15_000,
      down: false,
      // The others send each post in a request of its own, whose answer is the proof.
      up: transport !== "ws",
      proven: false,
    };
    this.#decide(now, "open", why, transport);
    this.#out.push({ type: "open", id: one.id, transport });
    return one;
  }

  #close(one: Try, why: string, now: number): void {
    this.#decide(now, "close", why, one.transport);
    this.#out.push({ type: "close", id: one.id });
  }

  #welcome(id: TryId, heartbeat: number, now: number): void {
    const one = this.#find(id);
    if (one === undefined || one.welcomeAt !== undefined) return;
    one.welcomeAt = now;
    one.heardAt = now;
    one.heartbeat = heartbeat;
    this.#decide(now, "welcome", `after ${now - one.openedAt} ms`, one.transport);
    const race = this.#race;
    if (race === undefined || !race.tries.delete(id)) return;
    for (const other of race.tries.values()) this.#close(other, "another was first", now);
    this.#race = undefined;
    const old = this.#carrier;
    if (old !== undefined) {
      this.#close(old, `set aside: ${race.why}`, now);
      if (race.why !== "network") this.#strike(old.transport, now);
    }
    if (this.#probe !== undefined) this.#close(this.#probe, "a new session", now);
    this.#probe = undefined;
    this.#carry(one, old === undefined ? "first welcome" : race.why, now);
  }

  #carry(one: Try, why: string, now: number): void {
    this.#carrier = one;
    this.#sparedUntil = 0;
    this.#probeAt = undefined;
    this.#probeQueue = [];
    this.#downSince = undefined;
    this.#decide(now, "carry", why, one.transport);
    this.#out.push({ type: "carry", id: one.id, transport: one.transport });
    if (one.proven) this.#proven(one, now);
  }

  #heard(id: TryId, proof: boolean, answer: boolean, now: number): void {
    const one = this.#find(id);
    if (one === undefined) return;
    one.heardAt = now;
    one.down ||= proof && one.welcomeAt !== undefined;
    one.up ||= answer;
    const proves = one.down && one.up && !one.proven;
    if (proves) one.proven = true;
    if (one !== this.#carrier) return;
    const why = this.#race?.why;
    if (why === "network" || (why === "unproven" && proves) || (why === "stuck" && answer)) {
      this.#cancelRace("the one in use is alive", now);
    }
    if (proves) this.#proven(one, now);
  }

  #proven(one: Try, now: number): void {
    this.#decide(now, "proven", `after ${now - one.openedAt} ms`, one.transport);
    this.#backoff.reset();
    this.#failures = 0;
    const until = now + this.#timing.remember;
    const back = { ...this.#memory.back };
    for (const transport of this.#transports) {
      if ((back[transport] ?? 0) <= now) delete back[transport];
    }
    this.#learn({ works: { transport: one.transport, until }, back });
    if (this.#better(one.transport).length > 0) this.#probeAt = now + this.#timing.firstProbe;
  }

  #ended(id: TryId, end: End, now: number): void {
    const one = this.#find(id);
    if (one === undefined) return;
    this.#decide(
      now,
      "ended",
      `${end.kind}: ${end.detail}, after ${now - one.openedAt} ms`,
      one.transport,
    );
    if (end.kind !== "lost" && end.kind !== "busy") {
      this.#forget(one);
      this.#closeAll("the server has closed the door", now);
      this.#running = false;
      this.#out.push({ type: "final", end });
      return;
    }
    const retryAfter = end.retryAfter ?? 0;
    if (one === this.#carrier) return this.#carrierGone(one, end.kind === "busy", retryAfter, now);
    if (one === this.#probe) return this.#probeFailed(now);
    this.#race?.tries.delete(id);
    if (this.#race) this.#race.retryAfter = Math.max(this.#race.retryAfter, retryAfter);
  }

  /** The carrier ended or fell silent; it is closed already. */
  #carrierGone(one: Try, busy: boolean, retryAfter: number, now: number): void {
    this.#carrier = undefined;
    this.#probeAt = undefined;
    this.#downSince = now;
    const lived = now - (one.welcomeAt ?? now);
    let next: Transport[] | undefined;
    if (!busy && lived < this.#timing.shortLife) {
      const sentBack = this.#strike(one.transport, now);
      const first = !one.proven && this.#strikes.get(one.transport) === 1;
      const order = this.order(now);
      if (sentBack) next = order;
      else if (first) next = [...order.filter((t) => t !== one.transport), one.transport];
    } else if (!busy) this.#strikes.delete(one.transport);
    const probe = this.#probe;
    this.#probe = undefined;
    this.#probeQueue = [];
    if (this.#race !== undefined) {
      if (probe !== undefined) this.#close(probe, "others race already", now);
      return;
    }
    if (probe?.welcomeAt !== undefined) return this.#carry(probe, "the other one is gone", now);
    if (probe !== undefined) this.#close(probe, "a new round begins", now);
    if (next !== undefined && next.length > 1) this.#begin("again", next, now);
    else this.#wait(retryAfter, now);
  }

  #wait(retryAfter: number, now: number): void {
    const delay = this.#backoff.next(retryAfter);
    this.#retryAt = now + delay;
    this.#decide(now, "wait", `${delay} ms`);
  }

  #raceLost(race: Race, now: number): void {
    this.#race = undefined;
    const carrier = this.#carrier;
    if (carrier === undefined) {
      this.#failures += 1;
      return this.#wait(race.retryAfter, now);
    }
    if (race.why === "network" && carrier.heardAt <= race.startedAt) {
      this.#close(carrier, "nothing gets through", now);
      this.#failures += 1;
      return this.#carrierGone(carrier, true, race.retryAfter, now);
    }
    this.#sparedUntil = now + this.#timing.doubtAgain;
    this.#decide(now, "keep", "no other got through", carrier.transport);
  }

  #cancelRace(why: string, now: number): void {
    for (const one of this.#race?.tries.values() ?? []) this.#close(one, why, now);
    this.#race = undefined;
  }

  /** When an unproven carrier gets company. */
  #doubtAt(one: Try): number | undefined {
    if (one.proven || this.#race !== undefined || this.#transports.length < 2) return undefined;
    const due = (one.welcomeAt ?? one.openedAt) + this.#timing.proofWithin;
    return Math.max(due, this.#sparedUntil);
  }

  #doubt(why: "unproven" | "stuck", now: number): void {
    const carrier = this.#carrier;
    if (carrier === undefined || this.#race !== undefined || now < this.#sparedUntil) return;
    this.#begin(
      why,
      this.order(now).filter((transport) => transport !== carrier.transport),
      now,
    );
  }

  #network(online: boolean, now: number): void {
    // "For this network" is over when the device says that the network is another one.
    if (online && Object.keys(this.#memory.back).length > 0) {
      this.#strikes.clear();
      this.#learn({ ...this.#memory, back: {} });
    }
    if (this.#carrier === undefined) this.#begin("again", this.order(now), now);
    else this.#begin("network", this.order(now), now);
    if (online && this.#probeAt !== undefined) this.#probeAt = now;
  }

  #strike(transport: Transport, now: number): boolean {
    const strikes = (this.#strikes.get(transport) ?? 0) + 1;
    this.#strikes.set(transport, strikes);
    if (strikes < 2) return false;
    const before = this.#memory.back[transport] ?? 0;
    const back = { ...this.#memory.back, [transport]: now + this.#timing.remember };
    const works = this.#memory.works;
    const keep = works !== undefined && works.transport !== transport;
    this.#learn({ ...(keep ? { works } : {}), back });
    this.#decide(now, "back", "died young twice in a row", transport);
    return before <= now;
  }

  #better(transport: Transport): Transport[] {
    return this.#transports.slice(0, this.#transports.indexOf(transport));
  }

  #settleProbe(now: number): void {
    const probe = this.#probe;
    const carrier = this.#carrier;
    if (probe !== undefined) {
      const trusted = probe.proven && now >= this.#trustedAt(probe);
      if (trusted && this.#race === undefined) {
        if (carrier !== undefined) this.#close(carrier, "a better one is proven", now);
        this.#probe = undefined;
        this.#strikes.delete(probe.transport);
        const { [probe.transport]: _, ...back } = this.#memory.back;
        this.#memory = { ...this.#memory, back };
        this.#carry(probe, "proven, and better", now);
      } else if (!trusted && now >= this.#probeDeadline(probe)) {
        this.#close(probe, "not proven in time", now);
        this.#probeFailed(now);
      }
      return;
    }
    if (carrier === undefined || !this.#mayProbe()) return;
    if (this.#probeAt === undefined || now < this.#probeAt) return;
    if (this.#probeQueue.length === 0) this.#probeQueue = this.#better(carrier.transport);
    const next = this.#probeQueue.shift();
    if (next === undefined) this.#probeAt = undefined;
    else this.#probe = this.#open(next, "looking for better", now);
  }

  #mayProbe(): boolean {
    return this.#carrier?.proven === true && this.#race === undefined;
  }

  #probeFailed(now: number): void {
    this.#probe = undefined;
    this.#probeAt = this.#probeQueue.length > 0 ? now : now + this.#timing.probeEvery;
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
    return this.#race === undefined ? this.#trustedAt(probe) : Number.POSITIVE_INFINITY;
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

  #closeAll(why: string, now: number): void {
    this.#cancelRace(why, now);
    if (this.#carrier !== undefined) this.#close(this.#carrier, why, now);
    if (this.#probe !== undefined) this.#close(this.#probe, why, now);
    this.#carrier = undefined;
    this.#probe = undefined;
    this.#probeAt = undefined;
    this.#retryAt = undefined;
    this.#downSince = undefined;
  }

  #learn(memory: Memory): void {
    this.#memory = memory;
    this.#out.push({ type: "remember", memory });
  }

  #decide(at: number, what: string, why: string, transport?: Transport): void {
    const decision: Decision = { at, what, why, ...(transport === undefined ? {} : { transport }) };
    this.#out.push({ type: "decision", decision });
  }

  #tellState(): void {
    const state: ConnectionState = { status: "idle", proven: false, failures: this.#failures };
    if (this.#carrier !== undefined) {
      state.status = "live";
      state.transport = this.#carrier.transport;
      state.proven = this.#carrier.proven;
    } else if (this.#running) {
      state.status = this.#retryAt === undefined ? "connecting" : "offline";
      if (this.#downSince !== undefined) state.downSince = this.#downSince;
      if (this.#retryAt !== undefined) state.retryAt = this.#retryAt;
    }
    const text = JSON.stringify(state);
    if (text === this.#lastState) return;
    this.#lastState = text;
    this.#out.push({ type: "state", state });
  }
}
