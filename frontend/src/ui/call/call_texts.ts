import type { Words } from "../i18n/index.ts";
import type { Trouble } from "./call.ts";
import type { MediaProblem, Source } from "./session.ts";

const TROUBLE_TEXT = {
  "signed-out": "callSignedOut",
  absent: "callAbsent",
  unconfigured: "callUnconfigured",
  "room-name": "callRoomName",
  "too-much": "problemTooMuch",
  unavailable: "problemUnavailable",
  "no-answer": "problemNoAnswer",
  unreachable: "callUnreachable",
  blocked: "callBlocked",
  denied: "callDenied",
  unloaded: "callUnloaded",
  elsewhere: "callElsewhere",
  removed: "callRemoved",
  lost: "callLost",
} as const satisfies Record<Trouble, string>;

/** Says in words why one is not in the call. */
export function troubleText(words: Words, trouble: Trouble): string {
  return words.text(TROUBLE_TEXT[trouble]);
}

const MEDIA_TEXT = {
  camera: {
    refused: "cameraRefused",
    missing: "cameraMissing",
    busy: "cameraBusy",
    insecure: "mediaInsecure",
    failed: "cameraFailed",
  },
  microphone: {
    refused: "microphoneRefused",
    missing: "microphoneMissing",
    busy: "microphoneBusy",
    insecure: "mediaInsecure",
    failed: "microphoneFailed",
  },
  screen: {
    refused: "screenRefused",
    missing: "screenFailed",
    busy: "screenFailed",
    insecure: "mediaInsecure",
    failed: "screenFailed",
  },
} as const satisfies Record<Source, Record<MediaProblem, string>>;

/** Says in words what can't be had; once where it is the same for all. */
export function mediaTexts(
  words: Words,
  problems: Readonly<Partial<Record<Source, MediaProblem>>>,
): string[] {
  const texts = (["microphone", "camera", "screen"] as const).flatMap((source) => {
    const problem = problems[source];
    return problem === undefined ? [] : [words.text(MEDIA_TEXT[source][problem])];
  });
  return [...new Set(texts)];
}
