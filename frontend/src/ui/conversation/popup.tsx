import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useFocusBack } from "../focus_back.ts";
import { useLayer } from "../layers.ts";

export interface PopupProps {
  /** What it belongs to, on the screen. */
  at: DOMRect | undefined;
  class: string;
  onClose(): void;
  children: ComponentChildren;
}

/** Between it and what it belongs to, and the edges of the page. Pixels. */
const GAP = 8;

/** Something over the page, beside what it belongs to. Back, Esc and a click elsewhere close it. */
export function Popup({ at, class: name, onClose, children }: PopupProps) {
  const box = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  const placing = useRef(() => {});
  useLayer(onClose);
  useFocusBack(box);

  useLayoutEffect(() => {
    const popup = box.current;
    if (popup === null) return;
    const place = () => {
      const { width, height } = popup.getBoundingClientRect();
      const { innerWidth, innerHeight } = window;
      const x = at ? at.right - width : (innerWidth - width) / 2;
      const under = at ? at.bottom + GAP : (innerHeight - height) / 2;
      const above = (at?.top ?? 0) - GAP - height;
      const y = under + height > innerHeight - GAP && above > GAP ? above : under;
      const clamp = (value: number, most: number) => Math.max(GAP, Math.min(value, most - GAP));
      popup.style.setProperty("left", `${clamp(x, innerWidth - width)}px`);
      popup.style.setProperty("top", `${clamp(y, innerHeight - height)}px`);
    };
    place();
    placing.current = place;
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(place);
    observer.observe(popup);
    return () => observer.disconnect();
  }, [at]);

  useLayoutEffect(() => {
    const onPointer = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) close.current();
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      event.preventDefault();
      close.current();
    };
    // A keyboard that comes up takes from the height alone, and may be for a field in here.
    const { innerWidth } = window;
    const onResize = () => {
      if (window.innerWidth !== innerWidth) close.current();
      else placing.current();
    };
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("keydown", onKey, true);
    window.addEventListener("resize", onResize);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("keydown", onKey, true);
      window.removeEventListener("resize", onResize);
    };
  }, []);

  return (
    <div ref={box} class={`popup ${name}`}>
      {children}
    </div>
  );
}
