import { useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { SoundIcon } from "./call_icons.tsx";
import { canChooseSpeaker, type DeviceList } from "./devices.ts";
import type { DeviceKind, Devices } from "./session.ts";
import { playTestSound } from "./sound.ts";

export interface DevicePickersProps {
  list: DeviceList;
  chosen: Devices;
  /** What is captured now, where nothing was chosen. */
  inUse?: Devices;
  onChoose(kind: DeviceKind, id: string): void;
}

/** Which camera, microphone and speaker; each is shown when the browser tells of one. */
export function DevicePickers({ list, chosen, inUse = {}, onChoose }: DevicePickersProps) {
  const { words } = usePage();
  const kinds: DeviceKind[] = ["microphone", "camera"];
  if (canChooseSpeaker()) kinds.push("speaker");
  return (
    <div class="device-pickers">
      {kinds
        .filter((kind) => list[kind].length > 0)
        .map((kind) => {
          const shown = [chosen[kind], inUse[kind], "default"].find((id) =>
            list[kind].some((d) => d.id === id),
          );
          return (
            <label class="field" key={kind}>
              <span>{words.text(kind)}</span>
              <select
                data-testid={`call-pick-${kind}`}
                value={shown ?? ""}
                onChange={({ currentTarget: { value } }) => value !== "" && onChoose(kind, value)}
              >
                {shown === undefined && <option value="">{words.text("deviceDefault")}</option>}
                {list[kind].map(({ id, label }, n) => (
                  <option key={id} value={id}>
                    {label === "" ? `${words.text(kind)} ${n + 1}` : label}
                  </option>
                ))}
              </select>
            </label>
          );
        })}
      <TestSound speaker={chosen.speaker} />
    </div>
  );
}

function TestSound({ speaker }: { speaker: string | undefined }) {
  const { words } = usePage();
  const [plays, setPlays] = useState(false);
  return (
    <button
      type="button"
      class="button with-icon"
      data-testid="call-test-sound"
      aria-disabled={plays}
      onClick={async () => {
        if (plays) return;
        setPlays(true);
        // A browser without sound says so by silence.
        await playTestSound(speaker).catch(() => undefined);
        setPlays(false);
      }}
    >
      <SoundIcon />
      <span role="status">{words.text(plays ? "testSoundPlays" : "testSound")}</span>
    </button>
  );
}
