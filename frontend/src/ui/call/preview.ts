import type { Devices, MediaProblem } from "./session.ts";
import { mediaProblemOf } from "./session.ts";

/** What one captures before a call: for oneself alone. */
export type Captured = "camera" | "microphone";

export interface PreviewView {
  /** What is wanted, or is on. */
  on: Readonly<Record<Captured, boolean>>;
  streams: Readonly<Partial<Record<Captured, MediaStream>>>;
  problems: Readonly<Partial<Record<Captured, MediaProblem>>>;
  /** The browser has been asked and has not answered: it may be asking the person. */
  asking: boolean;
}

const BOTH: readonly Captured[] = ["camera", "microphone"];

/**
 * The camera and the microphone as one tries them before joining. It knows the browser's devices
 * and no page.
 */
export class Preview {
  readonly #listeners = new Set<() => void>();
  #on: Record<Captured, boolean>;
  #devices: Devices;
  #streams: Partial<Record<Captured, MediaStream>> = {};
  #problems: Partial<Record<Captured, MediaProblem>> = {};
  #asking = 0;
  /** Counts what was asked for each, so that late answers are let go. */
  readonly #asked: Record<Captured, number> = { camera: 0, microphone: 0 };

  constructor(on: Record<Captured, boolean>, devices: Devices) {
    this.#on = { camera: on.camera, microphone: on.microphone };
    this.#devices = { ...devices };
  }

  get view(): PreviewView {
    return {
      on: this.#on,
      streams: this.#streams,
      problems: this.#problems,
      asking: this.#asking > 0,
    };
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Captures what is on: together, so that the browser asks once. */
  async start(): Promise<void> {
    await this.#capture(BOTH.filter((kind) => this.#on[kind]));
  }

  async set(kind: Captured, on: boolean): Promise<void> {
    this.#on = { ...this.#on, [kind]: on };
    this.#release(kind);
    this.#problems = { ...this.#problems, [kind]: undefined };
    if (on) await this.#capture([kind]);
    else this.#changed();
  }

  async use(kind: Captured, id: string): Promise<void> {
    this.#devices = { ...this.#devices, [kind]: id };
    if (this.#on[kind]) await this.set(kind, true);
  }

  /** Lets go of everything: the camera's light goes out. */
  stop(): void {
    this.#listeners.clear();
    for (const kind of BOTH) this.#release(kind);
  }

  async #capture(kinds: readonly Captured[]): Promise<void> {
    if (kinds.length === 0) return this.#changed();
    const media = navigator.mediaDevices;
    if (media === undefined) return this.#refuse(kinds, "insecure");
    const ask = kinds.map((kind) => ({ kind, n: ++this.#asked[kind] }));
    this.#asking++;
    this.#changed();
    try {
      const stream = await media.getUserMedia(this.#constraints(kinds));
      for (const { kind, n } of ask) this.#take(kind, n, stream);
    } catch (error) {
      if (kinds.length > 1) return await this.#apart(ask, error);
      const still = ask.filter(({ kind, n }) => this.#asked[kind] === n).map(({ kind }) => kind);
      if (this.#forget(still, error)) await this.#capture(still);
      else this.#refuse(still, mediaProblemOf(error));
    } finally {
      this.#asking--;
      this.#changed();
    }
  }

  /**
   * The devices that were chosen may be gone: then any other is better than none. False when none
   * was chosen.
   */
  #forget(kinds: readonly Captured[], error: unknown): boolean {
    const chosen = kinds.filter((kind) => this.#devices[kind] !== undefined);
    if (mediaProblemOf(error) !== "missing" || chosen.length === 0) return false;
    for (const kind of chosen) delete this.#devices[kind];
    return true;
  }

  /**
   * Together they could not be had: finds out which one, without asking the person for what has
   * just been refused.
   */
  async #apart(ask: readonly { kind: Captured; n: number }[], error: unknown): Promise<void> {
    const refused = mediaProblemOf(error) === "refused";
    for (const { kind, n } of ask) {
      const may = !refused || (await isGranted(kind));
      if (this.#asked[kind] !== n) continue; // meanwhile it was asked for anew, switched off, or all is over
      if (may) await this.#capture([kind]);
      else this.#refuse([kind], "refused");
    }
  }

  #take(kind: Captured, n: number, stream: MediaStream): void {
    const tracks = kind === "camera" ? stream.getVideoTracks() : stream.getAudioTracks();
    if (this.#asked[kind] !== n) {
      for (const track of tracks) track.stop();
      return;
    }
    this.#streams = { ...this.#streams, [kind]: new MediaStream(tracks) };
    for (const track of tracks) {
      // It was pulled out, or taken away in the browser's own settings.
      track.addEventListener("ended", () => {
        if (this.#asked[kind] === n) this.#refuse([kind], "missing");
      });
    }
  }

  #refuse(kinds: readonly Captured[], problem: MediaProblem): void {
    for (const kind of kinds) {
      this.#release(kind);
      this.#on = { ...this.#on, [kind]: false };
      this.#problems = { ...this.#problems, [kind]: problem };
    }
    this.#changed();
  }

  #release(kind: Captured): void {
    this.#asked[kind]++;
    for (const track of this.#streams[kind]?.getTracks() ?? []) track.stop();
    const { [kind]: _, ...others } = this.#streams;
    this.#streams = others;
  }

  #constraints(kinds: readonly Captured[]): MediaStreamConstraints {
    const { camera, microphone } = this.#devices;
    return {
      ...(kinds.includes("camera")
        ? { video: { ...exactly(camera), width: { ideal: 1280 }, height: { ideal: 720 } } }
        : {}),
      ...(kinds.includes("microphone") ? { audio: exactly(microphone) } : {}),
    };
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/**
 * An ideal device would be one wish among others: another one with a better picture would be given.
 */
function exactly(id: string | undefined): MediaTrackConstraints {
  return id === undefined ? {} : { deviceId: { exact: id } };
}

async function isGranted(kind: Captured): Promise<boolean> {
  try {
    const { state } = await navigator.permissions.query({ name: kind as PermissionName });
    return state === "granted";
  } catch {
    return false; // not every browser knows these names
  }
}
