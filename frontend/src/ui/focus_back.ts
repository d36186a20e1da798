import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** When the component goes with the focus in its box, what had the focus before gets it back. */
export function useFocusBack(box: RefObject<HTMLElement | null>): void {
  // Before anything in the box takes it.
  const [before] = useState(() => document.activeElement);
  useLayoutEffect(
    () => () => {
      if (!box.current?.contains(document.activeElement)) return;
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    },
    [],
  );
}
