import type { Client } from "../client/index.ts";
import { tabwide } from "./storage.ts";

/** Signing in leads elsewhere and back: what the tab remembers of it meanwhile. */
const KEY = "signing-in";

let isBack: boolean | undefined;

/** The server knows a service that says who people are; without this tag nothing of it is shown. */
export function offersSignIn(): boolean {
  return document.querySelector('meta[name="caller-oidc"][content="on"]') !== null;
}

/** Somebody goes to sign in. */
export function beginSignIn(): void {
  tabwide.set(KEY, true);
}

/** Reports whether this page was loaded at the end of a sign-in. */
export function isBackFromSignIn(): boolean {
  isBack ??= tabwide.get(KEY) === true;
  tabwide.set(KEY, undefined);
  return isBack;
}

/** The time of somebody's sign-in is over: what follows from that is loaded then. */
export function onSignInOver(client: Client): void {
  import("./sign_in_over.ts").then(({ over }) => over(client)).catch(() => {});
}
