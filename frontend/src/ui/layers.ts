import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * What lies over the page, the last on top. Each has an entry of the browser's history, so that Back
 * closes it and leaves the page where it is.
 */
const layers: (() => void)[] = [];

/** A step back of our own is on its way, over the entry of a layer that was closed. */
let stepping = false;
/** Where one went while it was: the step takes that address away, too. */
let wentTo: string | undefined;

function depthOf(state: unknown): number {
  const depth = (state as { layers?: unknown } | null)?.layers;
  return typeof depth === "number" ? depth : 0;
}

/** Opens a layer. Returns what takes it off, when it was closed otherwise than by Back. */
export function openLayer(close: () => void): () => void {
  layers.push(close);
  // The entry of one that was closed just now is still there for this one.
  if (depthOf(history.state) < layers.length) {
    history.pushState({ layers: layers.length }, "", location.href);
  }
  return () => {
    const at = layers.lastIndexOf(close);
    if (at < 0) return;
    layers.splice(at, 1);
    setTimeout(() => {
      if (depthOf(history.state) <= layers.length) return;
      stepping = true;
      history.back();
    });
  };
}

/** Closes what Back has gone past. */
export function closeLayers(): void {
  if (stepping) {
    stepping = false;
    // What came while our own step was on its way has its entry now.
    if (wentTo !== undefined) history.pushState(null, "", wentTo);
    wentTo = undefined;
    if (depthOf(history.state) < layers.length) {
      history.pushState({ layers: layers.length }, "", location.href);
    }
  }
  const above = layers.splice(depthOf(history.state));
  for (const close of above.reverse()) close();
}

/**
 * Goes to another address of the page. A layer that was open for it is closed by that: its entry
 * becomes the new one's.
 */
export function goToAddress(to: string): void {
  const above = layers.splice(0);
  if (depthOf(history.state) > 0) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  if (stepping) wentTo = to;
  for (const close of above.reverse()) close();
}

/** The component is a layer while it is there. */
export function useLayer(close: () => void): void {
  const last = useRef(close);
  last.current = close;
  useLayoutEffect(() => openLayer(() => last.current()), []);
}
