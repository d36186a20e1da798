import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** The keys of an open menu: its first item has the focus, the arrows go round, Tab leaves it. */
export function useMenuKeys(onClose: () => void): {
  box: RefObject<HTMLDivElement | null>;
  onKeyDown(event: KeyboardEvent): void;
} {
  const box = useRef<HTMLDivElement>(null);
  const items = () => [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];

  useLayoutEffect(() => items()[0]?.focus(), []);

  return {
    box,
    onKeyDown(event) {
      const all = items();
      const index = all.indexOf(document.activeElement as HTMLElement);
      const to = {
        ArrowDown: (index + 1) % all.length,
        ArrowUp: (index - 1 + all.length) % all.length,
        Home: 0,
        End: all.length - 1,
      }[event.key];
      if (event.key === "Tab") onClose();
      if (to === undefined) return;
      event.preventDefault();
      all[to]?.focus();
    },
  };
}
