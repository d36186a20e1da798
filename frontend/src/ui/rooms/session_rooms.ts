import { callServer } from "../call_server.ts";
import { savedSession } from "../visits.ts";

/** The rooms that the session is in, on whichever device, as the server knows them. */
export async function sessionRooms(baseUrl: string): Promise<{ room: string; at: number }[]> {
  if (savedSession() === null) return [];
  const { body } = await callServer(new URL("session/rooms", baseUrl), "GET");
  const rooms: unknown = body?.rooms;
  if (!Array.isArray(rooms)) return [];
  return rooms.flatMap((value: unknown) => {
    const { roomId, last, readAt } = (value ?? {}) as Record<string, unknown>;
    if (typeof roomId !== "string") return [];
    const { time: wrote } = (last ?? {}) as { time?: unknown };
    return [{ room: roomId, at: Date.parse(String(wrote ?? readAt)) || 0 }];
  });
}

/** It is none of them any more, until the session comes into it again. */
export async function forgetSessionRoom(baseUrl: string, room: string): Promise<void> {
  if (savedSession() === null) return;
  await callServer(new URL(`session/rooms/${encodeURIComponent(room)}`, baseUrl), "DELETE");
}
