export interface Grid {
  columns: number;
  /** Of a tile, in pixels. */
  width: number;
  height: number;
}

/** Faces that are smaller tell nothing; the tiles scroll instead. Pixels. */
const NARROWEST = 132;

/**
 * The largest equal tiles that fit: `ratio` is a tile's width by its height, `gap` stands between
 * them.
 */
export function bestGrid(
  count: number,
  space: { width: number; height: number },
  gap: number,
  ratio: number,
): Grid {
  let best: Grid = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const across = (space.width - gap * (columns - 1)) / columns;
    const down = (space.height - gap * (rows - 1)) / rows;
    const width = Math.floor(Math.min(across, down * ratio));
    if (width > best.width) best = { columns, width, height: Math.floor(width / ratio) };
  }
  if (best.width >= NARROWEST || space.width < NARROWEST) return best;
  const columns = Math.max(1, Math.floor((space.width + gap) / (NARROWEST + gap)));
  const width = Math.floor((space.width - gap * (columns - 1)) / columns);
  return { columns, width, height: Math.floor(width / ratio) };
}
