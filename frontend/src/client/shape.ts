/**
 * Readers of what is on the wire: they make values of known shapes out of anything, and never
 * throw.
 */

/** A JSON object. */
export type Fields = Record<string, unknown>;

/** Reads one value: undefined leaves it out, null refuses the whole. */
export type Read<T> = (value: unknown, whole: Fields) => T;

/** How each field is read; one that must be there can't be left out. */
export type Shape<T> = {
  [Name in Exclude<keyof T, "type">]-?: Read<
    T[Name] | null | (object extends Pick<T, Name> ? undefined : never)
  >;
};

export type Reader<T> = (value: unknown) => T | undefined;

export function shape<T>(fields: Shape<T>): Reader<T> {
  return (value) => {
    if (!isObject(value)) return undefined;
    const result: Fields = {};
    for (const [name, read] of Object.entries<Read<unknown>>(fields)) {
      const field = read(value[name], value);
      if (field === null) return undefined;
      if (field !== undefined) result[name] = field;
    }
    return result as T;
  };
}

export function must<T>(read: Reader<T>): Read<T | null> {
  return (value) => read(value) ?? null;
}

/** Those of a list that can be read. */
export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value) => (Array.isArray(value) ? value.flatMap((one) => read(one) ?? []) : undefined);
}

export const text: Reader<string> = (value) => (typeof value === "string" ? value : undefined);
/** Text that may be missing. */
export const words: Read<string> = (value) => text(value) ?? "";
export const amount: Reader<number> = (value) =>
  Number(value) === value && value >= 0 ? value : undefined;
export const count = (value: unknown): number => amount(value) ?? 0;
export const yes: Read<boolean> = (value) => value === true;
export const mark: Read<true | undefined> = (value) => value === true || undefined;

export function parseObject(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (isObject(value)) return value;
  } catch {
    // It is none.
  }
  return undefined;
}

export function isObject(value: unknown): value is Fields {
  return Object(value) === value && !Array.isArray(value);
}
