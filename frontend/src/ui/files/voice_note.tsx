import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { SendIcon } from "../icons.tsx";
import { TrashIcon } from "../icons_later.tsx";
import type { RoomModel } from "../room_model.ts";
import { outgoingOf } from "./attached.tsx";
import { chosenOf } from "./chosen.ts";
import { MicIcon } from "./file_icons.tsx";
import { LONGEST_NOTE, type Recording, record, troubleText } from "./recorder.ts";
import { durationText } from "./sizes.ts";

export interface MicrophoneProps {
  model: RoomModel;
  /** One may begin: there is nothing else to send. What is being recorded goes on all the same. */
  free: boolean;
}

const canRecord = () => typeof MediaRecorder !== "undefined";

/** Records a voice note, where one could send a text. */
export function Microphone({ model, free }: MicrophoneProps) {
  const { words, baseUrl } = usePage();
  const [state, setState] = useState<"idle" | "asking" | "records">("idle");
  const [problem, setProblem] = useState<string>();
  const [now, setNow] = useState({ seconds: 0, wave: [] as readonly number[] });
  const recording = useRef<Recording | undefined>(undefined);
  const button = useRef<HTMLButtonElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const sends = useRef<HTMLButtonElement>(null);
  /** One may have left, or begun to write, before the browser was told that one may record. */
  const wanted = useRef(free);
  wanted.current = free;
  useLayoutEffect(
    () => () => {
      wanted.current = false;
      recording.current?.cancel();
    },
    [],
  );
  const begun = useRef(state);
  useLayoutEffect(() => {
    if (state === "records") sends.current?.focus();
    else if (begun.current !== "idle" && state === "idle") button.current?.focus();
    begun.current = state;
  }, [state]);
  // The bar lies over the rest of the form.
  useLayoutEffect(() => {
    if (state !== "records") return;
    const under = [...(bar.current?.parentElement?.children ?? [])].filter(
      (element): element is HTMLElement => element !== bar.current,
    );
    for (const element of under) element.inert = true;
    return () => {
      for (const element of under) element.inert = false;
    };
  }, [state]);
  if (!canRecord() || (!free && state !== "records")) return null;

  const start = async () => {
    setProblem(undefined);
    setState("asking");
    try {
      const made = await record((seconds, wave) => {
        setNow({ seconds, wave });
        if (seconds >= LONGEST_NOTE) void send();
      });
      if (!wanted.current) {
        made.cancel();
        return setState("idle");
      }
      recording.current = made;
      setState("records");
    } catch (error) {
      setProblem(words.text(troubleText(error)));
      setState("idle");
    }
  };
  const cancel = () => {
    recording.current?.cancel();
    recording.current = undefined;
    setState("idle");
  };
  const send = async () => {
    const { current } = recording;
    if (current === undefined) return;
    recording.current = undefined;
    setState("idle");
    const { blob, duration, wave } = await current.stop();
    if (blob.size === 0) return setProblem(words.text("microphoneFailed"));
    const type = blob.type.replace(/;.*/, "");
    const name = `${words.text("voiceNote")}.${type.endsWith("mp4") ? "m4a" : type.slice(6)}`;
    outgoingOf(model, baseUrl).send([{ ...chosenOf(blob, name, type), duration, wave }]);
  };
  const label = words.text("voiceRecord");
  return (
    <>
      {problem !== undefined && (
        <p class="over voice-problem" role="alert" data-testid="voice-problem">
          {problem}
        </p>
      )}
      {state !== "records" ? (
        <button
          ref={button}
          type="button"
          class="send microphone"
          data-testid="voice-record"
          aria-label={label}
          title={label}
          disabled={state === "asking"}
          onClick={start}
        >
          <MicIcon />
        </button>
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: it is no group of fields
        <div
          ref={bar}
          class="voice-bar"
          role="group"
          aria-label={words.text("voiceRecording")}
          data-testid="voice-bar"
          onKeyDown={(event) => event.key === "Escape" && cancel()}
        >
          <button
            type="button"
            class="file-button"
            data-testid="voice-cancel"
            aria-label={words.text("voiceDiscard")}
            title={words.text("voiceDiscard")}
            onClick={cancel}
          >
            <TrashIcon />
          </button>
          <span class="voice-dot" aria-hidden="true" />
          <span class="voice-time" role="timer">
            {durationText(now.seconds)}
          </span>
          <span class="sr" role="status">
            {words.text("voiceRecording")}
          </span>
          <div class="live-wave" aria-hidden="true">
            {now.wave.slice(-60).map((loud, i) => (
              <span key={i} style={{ height: `${10 + loud * 2.9}%` }} />
            ))}
          </div>
          <button
            ref={sends}
            type="button"
            class="send"
            data-testid="voice-send"
            aria-label={words.text("voiceSend")}
            title={words.text("voiceSend")}
            onClick={send}
          >
            <SendIcon />
          </button>
        </div>
      )}
    </>
  );
}
