import { ON_SCREEN_KEYBOARD } from "../keys.ts";

/**
 * Goes to the field that one writes in, from a button over it that is about to go; not where a
 * keyboard would come up on the screen.
 */
export function toField(button: Element): void {
  if (matchMedia(ON_SCREEN_KEYBOARD).matches) return;
  button.closest(".dock")?.querySelector("textarea")?.focus();
}
