import type { Asked } from "./moderate.tsx";
import type { About } from "./person_menu.tsx";
import type { RoomPage } from "./room_dialog.tsx";

/** What is open over the room, of what is about its rules. */
export type Over =
  | { kind: "room"; page: RoomPage }
  | { kind: "person"; about: About }
  | { kind: "ask"; asked: Asked };
