import { type Cursor, parseCursor } from "../../client/index.ts";

/** What one was writing in a room when one left it. */
export interface Draft {
  text: string;
  /** The message that it answers. */
  replyTo?: Cursor;
  /** A message whose text was being changed meanwhile. */
  edit?: { id: Cursor; text: string };
}

/** Reads what a browser kept; undefined for what is none. */
export function readDraft(value: unknown): Draft | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { text, replyTo, edit } = value as Record<string, unknown>;
  if (typeof text !== "string") return undefined;
  const answers = parseCursor(replyTo);
  const changes = readEdit(edit);
  return { text, ...(answers && { replyTo: answers }), ...(changes && { edit: changes }) };
}

function readEdit(value: unknown): Draft["edit"] {
  if (typeof value !== "object" || value === null) return undefined;
  const { id, text } = value as Record<string, unknown>;
  const target = parseCursor(id);
  return target && typeof text === "string" ? { id: target, text } : undefined;
}
