import type { Person } from "./events.ts";
import { count, list, must, shape, text, words } from "./shape.ts";

/** Another program that is told what happens in a room. */
export interface Webhook {
  id: string;
  url: string;
  /** `message`, `edit`, `delete`, `reaction`, `joined`, `left`, `room.opened`, `room.closed`. */
  events: string[];
  /** What requests are signed with; only when it was made, or renewed, just now. */
  secret?: string;
  by?: Person;
  createdAt?: string;
  /** It is told no more, since then and for this reason. */
  disabledAt?: string;
  disabledReason?: string;
  /** It doesn't take what it is sent. */
  failing?: { since: string; attempts: number; error: string; nextAt?: string };
  /** How many events were lost, since its outbox was full. */
  lost: number;
}

const readPerson = shape<Person>({
  id: must(text),
  name: words,
  guest: () => undefined,
  look: text,
  via: text,
});

export const readWebhook = shape<Webhook>({
  id: must(text),
  url: words,
  events: (value) => list(text)(value) ?? [],
  secret: text,
  by: readPerson,
  createdAt: text,
  disabledAt: text,
  disabledReason: text,
  failing: shape({ since: words, attempts: count, error: words, nextAt: text }),
  lost: count,
});
