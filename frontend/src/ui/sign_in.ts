import type { Client } from "../client/index.ts";
import { tabwide } from "./storage.ts";

/** Signing in leads elsewhere and back: what the tab remembers of it meanwhile. */
const KEY = "signing-in";

let isBack: boolean | undefined;

/** The server knows a service that says who people are; without this tag nothing of it is shown. */
export function offersSignIn(): boolean {
  return document.querySelector('meta[name="caller-oidc"]')?.getAttribute("content") === "on";
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

/**
 * The time of somebody's sign-in is over. What waits is not said as anybody else: it is for whoever
 * goes on to decide.
 */
export function onSignInOver(client: Client, baseUrl: string): void {
  const problem = { code: "session_over", title: "" };
  const waiting = client.posts.filter(({ state }) => state === "waiting");
  for (const { key } of waiting.reverse()) client.discard(key);
  client.restore(waiting.reverse().map((post) => ({ ...post, state: "refused", problem })));
  void import("./sign_in_over.ts").then(
    ({ comeBackAsGuest }) => comeBackAsGuest(client, baseUrl),
    () => undefined,
  );
}
