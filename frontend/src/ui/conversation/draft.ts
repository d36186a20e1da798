import { type Cursor, parseCursor } from "../../client/index.ts";

/** What one was writing in a room when one left it. */
export interface Draft {
  text: string;
  /** The message that it answers. */
  replyTo?: Cursor;
  /** A message whose text was being changed meanwhile. */
  edit?: Edit;
  /** Others whose text was being changed before that one, the last at the end. */
  edits?: Edit[];
}

/** Another text for a message. */
export interface Edit {
  id: Cursor;
  text: string;
}

/** Reads what a browser kept; undefined for what is none. */
export function readDraft(value: unknown): Draft | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { text, replyTo, edit, edits } = value as Record<string, unknown>;
  if (typeof text !== "string") return undefined;
  const answers = parseCursor(replyTo);
  const changes = readEdit(edit);
  const before = Array.isArray(edits) ? edits.flatMap((one) => readEdit(one) ?? []) : [];
  return {
    text,
    ...(answers && { replyTo: answers }),
    ...(changes && { edit: changes }),
    ...(before.length > 0 && { edits: before }),
  };
}

function readEdit(value: unknown): Edit | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { id, text } = value as Record<string, unknown>;
  const target = parseCursor(id);
  return target && typeof text === "string" ? { id: target, text } : undefined;
}
