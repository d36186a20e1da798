import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { Dialog } from "../dialog.tsx";
import { useNews } from "./announcements.ts";
import type { Call } from "./call.ts";
import { DevicesIcon, HangUpIcon } from "./call_icons.tsx";
import { CallStatus } from "./call_status.tsx";
import { DevicePickers } from "./device_pickers.tsx";
import { canShareScreen, savedMedia, saveMedia } from "./devices.ts";
import { bestGrid, type Grid } from "./grid.ts";
import type { DeviceKind, Talker } from "./session.ts";
import { ScreenTile, Tile } from "./tile.tsx";
import { SourceButton } from "./tile_parts.tsx";
import { useDevices } from "./use_devices.ts";
import { useWakeLock } from "./wake_lock.ts";

export interface StageProps {
  call: Call;
  talkers: readonly Talker[];
  onLeave(): void;
}

/** The call one is in, or on the way to: everybody's tiles and what one can do. */
export function Stage({ call, talkers, onLeave }: StageProps) {
  const { words } = usePage();
  const { state } = call;
  const isIn = state.phase === "in";
  const stage = useRef<HTMLElement>(null);
  const news = useNews(words, state, talkers);
  const screens = talkers.filter(({ screen }) => screen !== undefined);
  useWakeLock(isIn);
  // Who has just joined goes on from here with the keyboard.
  useLayoutEffect(() => stage.current?.focus(), []);
  return (
    <section
      ref={stage}
      class={`call ${screens.length > 0 ? "with-screen" : ""}`}
      data-testid="call"
      data-phase={state.phase}
      aria-label={words.text("call")}
      tabIndex={-1}
    >
      {screens.length > 0 && (
        <ul class="call-screens">
          {screens.map(
            (talker) =>
              talker.screen !== undefined && (
                <ScreenTile key={talker.id} talker={talker} screen={talker.screen} />
              ),
          )}
        </ul>
      )}
      <Tiles talkers={talkers} strip={screens.length > 0} />
      <CallStatus call={call} alone={isIn && talkers.length === 1} />
      <Controls call={call} talkers={talkers} onLeave={onLeave} />
      <p class="sr" role="status" data-testid="call-news">
        {news}
      </p>
    </section>
  );
}

/** Pixels between tiles. */
const GAP = 8;
/** A phone's tiles are less wide, so that faces are larger. Pixels. */
const NARROW = 500;

function Tiles({ talkers, strip }: { talkers: readonly Talker[]; strip: boolean }) {
  const { words } = usePage();
  const list = useRef<HTMLUListElement>(null);
  const [space, setSpace] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = list.current;
    if (element === null || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setSpace(entry.contentRect);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const ratio = space.width < NARROW ? 4 / 3 : 16 / 9;
  const grid = strip ? undefined : bestGrid(talkers.length, space, GAP, ratio);
  return (
    <ul
      ref={list}
      class={strip ? "call-tiles strip" : "call-tiles"}
      data-testid="call-tiles"
      aria-label={words.text("callPeople")}
    >
      {talkers.map((talker) => (
        <Tile key={talker.id} talker={talker} size={sizeOf(grid)} />
      ))}
    </ul>
  );
}

function sizeOf(grid: Grid | undefined): Record<string, string> {
  if (grid === undefined || grid.width === 0) return {};
  return { width: `${grid.width}px`, height: `${grid.height}px` };
}

function Controls({ call, talkers, onLeave }: StageProps) {
  const { words } = usePage();
  const [choosing, setChoosing] = useState(false);
  const isIn = call.state.phase === "in";
  const own = talkers.find((talker) => talker.own);
  const shares = own?.screen !== undefined;
  // What one wants: a camera takes a second to start, and between connections it is what one will
  // come back with.
  const on = call.media;
  return (
    <div class="call-controls">
      {(["microphone", "camera"] as const).map((source) => (
        <SourceButton
          key={source}
          source={source}
          on={on[source]}
          onClick={() => void call.set(source, !on[source])}
        />
      ))}
      {canShareScreen() && (
        <SourceButton
          source="screen"
          on={shares}
          disabled={!isIn}
          onClick={() => void call.set("screen", !shares)}
        />
      )}
      <button
        type="button"
        class="call-button"
        data-testid="call-devices"
        aria-label={words.text("callDevices")}
        title={words.text("callDevices")}
        onClick={() => setChoosing(true)}
      >
        <DevicesIcon />
      </button>
      <button
        type="button"
        class="call-button leave"
        data-testid="call-leave"
        aria-label={words.text("callLeave")}
        title={words.text("callLeave")}
        onClick={onLeave}
      >
        <HangUpIcon />
      </button>
      {choosing && <CallDevices call={call} onClose={() => setChoosing(false)} />}
    </div>
  );
}

/** Changes devices while one talks. */
function CallDevices({ call, onClose }: { call: Call; onClose(): void }) {
  const { words } = usePage();
  const list = useDevices(call.media);
  const choose = (kind: DeviceKind, id: string) => {
    void call.use(kind, id);
    const saved = savedMedia();
    saveMedia({ ...saved, devices: { ...saved.devices, [kind]: id } });
  };
  return (
    <Dialog
      title={words.text("callDevices")}
      kind="panel"
      testId="call-devices-dialog"
      onClose={onClose}
    >
      <DevicePickers
        list={list}
        chosen={call.media.devices}
        inUse={call.devices}
        onChoose={choose}
      />
    </Dialog>
  );
}
