import { createBackoff } from "./backoff.ts";
import {
  type ConnectionState,
  type Decision,
  type Memory,
  TIMING,
  type Timing,
} from "./decisions.ts";
import type { End } from "./end.ts";
import type { Input, TryId } from "./input.ts";
import { type Environment, TRANSPORTS, type Transport } from "./transport.ts";

/**
 * Which transport carries the session: a state machine without I/O. It is told what happened and when, and answers
 * by what it does. NETWORKS.md has the networks it is made for; the rules are section 5 of the design:
 *
 * - A *race* opens transports one after the other, a head start apart. The first that brings `welcome` is the
 *   *carrier*; the others are closed.
 * - The carrier is *proven* by an event that was sent later (`ping`), and a WebSocket by an answer besides: something
 *   went up. Without proof in time the others race beside it; it stays until one of them is better.
 * - What dies before it is proven gives way to the others at once: it may well be that it always does.
 * - A *probe* is a race for a better transport beside a proven carrier, one after the other: the first that is proven
 *   itself takes over.
 * - A post without an answer takes the proof back.
 * - Nothing is for good: what failed goes to the back for a while, and is probed again.
 *
 * All times are milliseconds of one clock.
 */

type Doubt = "unproven" | "stuck";

interface Try {
  id: TryId;
  transport: Transport;
  openedAt: number;
  welcomeAt?: number;
  heardAt: number;
  /** The server's heartbeat. */
  beat: number;
  /** A ping has come down; something of ours went up. Both prove it. */
  down: boolean;
  up: boolean;
  proved: boolean;
  /** Why others race beside it while it is not proven. */
  doubt: Doubt;
}

