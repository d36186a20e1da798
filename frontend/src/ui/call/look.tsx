import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Person } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { Dialog } from "../dialog.tsx";
import { mediaTexts } from "./call_texts.ts";
import { DevicePickers } from "./device_pickers.tsx";
import { saveMedia } from "./devices.ts";
import { Preview } from "./preview.ts";
import type { DeviceKind, Devices, OwnMedia } from "./session.ts";
import { followLevel } from "./sound.ts";
import { BigAvatar, SourceButton } from "./tile_parts.tsx";
import { useChanges } from "./use_changes.ts";
import { useDevices } from "./use_devices.ts";

export interface LookProps {
  title: string;
  self: Person;
  /** What was chosen the last time. */
  media: OwnMedia;
  onChange(media: OwnMedia): void;
  onJoin(media: OwnMedia): void;
  onClose(): void;
}

/** A look at oneself before the others get one: what is on, which devices, and do they work. */
export function Look({ title, self, media, onChange, onJoin, onClose }: LookProps) {
  const { words } = usePage();
  const preview = useMemo(() => new Preview(media, media.devices), []);
  useEffect(() => {
    void preview.start();
    return () => preview.stop();
  }, [preview]);
  useChanges(preview);
  const { on, streams, problems, asking } = preview.view;
  const asked = useLasting(asking);
  const list = useDevices(`${streams.camera?.id} ${streams.microphone?.id}`);

  const choose = (kind: DeviceKind, id: string) => {
    onChange({ ...media, devices: { ...media.devices, [kind]: id } });
    if (kind !== "speaker") void preview.use(kind, id);
  };
  const join = () => {
    // What was refused or is missing today is still what one wants the next time.
    const wanted = (kind: "camera" | "microphone") => on[kind] || problems[kind] !== undefined;
    saveMedia({ ...media, camera: wanted("camera"), microphone: wanted("microphone") });
    preview.stop();
    onJoin({ ...media, camera: on.camera, microphone: on.microphone });
  };
  return (
    <Dialog title={title} kind="panel" testId="call-look" onClose={onClose}>
      <form
        class="look"
        onSubmit={(event) => {
          event.preventDefault();
          join();
        }}
      >
        <div class="look-self">
          <div class="tile look-tile">
            {streams.camera === undefined ? (
              <>
                <BigAvatar person={self} />
                <p class="tile-note">{words.text("cameraIsOff")}</p>
              </>
            ) : (
              <OwnPicture stream={streams.camera} />
            )}
          </div>
          <div class="look-switches">
            {(["microphone", "camera"] as const).map((source) => (
              <SourceButton
                key={source}
                source={source}
                on={on[source]}
                onClick={() => void preview.set(source, !on[source])}
              />
            ))}
            <Level stream={streams.microphone} />
          </div>
        </div>
        <div class="look-words" role="status">
          {asked && <p class="quiet">{words.text("callAsking")}</p>}
          {mediaTexts(words, problems).map((text) => (
            <p key={text} class="call-problem" data-testid="call-media-problem">
              {text}
            </p>
          ))}
          {!asking && !on.camera && !on.microphone && (
            <p class="quiet">{words.text("callOnlyListen")}</p>
          )}
        </div>
        <DevicePickers
          list={list}
          chosen={media.devices}
          inUse={{
            ...deviceOf("camera", streams.camera),
            ...deviceOf("microphone", streams.microphone),
          }}
          onChoose={choose}
        />
        <div class="buttons">
          <button type="submit" class="button primary" data-testid="call-join">
            {words.text("join")}
          </button>
          <button type="button" class="button" onClick={onClose}>
            {words.text("cancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function deviceOf(kind: "camera" | "microphone", stream: MediaStream | undefined): Devices {
  const id = stream?.getTracks()[0]?.getSettings().deviceId;
  return id === undefined ? {} : { [kind]: id };
}

/** A browser that need not ask the person has answered by then. Milliseconds. */
const ASKS_AFTER = 600;

function useLasting(now: boolean): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    setLasting(false);
    if (!now) return;
    const timer = setTimeout(() => setLasting(true), ASKS_AFTER);
    return () => clearTimeout(timer);
  }, [now]);
  return now && lasting;
}

function OwnPicture({ stream }: { stream: MediaStream }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current !== null) video.current.srcObject = stream;
  }, [stream]);
  return (
    <video
      ref={video}
      class="picture mirrored"
      data-testid="call-preview"
      autoplay
      playsinline
      muted
    />
  );
}

/**
 * How loud the microphone is: a bar for the eye, a meter for the ear. They move twenty times a
 * second, past Preact.
 */
function Level({ stream }: { stream: MediaStream | undefined }) {
  const { words } = usePage();
  const bar = useRef<HTMLSpanElement>(null);
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    const show = (level: number) => {
      bar.current?.style.setProperty("width", `${level * 100}%`);
      if (meter.current !== null) meter.current.value = level;
    };
    show(0);
    if (stream !== undefined) return followLevel(stream, show);
  }, [stream]);
  return (
    <span class="level">
      <span ref={bar} class="level-bar" />
      <meter
        ref={meter}
        class="sr"
        data-testid="call-level"
        aria-label={words.text("microphoneLevel")}
      />
    </span>
  );
}
