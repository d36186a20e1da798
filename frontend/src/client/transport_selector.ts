import { createBackoff } from "./backoff.ts";
import { type ConnectionState, type Memory, TIMING } from "./decisions.ts";
import type { End } from "./end.ts";
import type { AttemptId, Input } from "./selector_input.ts";
import {
  ANSWER_WITHIN,
  type Attempt,
  age,
  type Cause,
  newAttempt,
  PORTAL,
  type Race,
  ranked,
  type TransportSelector,
  type TransportSelectorOptions,
} from "./selector_parts.ts";
import { TRANSPORTS, type Transport } from "./transport.ts";

/**
 * Which transport carries the session: a state machine without I/O. It is told what happened and
 * when, and answers by what it does. docs/networks.md has the networks it is made for. The rules:
 *
 * - A *race* opens transports one after the other, a head start apart. The first that brings
 *   `welcome` becomes the *active* one; the others are closed.
 * - The active one is *proven* by an event that was sent later (`ping`), and a WebSocket by an
 *   answer besides: something went up. Without proof in time the others race beside it. It stays
 *   until one of them is better.
 * - What dies before it is proven gives way to the others at once. Perhaps it always does.
 * - A *probe* is a race for a better transport beside a proven one, one after the other. The first
 *   that is proven itself takes over.
 * - A post without an answer takes the proof back.
 * - Nothing is for good: what failed goes to the back for a while, and is probed again.
 *
 * All times are milliseconds of one clock.
 */

const NEVER = Number.POSITIVE_INFINITY;

