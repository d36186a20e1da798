/**
 * What the page needs of a call's connection: livekit.ts gives it for a LiveKit server, tests give
 * a fake. Nothing here knows LiveKit, which is a large module of its own that is loaded when a call
 * is joined.
 */

/**
 * What the server gives to somebody who may join: good for a single connection, for two minutes.
 */
export interface Pass {
  url: string;
  token: string;
}

export type Source = "camera" | "microphone" | "screen";

/** Why a camera, microphone or screen can't be had. */
export type MediaProblem = "refused" | "missing" | "busy" | "insecure" | "failed";

/**
 * Ids of devices, as the browser names them for this origin; the browser's default where there is
 * none.
 */
export interface Devices {
  camera?: string;
  microphone?: string;
  speaker?: string;
}
export type DeviceKind = keyof Devices;

/** What one lets the others have, and which devices are used. */
export interface OwnMedia {
  camera: boolean;
  microphone: boolean;
  devices: Devices;
}

/** Something to be looked at. */
export interface Picture {
  id: string;
  /** Shows it in the element, until the function that it returns is called. */
  attach(video: HTMLVideoElement): () => void;
}

/** Somebody in the call. */
export interface Talker {
  /** The member's id in the room. */
  id: string;
  name: string;
  own: boolean;
  speaking: boolean;
  /** Others hear this one. */
  audible: boolean;
  camera?: Picture;
  screen?: Picture;
  /** The connection is bad, or broken: told only when it is worth a word. */
  connection?: "poor" | "lost";
}

/** A call as it is at one moment. */
export interface SessionView {
  /** Oneself first, then the others in the order in which they came. */
  talkers: readonly Talker[];
  /** The browser keeps the sound back until somebody clicks. */
  soundBlocked: boolean;
}

/**
 * Why a connection to a call is over for good:
 * - `elsewhere`: one has joined from another tab or device
 * - `removed`: the server says that one is no longer in the room, or that the room has closed
 * - `lost`: everything else
 */
export type SessionEnd = "elsewhere" | "removed" | "lost";

/** What a connection tells. After `onEnd` it tells nothing more. */
export interface SessionEvents {
  /** The view is another one. */
  onChange(): void;
  /** It is being mended, or is again as it should be. */
  onMending(mending: boolean): void;
  /** A device that was asked for can't be had, or was taken away. */
  onProblem(source: Source, problem: MediaProblem): void;
  onEnd(end: SessionEnd): void;
}

/** A connection to a call. */
export interface CallSession {
  readonly view: SessionView;
  /** What is used, as far as that is known. */
  readonly devices: Devices;
  /** Resolves with the problem, if there is one. */
  set(source: Source, on: boolean): Promise<MediaProblem | undefined>;
  /** Uses another device from now on. */
  use(kind: DeviceKind, id: string): Promise<MediaProblem | undefined>;
  /** To be called in a click. */
  startSound(): Promise<void>;
  /** Leaves; nothing is captured any more. */
  close(): void;
}

/** Why a call could not be joined at this try. */
export type ConnectProblem = "unreachable" | "blocked" | "denied" | "unloaded";

export class ConnectError extends Error {
  readonly problem: ConnectProblem;

  constructor(problem: ConnectProblem, cause?: unknown) {
    super(problem, { cause });
    this.problem = problem;
  }
}

/**
 * Reads why the browser gave no device: the names are those of the media capture specification and
 * of older browsers.
 */
export function mediaProblemOf(error: unknown): MediaProblem {
  switch (error instanceof Error ? error.name : "") {
    case "NotAllowedError":
    case "PermissionDeniedError":
    case "SecurityError":
      return "refused";
    case "NotFoundError":
    case "DevicesNotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "TrackStartError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}
