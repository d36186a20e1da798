import { lasting } from "./storage.ts";

/** One signs out, and is nobody then: that is no sign-in that is over. */
export function signedOut(): void {
  lasting.set("vouched", undefined);
}