export function createTransportSelector(options: TransportSelectorOptions): TransportSelector {
  const { env, transports = TRANSPORTS } = options;
  const timing = { ...TIMING, ...options.timing };
  const backoff = createBackoff(env.random);
  /** What is open: the active transport, and those that race. */
  const attempts = new Map<AttemptId, Attempt>();
  let active: Attempt | undefined;
  let race: Race | undefined;
  let { memory = { back: {} } } = options;
  /** Young deaths in a row. */
  const strikes = new Map<Transport, number>();
  let lastId: AttemptId = 0;

  let running = false;
  /** When others are tried beside the active transport, and when the next round begins. */
  let probeAt = NEVER;
  let retryAt = NEVER;
  /** Until when the active transport may answer for itself. */
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
    else if (input.type === "start" || input.type === "reconnect") start();
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
    const one = "id" in input ? attempts.get(input.id) : undefined;
    switch (input.type) {
      case "stop":
        return closeAll("stopped");
      case "reconnect": {
        // What gets through is known, and is the first.
        const queue = order();
        closeAll("stopped");
        return start(queue);
      }
      case "welcome":
        return one && welcome(one, input.interval);
      case "heard":
        return one && heard(one, input.proof, input.answer);
      case "ended":
        return one && ended(one, input.end);
      case "stuck":
        if (!active?.proved) return;
        active.doubt = "stuck";
        active.up = false;
        active.proved = false;
        probeAt = now;
        return;
      case "network":
        // "For this network" is over when the device says that the network is another one.
        if (input.online) {
          strikes.clear();
          learn({ back: {} });
          if (active?.proved) probeAt = now;
          return ask();
        }
        return check();
      case "resumed":
        if (active && now - active.heardAt <= 1.2 * active.interval) {
          return input.frozen ? ask() : undefined;
        }
        return check();
      case "rooms":
        // What is open knows only the rooms of before. The active one stays until the next is there.
        if (!active && !race) return;
        cancelRace("rooms");
        return begin(active ? "rooms" : "again");
      case "retry":
        if (!active) check();
    }
  }

  /** A WebSocket may answer a ping first: most often nothing happened. The others can't be asked. */
  function ask(): void {
    if (active?.transport !== "ws") return check();
    answerBy = Math.min(answerBy, now + ANSWER_WITHIN);
  }

  /** Whether anything gets through. */
  function check(): void {
    answerBy = NEVER;
    begin(active ? "network" : "again");
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
    for (const one of attempts.values()) {
      const { transport, welcomeAt } = one;
      if (!welcomeAt) {
        if (due(one.openedAt + timing.welcomeWithin)) gone(one, "late");
      } else if (one === active) {
        if (due(one.heardAt + 2 * one.interval)) gone(one, "silent");
      } else if (!one.proved) {
        if (due(welcomeAt + 2 * timing.proofWithin)) gone(one, "unproven");
      } else if (due(diedYoung(transport) ? welcomeAt + timing.probation : 0)) {
        strikes.delete(transport);
        const { [transport]: _, ...back } = memory.back;
        learn({ back });
        win(one, "better");
      }
    }
    if (active && !race && due(probeAt)) {
      const { transport, proved, doubt } = active;
      if (proved) begin("probe", transports.slice(0, transports.indexOf(transport)));
      else begin(doubt, others(transport));
    }
    if (race) goOn(race);
  }

  /** A probe gives way to any other race. */
  function begin(cause: Cause, queue = order()): void {
    retryAt = NEVER;
    if (queue.length === 0) return;
    if (race?.cause === "probe") cancelRace("replaced");
    if (race) return;
    race = { cause, queue, nextAt: 0 };
    retryAfter = 0;
    foreign = false;
  }

  /** Opens the next one, or ends a race that is lost. */
  function goOn({ cause, queue, nextAt }: Race): void {
    const beside = racing().length > 0;
    const next = queue[0];
    // Better ones are looked for one by one.
    if (next && (!beside || (cause !== "probe" && due(nextAt)))) {
      race = { cause, queue: queue.slice(1), nextAt: now + timing.headStart };
      open(next, beside ? "beside" : cause);
    }
    if (next || beside) return;
    race = undefined;
    if (active && cause !== "rooms" && cause !== "network") {
      probeAt = now + (active.proved ? timing.probeEvery : timing.doubtAgain);
      return decide("keep", "only", active.transport);
    }
    failures += 1;
    if (active) gone(active, "nothing", true);
    else wait();
  }

  function racing(): Attempt[] {
    return [...attempts.values()].filter((one) => one !== active);
  }

  /** `but` is the one that has won it. */
  function cancelRace(why: string, but?: Attempt): void {
    for (const one of racing()) if (one !== but) close(one, why);
    race = undefined;
  }

  function open(transport: Transport, why: string): void {
    const one = newAttempt(++lastId, transport, now);
    attempts.set(lastId, one);
    act("open", one, why);
  }

  function close(one: Attempt, why: string): void {
    forget(one);
    act("close", one, why);
  }

  function forget(one: Attempt): void {
    attempts.delete(one.id);
    if (one === active) active = undefined;
  }

  function closeAll(why: string): void {
    for (const one of attempts.values()) close(one, why);
    race = undefined;
    retryAt = NEVER;
    running = false;
  }

  function welcome(one: Attempt, heartbeat: number): void {
    if (one.welcomeAt) return;
    one.welcomeAt = now;
    one.heardAt = now;
    one.interval = heartbeat;
    decide("welcome", age(one, now), one.transport);
    // A better one must be proven first.
    if (race && race.cause !== "probe") win(one, race.cause);
  }

  /** Takes the place of the active transport. */
  function win(one: Attempt, why: string): void {
    const before = active;
    cancelRace("second", one);
    if (before) {
      close(before, why);
      if (why === before.doubt) strike(before);
    }
    activate(one, before ? why : "first");
  }

  function activate(one: Attempt, why: string): void {
    active = one;
    probeAt = (one.welcomeAt ?? now) + timing.proofWithin;
    act("activate", one, why);
    if (one.proved) proven(one);
  }

  function heard(one: Attempt, proof = false, answer = false): void {
    one.heardAt = now;
    one.down ||= proof && !!one.welcomeAt;
    one.up ||= answer;
    const proves = one.down && one.up && !one.proved;
    one.proved ||= proves;
    if (one !== active) return;
    answerBy = NEVER;
    const why = race?.cause;
    if (why === "network" || (proves && why === one.doubt)) cancelRace("alive");
    if (proves) proven(one);
  }

  function proven(one: Attempt): void {
    const { transport } = one;
    decide("proven", age(one, now), transport);
    backoff.reset();
    failures = 0;
    learn({ works: { transport, until: now + timing.remember } });
    probeAt = now + timing.firstProbe;
  }

  function ended(one: Attempt, end: End): void {
    const { kind, detail } = end;
    decide("ended", `${kind}: ${detail}, ${age(one, now)}`, one.transport);
    retryAfter = Math.max(retryAfter, end.retryAfter ?? 0);
    foreign ||= end.foreign;
    if (kind === "lost" || kind === "busy") return gone(one, "", kind === "busy");
    forget(one);
    closeAll("final");
    options.onFinal(end);
  }

  /** One has ended, or is given up for a reason: what follows from that. */
  function gone(one: Attempt, why: string, busy = false): void {
    const { transport, welcomeAt = 0 } = one;
    const activated = one === active;
    if (why) close(one, why);
    else forget(one);
    if (!activated) return;
    downSince = now;
    let atOnce = false;
    if (!busy && now - welcomeAt < timing.shortLife) atOnce = strike(one);
    else if (!busy) strikes.delete(transport);
    if (race?.cause === "probe") {
      const [probe] = racing();
      race = undefined;
      if (probe?.welcomeAt) return activate(probe, "gone");
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

  /** It died young, or was no good. Reports whether the others are to be tried at once. */
  function strike({ transport, proved }: Attempt): boolean {
    const count = (strikes.get(transport) ?? 0) + 1;
    strikes.set(transport, count);
    if (count < 2) return !proved;
    const before = memory.back[transport] ?? 0;
    const { works, back } = memory;
    learn({
      works: works?.transport === transport ? undefined : works,
      back: { ...back, [transport]: now + timing.remember },
    });
    decide("back", "young", transport);
    return before <= now;
  }

  /** Then it must live beside the active one for a while before it is trusted. */
  function diedYoung(transport: Transport): boolean {
    return transport in memory.back || strikes.has(transport);
  }

  function learn(news: Partial<Memory>): void {
    memory = { ...memory, ...news };
    options.onMemory(memory);
  }

  /** All transports, the most promising first. */
  function order(): Transport[] {
    return ranked(transports, memory, active?.transport, now);
  }

  function others(transport: Transport): Transport[] {
    return order().filter((other) => other !== transport);
  }

  /** Does something with one, and tells why. */
  function act(type: "open" | "close" | "activate", { id, transport }: Attempt, why: string): void {
    decide(type, why, transport);
    options[type](id, transport);
  }

  function decide(what: string, why: string, transport?: Transport): void {
    decided = true;
    options.onDecision({ at: now, what, why, transport });
  }

  function tellState(): void {
    const down = running && !active;
    const offline = retryAt < NEVER;
    const state: ConnectionState = {
      status: active ? "live" : !down ? "idle" : offline ? "offline" : "connecting",
      transport: active?.transport,
      proven: !!active?.proved,
      failures,
      downSince: down ? downSince : undefined,
      retryAt: offline ? retryAt : undefined,
    };
    const text = JSON.stringify(state);
    if (text === lastState) return;
    lastState = text;
    options.onState(state);
  }

  return { step, deadline: () => dueAt };
}
