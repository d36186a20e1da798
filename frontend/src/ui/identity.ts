import type { ClientId, Person } from "../client/index.ts";

/** How a person looks: by the id, so that two of one name are told apart. */

const HUES = 10;

/** By what a person is recognised: a guest has another id with each request, and one look. */
export function lookOf({ id, look }: Person): ClientId {
  return look ?? id;
}

/** Reports whether two are one person to the eye: of one look, and shown by one name. */
export function looksSame(one: Person, other: Person): boolean {
  return lookOf(one) === lookOf(other) && (one.id === other.id || one.name === other.name);
}

/** 0 to 9; the style sheet has a colour for each. */
export function hueOf(id: ClientId): number {
  let hash = 2166136261;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619);
  return (hash >>> 8) % HUES;
}

/** One or two letters of the name. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s\-_.]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = words[0] === undefined ? [] : [...words[0]];
  const last = words.length > 1 ? [...(words[words.length - 1] ?? "")] : [];
  return ((first[0] ?? "?") + (last[0] ?? "")).toLocaleUpperCase();
}
