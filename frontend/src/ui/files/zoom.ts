import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { RoomFile } from "../../client/conversation.ts";

const MOST = 8;
/** A finger that goes so far has swiped. Pixels. */
const SWIPE = 60;

interface View {
  /** Undefined: as large as fits. */
  scale: number | undefined;
  /** Where the picture's middle is, from that of the stage. Pixels. */
  x: number;
  y: number;
}
const FIT: View = { scale: undefined, x: 0, y: 0 };

/** How a picture lies on a stage: by keys, wheel, a double click, one finger or two. */
export function useZoom(
  stage: RefObject<HTMLElement | null>,
  file: RoomFile | undefined,
  onSwipe: (by: number) => void,
) {
  const [view, setView] = useState(FIT);
  const [size, setSize] = useState({ width: innerWidth, height: innerHeight });
  const { width = 1, height = 1 } = file ?? {};
  const fits = Math.min(1, size.width / width, size.height / height);
  const scale = view.scale ?? fits;
  useEffect(() => setView(FIT), [file?.id]);
  useEffect(() => {
    const { current } = stage;
    if (current === null) return;
    const look = () => setSize({ width: current.clientWidth, height: current.clientHeight });
    look();
    const observer = new ResizeObserver(look);
    observer.observe(current);
    return () => observer.disconnect();
  }, []);

  /** Nothing of the picture is pushed out of sight. */
  const held = ({ scale: wanted, x, y }: View): View => {
    if (wanted === undefined || wanted <= fits) return FIT;
    const scale = Math.min(Math.max(MOST, fits), wanted);
    const [dx, dy] = [
      Math.max(0, (width * scale - size.width) / 2),
      Math.max(0, (height * scale - size.height) / 2),
    ];
    return { scale, x: Math.min(dx, Math.max(-dx, x)), y: Math.min(dy, Math.max(-dy, y)) };
  };
  /** Zooms, with what is at a point of the stage staying there. */
  const by = (factor: number, at = { x: 0, y: 0 }) =>
    setView(
      held({
        scale: scale * factor,
        x: at.x - (at.x - view.x) * factor,
        y: at.y - (at.y - view.y) * factor,
      }),
    );
  const now = { view, scale, by, held, onSwipe };
  const last = useRef(now);
  last.current = now;

  useEffect(() => {
    const { current } = stage;
    if (current === null) return;
    const pointers = new Map<number, { x: number; y: number }>();
    let began = { x: 0, y: 0, at: 0 };
    let pinched = false;
    const placeOf = ({ clientX, clientY }: MouseEvent) => {
      const { left, top, width, height } = current.getBoundingClientRect();
      return { x: clientX - left - width / 2, y: clientY - top - height / 2 };
    };
    const onDown = (event: PointerEvent) => {
      pointers.set(event.pointerId, placeOf(event));
      pinched = pointers.size > 1;
      began = { ...placeOf(event), at: event.timeStamp };
      if (event.isTrusted) current.setPointerCapture(event.pointerId);
    };
    const onMove = (event: PointerEvent) => {
      const before = pointers.get(event.pointerId);
      if (before === undefined) return;
      const to = placeOf(event);
      const { view, by, held } = last.current;
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      pointers.set(event.pointerId, to);
      if (other !== undefined) {
        const apart = (p: { x: number; y: number }) => Math.hypot(p.x - other.x, p.y - other.y);
        const middle = { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 };
        by(apart(to) / Math.max(1, apart(before)), middle);
      } else if (view.scale !== undefined) {
        setView(held({ ...view, x: view.x + to.x - before.x, y: view.y + to.y - before.y }));
      }
    };
    const onUp = (event: PointerEvent) => {
      if (!pointers.delete(event.pointerId)) return;
      const to = placeOf(event);
      const { view, onSwipe } = last.current;
      const dx = to.x - began.x;
      const sideways = Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(to.y - began.y);
      if (!pinched && view.scale === undefined && sideways && event.type === "pointerup") {
        onSwipe(dx < 0 ? 1 : -1);
      }
    };
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      last.current.by(Math.exp(-event.deltaY / 300), placeOf(event));
    };
    const onDouble = (event: MouseEvent) => {
      const { view, scale, by } = last.current;
      if (view.scale === undefined) by(scale < 1 ? 1 / scale : 2, placeOf(event));
      else setView(FIT);
    };
    const all = { pointerdown: onDown, pointermove: onMove, pointerup: onUp, pointercancel: onUp };
    for (const [name, on] of Object.entries(all)) {
      current.addEventListener(name, on as EventListener);
    }
    current.addEventListener("wheel", onWheel, { passive: false });
    current.addEventListener("dblclick", onDouble);
    return () => {
      for (const [name, on] of Object.entries(all)) {
        current.removeEventListener(name, on as EventListener);
      }
      current.removeEventListener("wheel", onWheel);
      current.removeEventListener("dblclick", onDouble);
    };
  }, []);

  return {
    isFit: view.scale === undefined,
    by: (factor: number) => by(factor),
    fit: () => setView(FIT),
    actual: () => setView(held({ scale: fits >= 1 ? 2 : 1, x: 0, y: 0 })),
    style: {
      width: `${width}px`,
      height: `${height}px`,
      transform: `translate(-50%, -50%) translate(${view.x}px, ${view.y}px) scale(${scale})`,
    },
  };
}
