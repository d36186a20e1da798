import type { PassAnswer } from "../../../src/ui/call/pass.ts";
import type {
  CallSession,
  DeviceKind,
  Devices,
  MediaProblem,
  Pass,
  SessionEvents,
  SessionView,
  Source,
} from "../../../src/ui/call/session.ts";

/** A connection to a call that a test holds in its hands. */
export class FakeSession implements CallSession {
  view: SessionView = { talkers: [], soundBlocked: false };
  /** Those that it was opened with. */
  readonly devices: Devices;
  readonly pass: Pass;
  readonly events: SessionEvents;
  closed = false;
  readonly used: string[] = [];
  readonly switched: string[] = [];
  /** What the next switch fails with. */
  problem: MediaProblem | undefined;

  constructor(pass: Pass, devices: Devices, events: SessionEvents) {
    this.pass = pass;
    this.devices = devices;
    this.events = events;
  }

  async set(source: Source, on: boolean): Promise<MediaProblem | undefined> {
    this.switched.push(`${source} ${on ? "on" : "off"}`);
    return this.problem;
  }

  async use(kind: DeviceKind, id: string): Promise<MediaProblem | undefined> {
    this.used.push(`${kind} ${id}`);
    return this.problem;
  }

  async startSound(): Promise<void> {}

  close(): void {
    this.closed = true;
  }
}

/** Caller and LiveKit as a call sees them: answers are what a test sets. */
export class FakeCalls {
  /** What is answered; a number of a pass is in its token. */
  problem: PassAnswer | undefined;
  /** What opening fails with. */
  failure: Error | undefined;
  /** Opening does not end until it is aborted. */
  hanging = false;
  passes = 0;
  readonly sessions: FakeSession[] = [];

  pass = async (): Promise<PassAnswer> => {
    this.passes++;
    return this.problem ?? { pass: { url: "wss://media.example", token: `token ${this.passes}` } };
  };

  open = async (
    pass: Pass,
    devices: Devices,
    events: SessionEvents,
    signal: AbortSignal,
  ): Promise<CallSession> => {
    if (this.hanging) {
      await new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(new Error("aborted"))),
      );
    }
    if (this.failure !== undefined) throw this.failure;
    const session = new FakeSession(pass, devices, events);
    this.sessions.push(session);
    return session;
  };

  get last(): FakeSession {
    const last = this.sessions.at(-1);
    if (last === undefined) throw new Error("no connection was made");
    return last;
  }
}
