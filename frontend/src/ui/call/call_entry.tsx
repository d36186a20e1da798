import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Call } from "../../client/calls.ts";
import { usePage } from "../context.ts";
import { withWords } from "../i18n/more.ts";
import { CallIcon } from "../icons.tsx";
import type { RoomView } from "../room_model.ts";

/** What of calls comes with the page. The rest is loaded when somebody wants to join one. */
const loadScreen = withWords(() => import("./call_screen.tsx"));

/** The server has calls; without this tag nothing of them is shown. */
function hasCalls(): boolean {
  return document.querySelector('meta[name="caller-calls"]')?.getAttribute("content") === "on";
}

/**
 * Whether one wants to be in the room's call, and the part of the page for it once that is loaded.
 */
export function useCalls(view: RoomView, onNotice: (text: string) => void) {
  const { words } = usePage();
  const [offered] = useState(hasCalls);
  const [wanted, setWanted] = useState(false);
  const [staged, setStaged] = useState(false);
  const [module, setModule] = useState<typeof import("./call_screen.tsx")>();
  const button = useRef<HTMLButtonElement>(null);
  const ended = view.ended !== undefined;
  const askName = () => {
    onNotice(words.text("callNeedsName"));
    document.querySelector<HTMLInputElement>(".name-prompt input")?.focus();
  };

  useEffect(() => {
    if (!wanted || module !== undefined) return;
    let gone = false;
    loadScreen().then(
      (loaded) => gone || setModule(loaded),
      () => {
        if (gone) return;
        setWanted(false);
        onNotice(words.text("callLoadFailed"));
      },
    );
    return () => {
      gone = true;
    };
  }, [wanted]);
  // The session was still on its way when one clicked, and there is none.
  const isGuest = view.session === null;
  useEffect(() => {
    if (wanted && !staged && isGuest) {
      setWanted(false);
      askName();
    }
  }, [wanted, isGuest]);
  // Who is not in the room is not in its call.
  useEffect(() => {
    if (ended) setWanted(false);
  }, [ended]);
  // The keyboard goes on from where it began: the button is back now.
  const wasStaged = useRef(false);
  useLayoutEffect(() => {
    if (wasStaged.current && !staged) button.current?.focus();
    wasStaged.current = staged;
  }, [staged]);

  return {
    offered: offered && !ended,
    staged,
    setStaged,
    button,
    Screen: wanted ? module?.CallScreen : undefined,
    open() {
      if (isGuest) askName();
      else setWanted(true);
    },
    close: () => setWanted(false),
  };
}

export interface CallButtonProps {
  call: Call | undefined;
  button: RefObject<HTMLButtonElement | null>;
  onClick(): void;
}

export function CallButton({ call, button, onClick }: CallButtonProps) {
  const { words } = usePage();
  const label = words.text(call === undefined ? "callStart" : "callJoin");
  return (
    <button
      ref={button}
      type="button"
      class={`icon-button call-open ${call === undefined ? "" : "going"}`}
      data-testid="call-open"
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      <CallIcon />
    </button>
  );
}
