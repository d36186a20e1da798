import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Cursor } from "../../client/index.ts";
import type { Said, Talk } from "./talk.ts";

/** What is open over the messages, and of which message. */
export interface Layer {
  kind: "menu" | "sheet" | "picker" | "reactions" | "remove";
  id: Cursor;
  /** Where it belongs on the screen. */
  at?: DOMRect | undefined;
}

/** What can be done to a message. It is one object for as long as the room is shown. */
export interface Acts {
  /** All that is said here. */
  talk?: Talk;
  said(id: Cursor): Said | undefined;
  /** One has a name here, and so may write. */
  canWrite(): boolean;
  isMine(said: Said): boolean;
  /** It is one's own, or one keeps order here. */
  mayRemove(said: Said): boolean;
  /** Reports whether it was oneself who has this id. */
  isSelf(id: string): boolean;
  open(layer: Layer): void;
  react(id: Cursor, emoji: string): void;
  /** Finds out who else has reacted, of many. */
  meet(id: Cursor): void;
  reply(id: Cursor): void;
  edit(id: Cursor): void;
  /** Edits it again, with the text that was refused. */
  editAgain(id: Cursor, text: string): void;
  undo(id: Cursor): void;
  dismiss(id: Cursor): void;
  copyText(id: Cursor): void;
  copyLink(id: Cursor): void;
  /** Leads to another message, or says that it is not kept. */
  jump(id: Cursor): void;
}

const nothing = () => undefined;
const NONE: Acts = {
  said: nothing,
  canWrite: () => false,
  isMine: () => false,
  mayRemove: () => false,
  isSelf: () => false,
  open: nothing,
  react: nothing,
  meet: nothing,
  reply: nothing,
  edit: nothing,
  editAgain: nothing,
  undo: nothing,
  dismiss: nothing,
  copyText: nothing,
  copyLink: nothing,
  jump: nothing,
};

export const ActsContext = createContext<Acts>(NONE);

export const useActs = () => useContext(ActsContext);
