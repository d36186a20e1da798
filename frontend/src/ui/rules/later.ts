/** What is about who may do what, in one file: see parts.ts. */
export { controlOf } from "./control.ts";
export { Door } from "./door.tsx";
export { Folded } from "./folded.tsx";
export { InRoom } from "./in_room.tsx";
export { NoticeLine } from "./notice_line.tsx";
export { choicesOf } from "./person_menu.tsx";
