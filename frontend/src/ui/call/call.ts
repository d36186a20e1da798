import type { PassAnswer, PassProblem } from "./pass.ts";
import {
  type CallSession,
  ConnectError,
  type ConnectProblem,
  type DeviceKind,
  type Devices,
  type MediaProblem,
  type OwnMedia,
  type Pass,
  type SessionEnd,
  type SessionEvents,
  type SessionView,
  type Source,
} from "./session.ts";

/** Why one is not in the call that one wants to be in. */
export type Trouble = PassProblem | ConnectProblem | SessionEnd;

/**
 * Where one is:
 * - `out`: not in the call, and not on the way; `trouble` says why, unless one left
 * - `connecting`: a try is under way
 * - `in`: in the call; `mending` while the connection is broken and is being mended
 * - `waiting`: for the next try, at `retryAt`, or for the chat where that is missing
 */
export type CallState =
  | { phase: "out"; trouble?: Trouble }
  | { phase: "connecting"; trouble?: Trouble }
  | { phase: "in"; mending: boolean }
  | { phase: "waiting"; trouble: Trouble; retryAt?: number };

export interface CallOptions {
  pass(signal: AbortSignal): Promise<PassAnswer>;
  /** Connects, with nothing switched on yet. Rejects with a ConnectError. */
  open(
    pass: Pass,
    devices: Devices,
    events: SessionEvents,
    signal: AbortSignal,
  ): Promise<CallSession>;
  /** In [0, 1). Default Math.random. */
  random?: () => number;
}

/** What no other try mends: one has joined elsewhere, or there are no calls. */
const FINAL: readonly Trouble[] = ["elsewhere", "unconfigured", "room-name"];
/** What is over when the chat has come back, and not before. */
const NEEDS_CHAT: readonly Trouble[] = ["removed", "absent", "signed-out", "no-answer"];

/** The bound of the first delay, and of all. Milliseconds. */
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 15_000;
/** A connection that held so long says that the next one may too. Milliseconds. */
const HELD_LONG = 10_000;

const EMPTY: SessionView = { talkers: [], soundBlocked: false };

/**
 * One's part in a room's call: wants to be in from `join` to `leave`, and sees to it. It knows
 * neither the DOM nor LiveKit. A connection mends itself as long as it can; when it gives up, the
 * next one is made with a pass of its own.
 */
