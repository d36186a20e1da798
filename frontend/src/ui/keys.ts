/**
 * Reports whether a key belongs to an input method: it builds or ends a word. WebKit ends the
 * composition before the Enter that ends it; the code 229 is what is left to know it by.
 */
export function composes(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/**
 * Keeps the keys of an input method from every handler of the page, whatever field they are for. It
 * returns what takes it off again.
 */
export function keepCompositions(): () => void {
  const keep = (event: KeyboardEvent) => {
    if (composes(event)) event.stopImmediatePropagation();
  };
  window.addEventListener("keydown", keep, true);
  return () => window.removeEventListener("keydown", keep, true);
}

/** A keyboard on the screen: its Enter breaks the line, and a button sends. */
export const ON_SCREEN_KEYBOARD = "(hover: none) and (pointer: coarse)";
