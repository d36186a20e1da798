import type { Problem } from "../client/index.ts";
import { callServer } from "./call_server.ts";

/** Asks the server for a room nobody has been in. */
export async function createRoom(
  baseUrl: string,
): Promise<{ room: string } | { problem: Problem }> {
  const { body, problem } = await callServer(new URL("rooms", baseUrl), "POST");
  if (problem !== undefined) return { problem };
  const { roomId } = body;
  if (typeof roomId === "string") return { room: roomId };
  return { problem: { code: "no_answer", title: "The server did not answer" } };
}
