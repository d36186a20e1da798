/** This near to the end is at the end. Pixels. */
const NEAR = 48;
/** What is left above a row that one is brought to. Pixels. */
const GAP = 16;

/**
 * Where one is in a list that scrolls. At its end one stays at the end; elsewhere the rows on screen
 * stay where they are, whatever is drawn, taken away or gets another size above and below them. The
 * browsers' own scroll anchoring is off: Safari has none, and it knows nothing of rows that are
 * drawn anew.
 */
export class Place {
  /** New rows are followed. Only who scrolls changes it. */
  following = true;
  /** The list's end is not drawn. */
  cut = false;
  readonly #box: HTMLElement;
  readonly #rows: HTMLElement;
  /** Rows on screen and how far below the top of the box they stand, the best to go by first. */
  #marks: { row: Element; top: number }[] = [];
  #scrollTop = 0;
  #size = { width: 0, height: 0, content: 0 };

  /** `rows` is what has the rows as its children, one element each. */
  constructor(box: HTMLElement, rows: HTMLElement) {
    this.#box = box;
    this.#rows = rows;
  }

  /** Notes where one scrolled to. Call it before anything is drawn, and when the box scrolls. */
  look(): void {
    const box = this.#box;
    const { width, height, content } = this.#size;
    const moved = box.scrollTop - this.#scrollTop;
    const same = box.clientWidth === width && box.clientHeight === height;
    if (same && box.scrollHeight === content) {
      if (moved !== 0) this.#note();
      return;
    }
    // It was laid out anew meanwhile: what moved then was the browser, or somebody at the same time.
    const clamped = box.scrollTop >= box.scrollHeight - box.clientHeight - 1;
    const scrolled = same && !clamped && moved !== 0;
    if (scrolled) {
      this.following = false;
      for (const mark of this.#marks) mark.top -= moved;
    }
    this.settle();
    // Other rows are on screen now.
    if (scrolled) this.#note();
  }

  /** Call it after anything was drawn or got another size. */
  settle(): void {
    const box = this.#box;
    if (this.following && !this.cut) {
      box.scrollTop = box.scrollHeight;
    } else {
      const mark = this.#marks.find(({ row }) => row.isConnected);
      if (mark !== undefined) {
        const off = topIn(box, mark.row) - mark.top;
        if (Math.abs(off) >= 1) box.scrollTop += off;
      }
      // What is gone says nothing any more; what is left keeps its place, without rounding it anew.
      if (mark !== this.#marks[0]) return this.#note(true);
    }
    this.#remember();
  }

  /**
   * Goes to a row: to the top, with what is before it in sight, to the middle, or so many pixels
   * below the top.
   */
  goTo(row: Element, where: "top" | "middle" | number): void {
    const box = this.#box;
    const space = box.clientHeight - row.getBoundingClientRect().height;
    const below = where === "top" ? GAP : where === "middle" ? Math.max(GAP, space / 2) : where;
    box.scrollTop += topIn(box, row) - below;
    this.#note();
  }

  toEnd(): void {
    this.following = true;
    this.settle();
  }

  /** Reports whether something has another size than when the place was noted. */
  get stale(): boolean {
    const { width, height, content } = this.#size;
    const { clientWidth, clientHeight, scrollHeight } = this.#box;
    return clientWidth !== width || clientHeight !== height || scrollHeight !== content;
  }

  /**
   * The indices of the first and the last row on screen, and how far below the top of the box the
   * first one stands, in pixels; none while nothing is laid out.
   */
  visible(): { first: number; last: number; top: number } | undefined {
    const { top, bottom } = this.#box.getBoundingClientRect();
    const first = this.#firstBelow(top + 1);
    const rows = this.#rows.children;
    if (bottom <= top || first >= rows.length) return undefined;
    let last = first;
    while ((rows[last + 1]?.getBoundingClientRect().bottom ?? Number.POSITIVE_INFINITY) <= bottom) {
      last++;
    }
    return { first, last, top: (rows[first] as Element).getBoundingClientRect().top - top };
  }

  /** The rows that are on screen, or no further from it than so many pixels: from one to before another. */
  near(pixels: number): { from: number; to: number } {
    const { top, bottom } = this.#box.getBoundingClientRect();
    return { from: this.#firstBelow(top - pixels), to: this.#firstBelow(bottom + pixels) + 1 };
  }

  #note(keepFollowing = false): void {
    const box = this.#box;
    const end = box.scrollHeight - box.scrollTop - box.clientHeight <= NEAR;
    if (!keepFollowing) this.following = end && !this.cut;
    const { top, bottom } = box.getBoundingClientRect();
    const rows = this.#rows.children;
    const marks: { row: Element; top: number }[] = [];
    for (let i = this.#firstBelow(top); i < rows.length; i++) {
      const row = rows[i] as Element;
      const at = row.getBoundingClientRect().top;
      if (at >= bottom) break;
      marks.push({ row, top: at - top });
    }
    // What begins on screen is what one reads; one that is cut above it may grow as it is laid out.
    this.#marks = [...marks.filter((m) => m.top >= 0), ...marks.filter((m) => m.top < 0)];
    this.#remember();
  }

  #remember(): void {
    const box = this.#box;
    this.#scrollTop = box.scrollTop;
    this.#size = {
      width: box.clientWidth,
      height: box.clientHeight,
      content: box.scrollHeight,
    };
  }

  /** The first row that reaches below a height on the page. */
  #firstBelow(y: number): number {
    const rows = this.#rows.children;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rows[middle] as Element).getBoundingClientRect().bottom > y) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function topIn(box: Element, row: Element): number {
  return row.getBoundingClientRect().top - box.getBoundingClientRect().top;
}
