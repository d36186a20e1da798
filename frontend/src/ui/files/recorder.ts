/** The longest voice note. Seconds. */
export const LONGEST_NOTE = 5 * 60;

/** How often the loudness is looked at. Milliseconds. */
const EVERY = 100;
/** A wave has so many loudnesses, from 0 to so much. */
const WAVE = 64;
const LOUDEST = 31;

const TYPES = [
  "audio/webm;codecs=opus",
  "audio/ogg;codecs=opus",
  "audio/mp4;codecs=opus",
  "audio/mp4",
];

export interface Note {
  blob: Blob;
  /** Seconds. */
  duration: number;
  wave: number[];
}

export interface Recording {
  stop(): Promise<Note>;
  cancel(): void;
}

/** Records the microphone. Rejects as `getUserMedia` does, and where a page has no microphone. */
export async function record(
  onTime: (seconds: number, wave: readonly number[]) => void,
): Promise<Recording> {
  // Browsers give the microphone to pages over HTTPS alone.
  if (navigator.mediaDevices === undefined) throw new DOMException("insecure", "SecurityError");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  try {
    return recordingOf(stream, onTime);
  } catch (error) {
    stopTracks(stream);
    throw error;
  }
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function recordingOf(
  stream: MediaStream,
  onTime: (seconds: number, wave: readonly number[]) => void,
): Recording {
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, {
    audioBitsPerSecond: 32_000,
    ...(mimeType !== undefined && { mimeType }),
  });
  const pieces: Blob[] = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2_048;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const loud: number[] = [];
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1_000;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    loud.push(loudnessOf(samples));
    onTime(seconds(), loud);
  }, EVERY);
  /** Seconds; undefined while it goes on. */
  let duration: number | undefined;
  const end = () => {
    if (duration !== undefined) return;
    duration = Math.min(LONGEST_NOTE, Math.max(0.1, seconds()));
    clearInterval(timer);
    stopTracks(stream);
    void context.close();
  };
  // It stops by itself where the microphone is taken away: what was said until then is there.
  const stopped = new Promise<void>((resolve) => {
    recorder.onstop = () => {
      end();
      resolve();
    };
  });
  const stop = () => {
    if (recorder.state !== "inactive") recorder.stop();
    end();
  };
  recorder.start(1_000);
  return {
    async stop() {
      stop();
      await stopped;
      const type = recorder.mimeType || (mimeType ?? "audio/webm");
      return { blob: new Blob(pieces, { type }), duration: duration ?? 0.1, wave: waveOf(loud) };
    },
    cancel: stop,
  };
}

/** How loud some samples are, from 0 to 31, by their mean square, as the ear has it: by decibels. */
export function loudnessOf(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] ?? 0) ** 2;
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) || 1e-10);
  // From a quiet room to a voice at the microphone.
  return Math.round(LOUDEST * Math.min(1, Math.max(0, (decibels + 55) / 45)));
}

/** At most 64 of many loudnesses, each the loudest of its time. */
export function waveOf(loud: readonly number[]): number[] {
  const n = Math.min(WAVE, loud.length);
  return Array.from({ length: n }, (_, i) => {
    const from = Math.floor((i * loud.length) / n);
    const to = Math.max(from + 1, Math.floor(((i + 1) * loud.length) / n));
    return Math.max(...loud.slice(from, to));
  });
}

/** The words for why there is no recording. */
export function troubleText(error: unknown) {
  switch ((error as DOMException | undefined)?.name) {
    case "NotAllowedError":
      return "microphoneRefused" as const;
    case "NotFoundError":
      return "microphoneMissing" as const;
    case "NotReadableError":
      return "microphoneBusy" as const;
    case "SecurityError":
      return "voiceInsecure" as const;
    default:
      return "microphoneFailed" as const;
  }
}
