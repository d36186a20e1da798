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
    [Name in Exclude<keyof T, "type">]-?: Read<T[Name] | null | (object extends Pick<T, Name> ? undefined : never)>;
};
export type Reader<T> = (value: unknown) => T | undefined;
export declare function shape<T>(fields: Shape<T>): Reader<T>;
export declare function must<T>(read: Reader<T>): Read<T | null>;
/** Those of a list that can be read. */
export declare function list<T>(read: Reader<T>): Reader<T[]>;
export declare const text: Reader<string>;
/** Text that may be missing. */
export declare const words: Read<string>;
export declare const amount: Reader<number>;
export declare const count: (value: unknown) => number;
export declare const yes: Read<boolean>;
export declare const mark: Read<true | undefined>;
export declare function parseObject(json: string): Fields | undefined;
export declare function isObject(value: unknown): value is Fields;
