/**
 * The order of a list that is sorted, or that keeps still: then what is there stays where it is, and
 * what is new comes last.
 */
export function settled(
  before: readonly string[],
  sorted: readonly string[],
  still: boolean,
): readonly string[] {
  if (!still) return sorted;
  const there = new Set(sorted);
  const known = new Set(before);
  return [...before.filter((one) => there.has(one)), ...sorted.filter((one) => !known.has(one))];
}
