import type { Cursor, Problem } from "../../client/index.ts";
import type { SavedPosts } from "../saved_posts.ts";
import type { Draft, Edit } from "./draft.ts";

/** What the composer is for at one moment. */
export interface WritingView {
  /** Grows when the field is to show another text than what was typed into it. */
  turn: number;
  replyTo: Cursor | undefined;
  /** The message that is being edited. */
  editing: Cursor | undefined;
  /** Why the last try was refused. */
  problem: Problem | undefined;
}

/**
 * What one writes: a new message, an answer, or a message's other text. The draft of the new message
 * waits while a message is edited, and so does a changed text while another message is edited. All of
 * it is kept with each keystroke.
 */
export class Writing {
  readonly #saved: SavedPosts;
  readonly #onChange: () => void;
  #draft: Draft;
  #turn = 0;
  /** The message's own text, where the edit began in this tab. */
  #unchanged: string | undefined;
  #problem: Problem | undefined;

  constructor(saved: SavedPosts, onChange: () => void) {
    this.#saved = saved;
    this.#onChange = onChange;
    this.#draft = saved.draft ?? { text: "" };
  }

  get view(): WritingView {
    const { replyTo, edit } = this.#draft;
    return { turn: this.#turn, replyTo, editing: edit?.id, problem: this.#problem };
  }

  /** What the field shows. */
  get text(): string {
    return this.#draft.edit?.text ?? this.#draft.text;
  }

  /** Somebody has come to the field: it shows what was left unsent in a tab that is gone. */
  opened(): void {
    const draft = this.#saved.takeUp();
    if (draft !== undefined) this.#set(draft);
  }

  /** The field has this text now. */
  typed(text: string): void {
    const { edit } = this.#draft;
    this.#draft = edit ? { ...this.#draft, edit: { ...edit, text } } : { ...this.#draft, text };
    this.#keep();
  }

  reply(to: Cursor | undefined): void {
    const { replyTo: _, ...rest } = this.#draft;
    this.#set(to === undefined ? rest : { ...rest, replyTo: to });
  }

  /**
   * The field takes a message's text, or what one had made of it before; what was in it comes back
   * with `endEdit`. What was refused is taken as it is, with its problem.
   */
  edit(id: Cursor, text: string, problem?: Problem): void {
    const { edit: last, edits = [], ...rest } = this.#draft;
    const kept = [...edits];
    if (last !== undefined && last.text !== this.#unchanged) kept.push(last);
    const before = kept.find((edit) => edit.id === id);
    const edit = problem === undefined && before !== undefined ? before : { id, text };
    this.#unchanged = problem === undefined ? text : undefined;
    this.#set({ ...rest, edit, ...others(kept, id) }, problem);
  }

  /** What was refused comes back into the empty field, as a new message. False when it is in use. */
  giveBack(text: string, problem: Problem): boolean {
    const { edit, replyTo } = this.#draft;
    if (this.#draft.text !== "" || edit !== undefined || replyTo !== undefined) return false;
    this.#set({ text }, problem);
    return true;
  }

  /** Back to what was in the field before: another edit, or the draft of the new message. */
  endEdit(): void {
    const { edit: _, edits = [], ...rest } = this.#draft;
    const edit = edits.at(-1);
    this.#unchanged = undefined;
    this.#set(edit === undefined ? rest : { ...rest, edit, ...others(edits, edit.id) });
  }

  /** The message is deleted: nothing is made of its text any more. */
  removed(id: Cursor): void {
    if (this.#draft.edit?.id === id) return this.endEdit();
    const { edits = [], ...rest } = this.#draft;
    this.#draft = { ...rest, ...others(edits, id) };
    this.#keep();
  }

  /** The new message goes out: nothing of it is a draft any more. Call it before it is posted. */
  sent(): Cursor | undefined {
    const { replyTo } = this.#draft;
    this.#draft = { text: "" };
    this.#problem = undefined;
    this.#turn++;
    this.#saved.sent();
    return replyTo;
  }

  #set(draft: Draft, problem?: Problem): void {
    this.#draft = draft;
    this.#problem = problem;
    this.#turn++;
    this.#keep();
    this.#onChange();
  }

  #keep(): void {
    const { text, replyTo, edit } = this.#draft;
    this.#saved.draft = text === "" && !replyTo && !edit ? undefined : this.#draft;
  }
}

/** The edits that wait, but for one message's. */
function others(edits: readonly Edit[], id: Cursor): Pick<Draft, "edits"> {
  const left = edits.filter((edit) => edit.id !== id);
  return left.length === 0 ? {} : { edits: left };
}
