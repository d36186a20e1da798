import type { Person } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { hueOf, initialsOf, lookOf } from "../identity.ts";
import {
  CameraIcon,
  CameraOffIcon,
  MicrophoneIcon,
  MicrophoneOffIcon,
  ScreenIcon,
  ScreenStopIcon,
} from "./call_icons.tsx";
import type { Source } from "./session.ts";

/** Who somebody is, where the picture would be. */
export function BigAvatar({ person }: { person: Person }) {
  return (
    <span class={`avatar big hue-${hueOf(lookOf(person))}`} aria-hidden="true">
      {initialsOf(person.name)}
    </span>
  );
}

const LOOKS = {
  camera: { on: CameraIcon, off: CameraOffIcon, turnOn: "cameraOn", turnOff: "cameraOff" },
  microphone: {
    on: MicrophoneIcon,
    off: MicrophoneOffIcon,
    turnOn: "microphoneOn",
    turnOff: "microphoneOff",
  },
  screen: { on: ScreenStopIcon, off: ScreenIcon, turnOn: "screenShare", turnOff: "screenStop" },
} as const;

export interface SourceButtonProps {
  source: Source;
  on: boolean;
  disabled?: boolean;
  onClick(): void;
}

/** Switches a source: it shows how it is, and says what a click does. */
export function SourceButton({ source, on, disabled, onClick }: SourceButtonProps) {
  const { words } = usePage();
  const { on: On, off: Off, turnOn, turnOff } = LOOKS[source];
  const label = words.text(on ? turnOff : turnOn);
  return (
    <button
      type="button"
      class={`call-button ${source} ${on ? "on" : "off"}`}
      data-testid={`call-${source}`}
      data-on={on}
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={onClick}
    >
      {on ? <On /> : <Off />}
    </button>
  );
}
