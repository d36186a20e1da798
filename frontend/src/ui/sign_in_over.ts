import type { Client } from "../client/index.ts";
import { pageFetch } from "./page_session.ts";
import { baseUrl } from "./routes.ts";
import { tabwide } from "./storage.ts";

/** When the page was loaded anew for that. */
const KEY = "signed-out-at";
/** Not more often, whatever keeps the cookie where it is. Milliseconds. */
const PAUSE = 60_000;

/**
 * The time of a sign-in is over, and its cookie is there yet: the server answers nothing by it. Once
 * that is said to the person the cookie goes, and the page is loaded anew, to be read as a guest
 * reads it; what was being written is kept.
 */
export async function over(client: Client): Promise<void> {
  holdBack(client);
  const session = new URL("session", baseUrl()).href;
  const headers = { Accept: "application/json" };
  const answer = await pageFetch(session, { headers, cache: "no-store" });
  // Another tab may have done it, or have signed in again meanwhile.
  const { code } = (await answer.json()) as { code?: unknown };
  if (code === "session_over") await pageFetch(session, { method: "DELETE", headers });
  const at = tabwide.get(KEY);
  const lately = typeof at === "number" && Date.now() - at < PAUSE;
  if (client.session !== null || client.state.status !== "idle" || lately) return;
  tabwide.set(KEY, Date.now());
  location.reload();
}

/** What waits is not said as anybody else: it is for whoever goes on to decide. */
function holdBack(client: Client): void {
  const problem = { code: "session_over", title: "" };
  const waiting = client.posts.filter(({ state }) => state === "waiting");
  for (const { key } of waiting.reverse()) client.discard(key);
  client.restore(waiting.reverse().map((post) => ({ ...post, state: "refused", problem })));
}
