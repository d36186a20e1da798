import type { Problem } from "../client/index.ts";
import { callServer } from "./call_server.ts";
import { keepOwnerUrl } from "./rules/secret.ts";
import { savedSession, saveSession } from "./visits.ts";

/**
 * Asks the server for a room nobody has been in. Who has a name is its owner: its owner's link is kept
 * until the room is shown.
 */
export async function createRoom(
  baseUrl: string,
  name: string,
): Promise<{ room: string } | { problem: Problem }> {
  if (savedSession() === null && name !== "") await become(baseUrl, name);
  const { body, problem } = await callServer(new URL("rooms", baseUrl), "POST");
  if (problem !== undefined) return { problem };
  const { roomId, ownerUrl } = body;
  if (typeof roomId === "string") {
    if (typeof ownerUrl === "string") keepOwnerUrl(roomId, ownerUrl);
    return { room: roomId };
  }
  return { problem: { code: "no_answer", title: "The server did not answer" } };
}

/** A session before there is a room: else nobody would own that. Without one it is a room as any. */
async function become(baseUrl: string, as: string): Promise<void> {
  const { body } = await callServer(new URL("session", baseUrl), "POST", { name: as });
  const { clientId, name } = body ?? {};
  if (typeof clientId === "string" && typeof name === "string") saveSession({ clientId, name });
}
