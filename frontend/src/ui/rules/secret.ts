import { tabwide } from "../storage.ts";

/**
 * The secret of an invite or of an owner's link, in the fragment of the room's address. It is taken out
 * of there at once: not for who looks at the screen, and not in the history. The tab keeps it until
 * it was tried, through a name that is asked for and a sign-in that leads elsewhere and back.
 */
const SECRET = /^#[io]=[\w-]+$/;

/** The one for this room, out of the address or from before. */
export function takeSecret(room: string): string | undefined {
  const { hash, pathname, search } = location;
  if (SECRET.test(hash)) {
    history.replaceState(history.state, "", pathname + search);
    keepSecret(room, hash);
  }
  return secretOf(room);
}

export function keepSecret(room: string, hash: string): void {
  tabwide.set(`secret.${room}`, hash);
}

export function secretOf(room: string): string | undefined {
  const kept = tabwide.get(`secret.${room}`);
  return typeof kept === "string" ? kept : undefined;
}

export function dropSecret(room: string): void {
  tabwide.set(`secret.${room}`, undefined);
}

/** The owner's link of a room that was made in this tab, until one has taken it. */
export function keepOwnerUrl(room: string, url: string): void {
  tabwide.set(`owner.${room}`, url);
}

export function ownerUrlOf(room: string): string | undefined {
  const kept = tabwide.get(`owner.${room}`);
  return typeof kept === "string" ? kept : undefined;
}

export function dropOwnerUrl(room: string): void {
  tabwide.set(`owner.${room}`, undefined);
}
