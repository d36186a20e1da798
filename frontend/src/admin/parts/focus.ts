import { useLayoutEffect } from "preact/hooks";

/** Where the focus goes when what had it is gone: to what the place begins with. */
export function focusHeading(): void {
  document.querySelector<HTMLElement>("main h1")?.focus();
}

/**
 * Keeps the focus when the row goes that has it, as that of somebody who was banned: the same button
 * of the row that is in its place gets it, and the heading when there is no row any more.
 */
export function useFocusInRows(box: { readonly current: HTMLElement | null }): void {
  const at = focusedRow(box.current); // while the rows are still as they were
  useLayoutEffect(() => {
    if (at === undefined || at.element.isConnected) return;
    const rows = box.current?.querySelectorAll("tbody tr") ?? [];
    const row = rows[Math.min(at.index, rows.length - 1)];
    const next =
      row?.querySelector<HTMLElement>(`[data-testid="${at.name}"]`) ??
      row?.querySelector<HTMLElement>("a, button");
    if (next === null || next === undefined) focusHeading();
    else next.focus();
  });
  useLayoutEffect(() => {
    const element = box.current;
    return () => {
      if (focusedRow(element) !== undefined) focusHeading();
    };
  }, [box]);
}

function focusedRow(box: HTMLElement | null) {
  const element = document.activeElement;
  const row = element?.closest("tbody tr");
  if (!(element instanceof HTMLElement) || row === null || row === undefined) return undefined;
  if (box?.contains(row) !== true) return undefined;
  const index = [...box.querySelectorAll("tbody tr")].indexOf(row);
  return { element, index, name: element.dataset.testid ?? "" };
}
