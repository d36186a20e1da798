import { useRef, useState } from "preact/hooks";
import type { RoomFile } from "../../client/conversation.ts";
import { usePage } from "../context.ts";
import { PauseIcon, PlayIcon } from "./file_icons.tsx";
import { pauseOthers } from "./media.tsx";
import { durationText } from "./sizes.ts";
import { type Trouble, troubleOf } from "./url.ts";

interface VoicePlayerProps {
  file: RoomFile;
  /** Undefined until the server has it. */
  url: string | undefined;
}

/** Plays a voice note, and shows how loud it is. */
export function VoicePlayer({ file, url }: VoicePlayerProps) {
  const { words } = usePage();
  const { duration = 0, wave = [] } = file;
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [trouble, setTrouble] = useState<Trouble>();
  const label = words.text(playing ? "pause" : "play");
  const toggle = () => {
    const { current } = audio;
    if (current === null) return;
    if (!current.paused) return current.pause();
    setTrouble(undefined);
    void current.play().catch(() => undefined); // its error says why
  };
  const seek = (to: number) => {
    if (audio.current !== null) audio.current.currentTime = to;
    setAt(to);
  };
  const part = duration > 0 ? at / duration : 0;
  return (
    <div class="voice" data-testid="voice" data-playing={playing}>
      <button
        type="button"
        class="file-button"
        data-testid="voice-play"
        aria-label={`${label}: ${file.name}`}
        title={label}
        disabled={url === undefined}
        onClick={toggle}
      >
        {playing ? <PauseIcon /> : <PlayIcon />}
      </button>
      <div class="voice-track">
        <div class="wave" aria-hidden="true" data-testid="wave">
          {wave.map((loud, i) => (
            <span
              key={i}
              class={i < part * wave.length ? "heard" : ""}
              style={{ height: `${12 + Math.min(31, loud) * 2.8}%` }}
            />
          ))}
        </div>
        <input
          type="range"
          class="voice-seek"
          min={0}
          max={duration}
          step={0.1}
          value={at}
          aria-label={words.text("voicePosition")}
          aria-valuetext={durationText(at)}
          disabled={url === undefined}
          onInput={({ currentTarget }) => seek(Number(currentTarget.value))}
        />
      </div>
      <span class="voice-time">
        {trouble === undefined ? durationText(playing || at > 0 ? at : duration) : ""}
      </span>
      {trouble !== undefined && (
        <span class="problem" role="alert" data-testid="file-trouble">
          {words.text(trouble)}
        </span>
      )}
      {url !== undefined && (
        // biome-ignore lint/a11y/useMediaCaption: nobody has written any for it
        <audio
          ref={audio}
          src={url}
          preload="none"
          onPlay={({ currentTarget }) => {
            pauseOthers(currentTarget);
            setPlaying(true);
          }}
          onPause={() => setPlaying(false)}
          onEnded={() => {
            setPlaying(false);
            setAt(0);
          }}
          onTimeUpdate={({ currentTarget }) => {
            if (!currentTarget.ended) setAt(Math.min(duration, currentTarget.currentTime));
          }}
          onError={async () => setTrouble((await troubleOf(url)) ?? "fileNotPlayed")}
        />
      )}
    </div>
  );
}