interface Race {
  why: "start" | "again" | Doubt | "network" | "rooms" | "probe";
  /** What is still to be opened, and when at the latest. */
  queue: Transport[];
  nextAt: number;
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

export interface Chooser {
  step(input: Input): void;
  /** When `tick` must be given next; undefined when nothing is due. */
  deadline(): number | undefined;
}

const NEVER = Number.POSITIVE_INFINITY;

/**
 * The bound of a pause where somebody else answers, as a captive portal does: long ones would spare no server of ours, and
 * a person who has just accepted the terms waits.
 */
const PORTAL = 2_000;

/** How long a WebSocket that is asked whether it lives has for its answer before others are opened beside it. */
const ANSWER_WITHIN = 500;

export function createChooser(options: ChooserOptions): Chooser {
  const { env, transports = TRANSPORTS } = options;
  const timing = { ...TIMING, ...options.timing };
  const backoff = createBackoff(env.random);
  /** What is open: the carrier, and those that race. */
  const tries = new Map<TryId, Try>();
  let carrier: Try | undefined;
  let race: Race | undefined;
  let lastId: TryId = 0;

  let { memory = { back: {} } } = options;
  /** Young deaths in a row. */
  const strikes = new Map<Transport, number>();

  let running = false;
  /** When others are tried beside the carrier, and when the next round begins. */
  let lookAt = NEVER;
  let retryAt = NEVER;
  /** Until when the carrier may answer for itself. */
  let answerBy = NEVER;
  let retryAfter = 0;
  let foreign: boolean | undefined;
  let downSince = 0;
  let failures = 0;

  /** The time of this step, and of the next one that time itself asks for. */
  let now = 0;
  let dueAt = NEVER;
  let decided = false;
  let lastState = "";

  function step(input: Input): void {
    now = env.now();
    if (running) take(input);
    else if (input.type === "start" || input.type === "anew") start();
    do {
      decided = false;
      dueAt = NEVER;
      if (running) settle();
    } while (decided);
    tellState();
  }

  function start(queue?: Transport[]): void {
    running = true;
    downSince = now;
    failures = 0;
    backoff.reset();
    begin("start", queue);
  }

  function take(input: Input): void {
    const one = "id" in input ? tries.get(input.id) : undefined;
    switch (input.type) {
      case "stop":
        return closeAll("stopped");
      case "anew": {
        // What gets through is known, and is the first.
        const queue = order();
        closeAll("stopped");
        return start(queue);
      }
      case "welcome":
        return one && welcome(one, input.heartbeat);
      case "heard":
        return one && heard(one, input.proof, input.answer);
      case "ended":
        return one && ended(one, input.end);
      case "stuck":
        if (!carrier?.proved) return;
        carrier.doubt = "stuck";
        carrier.up = false;
        carrier.proved = false;
        lookAt = now;
        return;
      case "network":
        // "For this network" is over when the device says that the network is another one.
        if (input.online) {
          strikes.clear();
          learn({ back: {} });
          if (carrier?.proved) lookAt = now;
          return ask();
        }
        return check();
      case "wake":
        if (carrier && now - carrier.heardAt <= 1.2 * carrier.beat) {
          return input.frozen ? ask() : undefined;
        }
        return check();
      case "rooms":
        // What is open knows only the rooms of before. The carrier stays until the next one is there.
        if (!carrier && !race) return;
        cancelRace("rooms");
        return begin(carrier ? "rooms" : "again");
      case "retry":
        if (!carrier) check();
    }
  }

  /** A WebSocket may answer the link's ping first: most often nothing has happened to it. The others can't be asked. */
  function ask(): void {
    if (carrier?.transport !== "ws") return check();
    answerBy = Math.min(answerBy, now + ANSWER_WITHIN);
  }

  /** Whether anything gets through. */
  function check(): void {
    answerBy = NEVER;
    begin(carrier ? "network" : "again");
  }

  /** Whether a time has come; if not, it is one to wait for. */
  function due(at: number): boolean {
    if (now >= at) return true;
    dueAt = Math.min(dueAt, at);
    return false;
  }

  /** Does what the time asks for. */
  function settle(): void {
    if (due(retryAt)) begin("again");
    if (due(answerBy)) check();
    for (const one of tries.values()) {
      const { transport, welcomeAt } = one;
      if (!welcomeAt) {
        if (due(one.openedAt + timing.welcomeWithin)) gone(one, "late");
      } else if (one === carrier) {
        if (due(one.heardAt + 2 * one.beat)) gone(one, "silent");
      } else if (!one.proved) {
        if (due(welcomeAt + 2 * timing.proofWithin)) gone(one, "unproven");
      } else if (due(diedYoung(transport) ? welcomeAt + timing.probation : 0)) {
        strikes.delete(transport);
        const { [transport]: _, ...back } = memory.back;
        learn({ back });
        win(one, "better");
      }
    }
    if (carrier && !race && due(lookAt)) {
      const { transport, proved, doubt } = carrier;
      if (proved) begin("probe", transports.slice(0, transports.indexOf(transport)));
      else begin(doubt, others(transport));
    }
    if (race) goOn(race);
  }

  /** A probe gives way to any other race. */
  function begin(why: Race["why"], queue = order()): void {
    retryAt = NEVER;
    if (queue.length === 0) return;
    if (race?.why === "probe") cancelRace("replaced");
    if (race) return;
    race = { why, queue, nextAt: 0 };
    retryAfter = 0;
    foreign = false;
  }

  /** Opens the next one, or ends a race that is lost. */
  function goOn({ why, queue, nextAt }: Race): void {
    const beside = racing().length > 0;
    const next = queue[0];
    // Better ones are looked for one by one.
    if (next && (!beside || (why !== "probe" && due(nextAt)))) {
      race = { why, queue: queue.slice(1), nextAt: now + timing.headStart };
      open(next, beside ? "beside" : why);
    }
    if (next || beside) return;
    race = undefined;
    if (carrier && why !== "rooms" && why !== "network") {
      lookAt = now + (carrier.proved ? timing.probeEvery : timing.doubtAgain);
      return decide("keep", "only", carrier.transport);
    }
    failures += 1;
    if (carrier) gone(carrier, "nothing", true);
    else wait();
  }

  function racing(): Try[] {
    return [...tries.values()].filter((one) => one !== carrier);
  }

  /** `but` is the one that has won it. */
  function cancelRace(why: string, but?: Try): void {
    for (const one of racing()) if (one !== but) close(one, why);
    race = undefined;
  }

  function open(transport: Transport, why: string): void {
    const one: Try = {
      id: ++lastId,
      transport,
      openedAt: now,
      heardAt: now,
      beat: 15_000,
      down: false,
      // The others send each post in a request of its own, whose answer is the proof.
      up: transport !== "ws",
      proved: false,
      doubt: "unproven",
    };
    tries.set(lastId, one);
    act("open", one, why);
  }

  function close(one: Try, why: string): void {
    forget(one);
    act("close", one, why);
  }

  function forget(one: Try): void {
    tries.delete(one.id);
    if (one === carrier) carrier = undefined;
  }

  function closeAll(why: string): void {
    for (const one of tries.values()) close(one, why);
    race = undefined;
    retryAt = NEVER;
    running = false;
  }

  function welcome(one: Try, heartbeat: number): void {
    if (one.welcomeAt) return;
    one.welcomeAt = now;
    one.heardAt = now;
    one.beat = heartbeat;
    decide("welcome", age(one), one.transport);
    // A better one must be proven first.
    if (race && race.why !== "probe") win(one, race.why);
  }

  /** Takes the place of the carrier. */
  function win(one: Try, why: string): void {
    const before = carrier;
    cancelRace("second", one);
    if (before) {
      close(before, why);
      if (why === before.doubt) strike(before);
    }
    carry(one, before ? why : "first");
  }

  function carry(one: Try, why: string): void {
    carrier = one;
    lookAt = (one.welcomeAt ?? now) + timing.proofWithin;
    act("carry", one, why);
    if (one.proved) proven(one);
  }

  function heard(one: Try, proof = false, answer = false): void {
    one.heardAt = now;
    one.down ||= proof && !!one.welcomeAt;
    one.up ||= answer;
    const proves = one.down && one.up && !one.proved;
    one.proved ||= proves;
    if (one !== carrier) return;
    answerBy = NEVER;
    const why = race?.why;
    if (why === "network" || (proves && why === one.doubt)) cancelRace("alive");
    if (proves) proven(one);
  }

  function proven(one: Try): void {
    const { transport } = one;
    decide("proven", age(one), transport);
    backoff.reset();
    failures = 0;
    learn({ works: { transport, until: now + timing.remember } });
    lookAt = now + timing.firstProbe;
  }

  function ended(one: Try, end: End): void {
    const { kind, detail } = end;
    decide("ended", `${kind}: ${detail}, ${age(one)}`, one.transport);
    retryAfter = Math.max(retryAfter, end.retryAfter ?? 0);
    foreign ||= end.foreign;
    if (kind === "lost" || kind === "busy") return gone(one, "", kind === "busy");
    forget(one);
    closeAll("final");
    options.onFinal(end);
  }

  /** One has ended, or is given up for a reason: what follows from that. */
  function gone(one: Try, why: string, busy = false): void {
    const { transport, welcomeAt = 0 } = one;
    const carried = one === carrier;
    if (why) close(one, why);
    else forget(one);
    if (!carried) return;
    downSince = now;
    let atOnce = false;
    if (!busy && now - welcomeAt < timing.shortLife) atOnce = strike(one);
    else if (!busy) strikes.delete(transport);
    if (race?.why === "probe") {
      const [probe] = racing();
      race = undefined;
      if (probe?.welcomeAt) return carry(probe, "gone");
      if (probe) close(probe, "replaced");
    }
    if (race) return;
    if (atOnce && transports.length > 1) begin("again", [...others(transport), transport]);
    else wait();
  }

  function wait(): void {
    const delay = backoff.next(retryAfter, foreign ? PORTAL : undefined);
    retryAt = now + delay;
    decide("wait", `${delay} ms`);
  }

  /** It died young, or was no good. True when the others are to be tried at once. */
  function strike({ transport, proved }: Try): boolean {
    const count = (strikes.get(transport) ?? 0) + 1;
    strikes.set(transport, count);
    if (count < 2) return !proved;
    const { works, back } = memory;
    learn({
      works: works?.transport === transport ? undefined : works,
      back: { ...back, [transport]: now + timing.remember },
    });
    decide("back", "young", transport);
    return (back[transport] ?? 0) <= now;
  }

  /** Then it must live beside the carrier for a while before it is trusted. */
  function diedYoung(transport: Transport): boolean {
    return transport in memory.back || strikes.has(transport);
  }

  /** All transports, the most promising first. */
  function order(): Transport[] {
    const { works, back } = memory;
    const first = carrier?.transport ?? (works && works.until > now && works.transport);
    const rank = (transport: Transport) =>
      transport === first ? 0 : (back[transport] ?? 0) > now ? 2 : 1;
    return [...transports].sort((a, b) => rank(a) - rank(b));
  }

  function others(transport: Transport): Transport[] {
    return order().filter((other) => other !== transport);
  }

  function age(one: Try): string {
    return `after ${now - one.openedAt} ms`;
  }

  function learn(news: Partial<Memory>): void {
    memory = { ...memory, ...news };
    options.onMemory(memory);
  }

  /** Does something with one, and tells why. */
  function act(type: "open" | "close" | "carry", { id, transport }: Try, why: string): void {
    decide(type, why, transport);
    options[type](id, transport);
  }

  function decide(what: string, why: string, transport?: Transport): void {
    decided = true;
    options.onDecision({ at: now, what, why, transport });
  }

  function tellState(): void {
    const down = running && !carrier;
    const offline = retryAt < NEVER;
    const state: ConnectionState = {
      status: carrier ? "live" : !down ? "idle" : offline ? "offline" : "connecting",
      transport: carrier?.transport,
      proven: !!carrier?.proved,
      failures,
      downSince: down ? downSince : undefined,
      retryAt: offline ? retryAt : undefined,
    };
    const text = JSON.stringify(state);
    if (text === lastState) return;
    lastState = text;
    options.onState(state);
  }

  return { step, deadline: () => (dueAt < NEVER ? dueAt : undefined) };
}
