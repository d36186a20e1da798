import { LinkifyIt } from "linkify-it";
import { hiddenHost } from "./hosts.ts";
import type { Link } from "./tree.ts";

/** Where an address stands in a text, and where it leads. */
export interface Address {
  start: number;
  end: number;
  link: Link;
}

const linkifier = new LinkifyIt({ fuzzyLink: false, fuzzyEmail: false, urlAuth: true });

/** Where an address may begin. */
const START = /https?:\/\/|www\./gi;

/**
 * What no address goes beyond: blanks, brackets and quotes of prose, punctuation of East Asia, and
 * what turns text around or is not seen.
 */
const AFTER =
  /[\s<>"`\p{Cc}\u00ad\u061c\u200b-\u200f\u2018-\u201f\u2026\u2028-\u202f\u2060-\u206f\u3000-\u3003\u3008-\u301f\u30fb\ufeff\uff01-\uff0f\uff1a-\uff1b\uff1f\uff3b-\uff3d\uff5b-\uff65]/gu;

/** An address that ends with its host, where a mark or a bar follows: _https://a.example_ */
const BEHIND_HOST = /^(?:https?:\/\/)?[^/?#|_*~]+(?=\||[_*~]+(?![.:-]?[\p{L}\p{N}_*~@]))/iu;

/**
 * Looking for the end of an address may take this many times the text's length in all; what comes
 * then stays text. People's texts need it once.
 */
const EFFORT = 4;
/** Addresses in a text that become links. */
const MOST = 300;

/** Finds the addresses in a text. The work is bounded by its length; `onWork` counts it. */
export function findAddresses(text: string, onWork?: (characters: number) => void): Address[] {
  const found: Address[] = [];
  let left = EFFORT * text.length + 1_000;
  START.lastIndex = 0;
  for (let match = START.exec(text); match !== null; match = START.exec(text)) {
    const start = match.index;
    if (/[a-z0-9]/i.test(text.charAt(start - 1))) continue;
    const isBare = match[0].endsWith(".");
    if (isBare && /[@.:/_-]/.test(text.charAt(start - 1))) continue;
    AFTER.lastIndex = START.lastIndex;
    const candidate = text.slice(start, AFTER.exec(text)?.index ?? text.length);
    left -= candidate.length;
    onWork?.(candidate.length);
    if (left < 0 || found.length === MOST) break;
    const address = readAddress(candidate, isBare, text.charAt(start - 1));
    if (address === undefined) continue;
    found.push({ start, end: start + address.length, link: address.link });
    START.lastIndex = start + address.length;
  }
  return found;
}

function readAddress(
  candidate: string,
  isBare: boolean,
  before: string,
): { length: number; link: Link } | undefined {
  const prefix = isBare ? "https://" : "";
  const whole = prefix + candidate.slice(0, BEHIND_HOST.exec(candidate)?.[0].length);
  const scheme = whole.slice(0, whole.indexOf("/"));
  const length = scheme.length + linkifier.testSchemaAt(whole, scheme, scheme.length);
  if (length === scheme.length) return undefined;
  let shown = whole.slice(prefix.length, length).replace(/[.,;:!?'"…]+$/u, "");
  // What is marked up may end with its mark: **https://a.example**.
  if (/[*_~]/.test(before)) {
    while (shown.endsWith(before)) shown = shown.slice(0, -1);
  }
  if (isBare && !/^www\.[^/?#]+\.[^/?#]/i.test(shown)) return undefined;
  const link = linkTo(prefix + shown, shown);
  return link && { length: shown.length, link };
}

/** A link to an address of the web, and to nothing else: nothing that runs. */
function linkTo(address: string, shown: string): Link | undefined {
  const url = webAddress(address);
  if (url === undefined) return undefined;
  const host = hiddenHost(shown, url);
  return {
    kind: "link",
    href: url.href,
    children: [{ kind: "text", text: shown }],
    ...(host === undefined ? {} : { host }),
  };
}

export function webAddress(address: string): URL | undefined {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
  } catch {
    return undefined;
  }
}
