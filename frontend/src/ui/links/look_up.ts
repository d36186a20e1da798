import type { Talk } from "../conversation/talk.ts";
import { pageFetch } from "../page_session.ts";
import { webAddress } from "../text/addresses.ts";

/** What is behind a message's first link, as the server says it. */
export interface Found {
  url: string;
  title?: string;
  text?: string;
  site: string;
  image?: string;
}

/** Answers that are kept; of a text's link it is always the same. */
const KEPT = 300;

const known = new Map<string, Found | null>();
const asked = new Map<string, Promise<Found | null | undefined>>();

const keyOf = (talk: Talk, text: string) => `${talk.address("")} ${text}`;

/** What is known already of the link in a text; null where there is nothing to show. */
export function knownLink(talk: Talk | undefined, text: string): Found | null | undefined {
  return talk && known.get(keyOf(talk, text));
}

/** Asks the server what is behind a message's link; undefined when it could not say. */
export function lookUp(talk: Talk, id: string, text: string): Promise<Found | null | undefined> {
  const key = keyOf(talk, text);
  const found = known.get(key);
  if (found !== undefined) return Promise.resolve(found);
  let asking = asked.get(key);
  if (asking === undefined) {
    asking = ask(talk, id).then((answer) => {
      asked.delete(key);
      if (answer !== undefined) keep(key, answer);
      return answer;
    });
    asked.set(key, asking);
  }
  return asking;
}

function keep(key: string, answer: Found | null): void {
  known.set(key, answer);
  for (const oldest of known.keys()) {
    if (known.size <= KEPT) return;
    known.delete(oldest);
  }
}

async function ask(talk: Talk, id: string): Promise<Found | null | undefined> {
  try {
    const response = await pageFetch(talk.address(`/messages/${encodeURIComponent(id)}/link`));
    if (response.status === 404) return null;
    if (!response.ok) return undefined;
    const found = (await response.json()) as Found;
    return webAddress(found.url) === undefined ? null : found;
  } catch {
    return undefined;
  }
}
