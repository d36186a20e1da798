/** Between two drawings of a hidden page, which has no frames. Milliseconds. */
const HIDDEN = 200;

/** Runs it once in the next frame, however often it is asked for until then. */
export function oncePerFrame(run: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    const now = () => {
      asked = false;
      run();
    };
    if (document.hidden) setTimeout(now, HIDDEN);
    else requestAnimationFrame(now);
  };
}

/**
 * Runs it after the next frame, as a task of its own: drawing rows and painting them are two then,
 * with room between them for what one types.
 */
export function afterFrame(run: () => void): void {
  if (document.hidden) setTimeout(run, 50);
  else requestAnimationFrame(() => setTimeout(run));
}
