/** White space, and what has no shape: as the server has it (chat.IsInvisible). */
const BLANK = /^[\s\u0085\u2800\ufff9-\ufffc\u{1d159}\p{Default_Ignorable_Code_Point}]*$/u;

/** Reports whether a text shows nothing at all, so that the server would refuse it as empty. */
export function isBlank(text: string): boolean {
  return BLANK.test(text);
}