export class Call {
  readonly #o: CallOptions;
  readonly #listeners = new Set<() => void>();
  #state: CallState = { phase: "out" };
  #media: OwnMedia = { camera: false, microphone: false, devices: {} };
  #problems: Partial<Record<Source, MediaProblem>> = {};
  #session: CallSession | undefined;
  /** The try or the connection there is; what is told by one before it counts for nothing. */
  #current: AbortController | undefined;
  #chatLive = true;
  #failures = 0;
  #inSince = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: CallOptions) {
    this.#o = options;
  }

  get state(): CallState {
    return this.#state;
  }

  get view(): SessionView {
    return this.#session?.view ?? EMPTY;
  }

  /** What one wants the others to have: as it is, or as it will be in the next connection. */
  get media(): OwnMedia {
    return this.#media;
  }

  /** The devices that are used where none was chosen. */
  get devices(): Devices {
    return this.#session?.devices ?? {};
  }

  /** What can't be had, and why. */
  get problems(): Readonly<Partial<Record<Source, MediaProblem>>> {
    return this.#problems;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  join(media: OwnMedia): void {
    this.#media = media;
    this.#problems = {};
    this.#failures = 0;
    void this.#connect();
  }

  leave(): void {
    this.#drop();
    this.#to({ phase: "out" });
  }

  /** Somebody asked for the next try right away. */
  retryNow(): void {
    if (this.#state.phase === "waiting") void this.#connect();
  }

  /** The room is live, or not: who is not in the room is not let into its call. */
  chatIs(live: boolean): void {
    const back = live && !this.#chatLive;
    this.#chatLive = live;
    const state = this.#state;
    if (state.phase !== "waiting") return;
    if (back) return void this.#connect();
    if (!live && NEEDS_CHAT.includes(state.trouble)) this.#wait(state.trouble);
  }

  /** Has others hear, see or see the screen, or not any more. */
  async set(source: Source, on: boolean): Promise<void> {
    if (source !== "screen") this.#media = { ...this.#media, [source]: on };
    this.#problem(source, undefined);
    const session = this.#session;
    const problem = await session?.set(source, on);
    if (session === this.#session) this.#problem(source, problem);
  }

  async use(kind: DeviceKind, id: string): Promise<void> {
    this.#media = { ...this.#media, devices: { ...this.#media.devices, [kind]: id } };
    this.#changed();
    const problem = await this.#session?.use(kind, id);
    if (kind !== "speaker") this.#problem(kind, problem);
  }

  async startSound(): Promise<void> {
    await this.#session?.startSound();
  }

  async #connect(): Promise<void> {
    const before = this.#state;
    this.#drop();
    const current = new AbortController();
    this.#current = current;
    const { signal } = current;
    this.#to({
      phase: "connecting",
      ...("trouble" in before && before.trouble !== undefined ? { trouble: before.trouble } : {}),
    });
    const answer = await this.#o.pass(signal);
    if (signal.aborted) return;
    if ("problem" in answer) return this.#failed(answer.problem, answer.retryAfter);
    const { devices } = this.#media;
    try {
      const session = await this.#o.open(answer.pass, devices, this.#events(signal), signal);
      if (signal.aborted) return session.close();
      this.#session = session;
      this.#inSince = Date.now();
      this.#to({ phase: "in", mending: false });
      this.#begin(devices);
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(error instanceof ConnectError ? error.problem : "unreachable");
    }
  }

  /**
   * Switches on what one wants the others to have by now: one may have thought better of it on the
   * way.
   */
  #begin(opened: Devices): void {
    const { devices } = this.#media;
    for (const kind of ["camera", "microphone", "speaker"] as const) {
      const id = devices[kind];
      if (id !== undefined && id !== opened[kind]) void this.use(kind, id);
    }
    for (const source of ["microphone", "camera"] as const) {
      if (this.#media[source]) void this.set(source, true);
    }
  }

  #events(signal: AbortSignal): SessionEvents {
    const still = (then: () => void) => {
      if (!signal.aborted) then();
    };
    return {
      onChange: () => still(() => this.#changed()),
      onMending: (mending) =>
        still(() => this.#state.phase === "in" && this.#to({ phase: "in", mending })),
      onProblem: (source, problem) => still(() => this.#problem(source, problem)),
      onEnd: (end) =>
        still(() => {
          if (Date.now() - this.#inSince > HELD_LONG) this.#failures = 0;
          this.#failed(end);
        }),
    };
  }

  #failed(trouble: Trouble, retryAfter = 0): void {
    this.#drop();
    if (FINAL.includes(trouble)) return this.#to({ phase: "out", trouble });
    this.#failures++;
    this.#wait(trouble, retryAfter);
  }

  #wait(trouble: Trouble, retryAfter = 0): void {
    clearTimeout(this.#timer);
    if (!this.#chatLive && NEEDS_CHAT.includes(trouble)) {
      return this.#to({ phase: "waiting", trouble });
    }
    const bound = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.max(0, this.#failures - 1));
    // Half of it is chance: all who were in the call lost it at the same moment.
    const delay = retryAfter + bound * (0.5 + (this.#o.random ?? Math.random)() / 2);
    this.#timer = setTimeout(() => void this.#connect(), delay);
    this.#to({ phase: "waiting", trouble, retryAt: Date.now() + delay });
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#current?.abort();
    this.#current = undefined;
    this.#session?.close();
    this.#session = undefined;
  }

  #problem(source: Source, problem: MediaProblem | undefined): void {
    const { [source]: _, ...others } = this.#problems;
    this.#problems = problem === undefined ? others : { ...others, [source]: problem };
    // A camera that can't be had is not asked for again by itself, which would ask the person
    // again.
    if (problem !== undefined && source !== "screen") {
      this.#media = { ...this.#media, [source]: false };
    }
    this.#changed();
  }

  #to(state: CallState): void {
    this.#state = state;
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
