/**
 * Whom each `@Name` of a message means. The ids stand in the order of the names, but not all names
 * need be known here, and one id may be meant twice: a known name goes to the first id that has or
 * had it, whatever is left goes to the ids that are left, in order.
 */
export function assign(
  found: readonly string[],
  ids: readonly string[],
  namesOf: (id: string) => readonly string[],
): (string | undefined)[] {
  const left = new Set(ids);
  const meant = found.map((name) => {
    const having = ids.filter((id) => namesOf(id).includes(name));
    const id = having.find((one) => left.has(one)) ?? having[0];
    if (id !== undefined) left.delete(id);
    return id;
  });
  const rest = [...left];
  return meant.map((id) => id ?? rest.shift());
}
