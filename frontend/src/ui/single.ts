import { useRef } from "preact/hooks";

/**
 * A handler that makes one thing of a double click: what is made may be shown once, and that of the
 * first click would be lost.
 */
export function useSingle(make: () => Promise<unknown>): (event: Event) => Promise<void> {
  const busy = useRef(false);
  return async (event) => {
    event.preventDefault();
    // The second click may come when the first is done.
    if (busy.current || (event instanceof UIEvent && event.detail > 1)) return;
    busy.current = true;
    try {
      await make();
    } finally {
      busy.current = false;
    }
  };
}
