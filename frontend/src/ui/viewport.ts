/**
 * Keeps the composer above the keyboard where that covers the page rather than shrink it (Safari):
 * the room gets the height that is to be seen. While one has zoomed in, the page keeps its height.
 */
export function followViewport(): void {
  const viewport = window.visualViewport;
  if (viewport === null || viewport === undefined) return;
  const follow = () => {
    const covered = window.innerHeight - viewport.height > 80 && viewport.scale < 1.01;
    const { style } = document.documentElement;
    if (covered) style.setProperty("--height", `${viewport.height}px`);
    else style.removeProperty("--height");
    // Safari scrolls the page to show the field, which is to be seen already.
    if (covered) window.scrollTo(0, 0);
  };
  viewport.addEventListener("resize", follow);
  follow();
}
