import { useEffect, useMemo } from "preact/hooks";

/** A finger that rests so long means the message, not what is under it. Milliseconds. */
const HOLD = 500;
/** A finger that moves more is scrolling. Pixels. */
const SLOP = 10;

/** Handlers that tell when a finger rests on something that is no link or button. */
export function useHold(onHold: () => void) {
  const hold = useMemo(() => createHold(), []);
  hold.onHold = onHold;
  useEffect(() => hold.end, []);
  return hold.handlers;
}

function createHold() {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let from = { x: 0, y: 0 };
  let touched = false;

  const end = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  const fire = () => {
    end();
    swallowClick();
    hold.onHold();
  };
  const hold = {
    onHold: () => {},
    end,
    handlers: {
      onPointerDown(event: PointerEvent) {
        end();
        touched = event.pointerType === "touch";
        if (!touched || (event.target as Element).closest("a, button")) return;
        from = { x: event.clientX, y: event.clientY };
        timer = setTimeout(fire, HOLD);
      },
      onPointerMove({ clientX, clientY }: PointerEvent) {
        if (Math.hypot(clientX - from.x, clientY - from.y) > SLOP) end();
      },
      onPointerUp: end,
      onPointerCancel: end,
      /** Some browsers say by this that a finger rests, before the time is over. */
      onContextMenu(event: Event) {
        if (!touched || (event.target as Element).closest("a")) return;
        event.preventDefault();
        if (timer !== undefined) fire();
      },
    },
  };
  return hold;
}

/** The finger that is lifted clicks nothing: neither the message nor what was opened under it. */
function swallowClick(): void {
  const off = () => {
    window.removeEventListener("click", swallow, true);
    window.removeEventListener("pointerdown", off, true);
  };
  const swallow = (event: Event) => {
    off();
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  window.addEventListener("click", swallow, true);
  window.addEventListener("pointerdown", off, true);
}
