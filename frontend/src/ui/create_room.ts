import type { Problem } from "../client/index.ts";

/** Asks the server for a room nobody has been in. */
export async function createRoom(
  baseUrl: string,
): Promise<{ room: string } | { problem: Problem }> {
  const none = { problem: { code: "no_answer", title: "The server did not answer" } };
  try {
    const response = await fetch(new URL("rooms", baseUrl), {
      method: "POST",
      headers: { Accept: "application/json" },
    });
    const body: unknown = await response.json();
    if (typeof body !== "object" || body === null) return none;
    const { roomId, code, title } = body as Record<string, unknown>;
    if (response.ok && typeof roomId === "string") return { room: roomId };
    return typeof code === "string" ? { problem: { code, title: String(title) } } : none;
  } catch {
    return none;
  }
}
