import { normalRoom, roomOf } from "./routes.ts";

/** What somebody meant who was asked for a room. */
export type TypedRoom =
  /** A room, and what else its link leads to. */
  | { room: string; hash: string }
  /** No name of a room; this one is as near as can be. */
  | { offer: string }
  /** A link to something else: another server, or another page of this one. */
  | { elsewhere: string }
  | { nothing: true };

/** Reads a room's name, or a link to a room of this server, as people write and paste them. */
export function roomTyped(typed: string, base: string): TypedRoom {
  const text = typed.trim();
  const [, path, name] = /^\/?(rooms\/(.+))/.exec(text) ?? [undefined, undefined, text];
  const link = path === undefined ? linkOf(text, base) : new URL(path, base);
  if (link !== undefined) {
    const { host, pathname } = new URL(base);
    const known = link.host === host && link.pathname.startsWith(pathname);
    const room = known ? normalRoom(roomOf(link.href, base) ?? "") : undefined;
    if (room !== undefined) return { room, hash: link.hash };
    if (path === undefined) return { elsewhere: link.host };
  }
  const room = normalRoom(text);
  if (room !== undefined) return { room, hash: "" };
  const offer = nearest(name ?? text);
  return offer === undefined ? { nothing: true } : { offer };
}

/** A link, also one without its `https://`, which many browsers leave out when it is copied. */
function linkOf(text: string, base: string): URL | undefined {
  const { host, protocol } = new URL(base);
  const whole = text.toLowerCase().startsWith(`${host}/`) ? `${protocol}//${text}` : text;
  if (!/^https?:\/\//i.test(whole)) return undefined;
  try {
    return new URL(whole);
  } catch {
    return undefined;
  }
}

/** The name with hyphens between its words and without what no name has. */
function nearest(text: string): string | undefined {
  const name = text
    .normalize("NFC")
    .replace(/[\s/\\:,;|+]+/gu, "-")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .replace(/(?<!\p{L}\p{M}*)\p{M}+|[^\p{L}\p{M}\p{Nd}\-_.]+/gu, "")
    .replace(/-{2,}/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  const short = [...name].slice(0, 64).join("");
  return /[\p{L}\p{Nd}]/u.test(short) ? normalRoom(short) : undefined;
}
