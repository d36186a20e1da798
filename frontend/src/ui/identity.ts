import type { ClientId } from "../client/index.ts";

/** How a person looks: by the id, so that two of one name are told apart. */

const HUES = 10;

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
