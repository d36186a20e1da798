import { decodeEvent, type HttpCall, type MessageEvent, START } from "../../client/index.ts";
import { pageFetch } from "../page_session.ts";

/**
 * Puts an emoji under a message of which only the server knows all who have: it says whether one has
 * put it there before, so that there was nothing to do. Undefined when it was refused.
 */
export async function putThere(
  { method = "PUT", path }: HttpCall,
  address: (path: string) => string,
): Promise<"put" | "had" | undefined> {
  const headers = { Accept: "application/json" };
  const response = await pageFetch(address(path), { method, headers });
  if (!response.ok) return undefined;
  const answer = (await response.json()) as { id?: unknown };
  return answer.id === START ? "had" : "put";
}

/** The message with all who have reacted to it. */
export async function wholeMessage(url: string): Promise<MessageEvent | undefined> {
  const response = await pageFetch(url, { headers: { Accept: "application/json" } });
  const message = response.ok ? decodeEvent(await response.text()) : undefined;
  return message?.type === "message" ? message : undefined;
}
