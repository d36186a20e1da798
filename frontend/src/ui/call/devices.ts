import { lasting } from "../storage.ts";
import type { DeviceKind, Devices, OwnMedia } from "./session.ts";

export interface Device {
  id: string;
  /** Empty until the browser lets the page know it. */
  label: string;
}
export type DeviceList = Record<DeviceKind, readonly Device[]>;

export const NO_DEVICES: DeviceList = { camera: [], microphone: [], speaker: [] };

const KIND_OF: Record<MediaDeviceKind, DeviceKind> = {
  videoinput: "camera",
  audioinput: "microphone",
  audiooutput: "speaker",
};

/**
 * The devices there are, as far as the browser says so: before it has given one, they have neither
 * ids nor names.
 */
export async function listDevices(): Promise<DeviceList> {
  const list: Record<DeviceKind, Device[]> = { camera: [], microphone: [], speaker: [] };
  try {
    for (const { kind, deviceId, label } of await navigator.mediaDevices.enumerateDevices()) {
      if (deviceId !== "") list[KIND_OF[kind]].push({ id: deviceId, label });
    }
  } catch {
    // Nothing is known then; the browser's defaults are used.
  }
  return list;
}

/** The speaker can be chosen in this browser. */
export function canChooseSpeaker(): boolean {
  return "setSinkId" in HTMLMediaElement.prototype && navigator.mediaDevices !== undefined;
}

/** The screen can be shared in this browser: phones can't. */
export function canShareScreen(): boolean {
  return navigator.mediaDevices !== undefined && "getDisplayMedia" in navigator.mediaDevices;
}

const KEY = "call";

/** What was chosen the last time; everything on at first. */
export function savedMedia(): OwnMedia {
  const saved = lasting.get(KEY);
  const { camera, microphone, devices } = (
    typeof saved === "object" && saved !== null ? saved : {}
  ) as Record<string, unknown>;
  return { camera: camera !== false, microphone: microphone !== false, devices: idsOf(devices) };
}

export function saveMedia(media: OwnMedia): void {
  lasting.set(KEY, media);
}

function idsOf(value: unknown): Devices {
  if (typeof value !== "object" || value === null) return {};
  const devices: Devices = {};
  for (const kind of ["camera", "microphone", "speaker"] as const) {
    const id = (value as Record<string, unknown>)[kind];
    if (typeof id === "string") devices[kind] = id;
  }
  return devices;
}
