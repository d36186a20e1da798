/**
 * Tells how loud a microphone is, 0 to 1, about twenty times a second, until the function that it
 * returns is called.
 */
export function followLevel(stream: MediaStream, onLevel: (level: number) => void): () => void {
  const context = new AudioContext();
  const source = context.createMediaStreamSource(stream);
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  // Browsers stop one that was not made in a click, until they are asked.
  void context.resume();
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(levelOf(samples));
  }, 50);
  return () => {
    clearInterval(timer);
    source.disconnect();
    void context.close();
  };
}

/** Decibels below the loudest at which the meter shows nothing: a quiet room. */
const SILENCE = -60;

/**
 * The level of some samples as ears have it: by decibels, 0 for a quiet room, 1 for as loud as it
 * gets.
 */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / samples.length);
  return Math.min(1, Math.max(0, 1 - decibels / SILENCE));
}

const NOTES = [523.25, 659.25, 783.99]; // C, E and G: to be told from the sounds of a computer
/** Seconds. */
const NOTE_LASTS = 0.22;
/** Milliseconds. */
const PLAYS_WITHIN = 3_000;

/**
 * Plays three notes on a speaker, the browser's default unless an id is given. To be called in a
 * click.
 */
export async function playTestSound(speaker: string | undefined): Promise<void> {
  const context = new AudioContext();
  const audio = new Audio();
  try {
    const out = context.createMediaStreamDestination();
    audio.srcObject = out.stream;
    if (speaker !== undefined && "setSinkId" in audio) {
      await audio.setSinkId(speaker).catch(() => undefined); // it is gone: the default one sounds
    }
    void context.resume();
    void audio.play().catch(() => undefined); // silence says so
    const start = context.currentTime + 0.1;
    const played = NOTES.map((note, n) => sound(context, out, note, start + n * NOTE_LASTS));
    // Without a sound card time stands still in the context.
    const over = new Promise((resolve) => setTimeout(resolve, PLAYS_WITHIN));
    await Promise.race([Promise.all(played), over]);
  } finally {
    audio.srcObject = null;
    await context.close();
  }
}

function sound(context: AudioContext, out: AudioNode, note: number, at: number): Promise<void> {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.frequency.value = note;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.25, at + 0.03);
  gain.gain.linearRampToValueAtTime(0, at + NOTE_LASTS * 1.4);
  oscillator.connect(gain).connect(out);
  oscillator.start(at);
  oscillator.stop(at + NOTE_LASTS * 1.5);
  return new Promise((resolve) => oscillator.addEventListener("ended", () => resolve()));
}
