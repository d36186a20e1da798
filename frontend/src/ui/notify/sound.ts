let audio: AudioContext | undefined;

/** Two short notes, as far from an alarm as can be: Hz, and when they begin, in seconds. */
const NOTES = [
  [660, 0],
  [880, 0.09],
] as const;
const LENGTH = 0.18;
const VOLUME = 0.08;

/** Plays the sound of a message. A browser that has not heard a click on the page yet stays silent. */
export function playSound(): void {
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") void audio.resume().catch(() => {});
    for (const [pitch, after] of NOTES) {
      const at = audio.currentTime + after;
      const note = audio.createOscillator();
      const volume = audio.createGain();
      note.frequency.value = pitch;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(VOLUME, at + 0.01);
      volume.gain.exponentialRampToValueAtTime(0.001, at + LENGTH);
      note.connect(volume).connect(audio.destination);
      note.start(at);
      note.stop(at + LENGTH);
    }
  } catch {
    // There is no sound here.
  }
}
