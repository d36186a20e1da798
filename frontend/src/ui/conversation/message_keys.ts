import type { Cursor } from "../../client/index.ts";
import type { Acts } from "./acts.ts";

/** The keys of a message that has the focus, as menus name them. */
export const KEYS = { react: "+", reply: "R", edit: "E", remove: "Del" };

/** Goes from message to message, and does to the one that has the focus what its key says. */
export function onMessageKey(
  event: KeyboardEvent,
  list: HTMLElement | null,
  acts: Acts,
  toComposer: () => void,
): void {
  const message = event.target as HTMLElement;
  if (list === null || !message.classList.contains("message")) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return toComposer();
  if (move(event, message, list, toComposer)) return event.preventDefault();
  const id = message.dataset.id as Cursor | undefined;
  const said = id && acts.said(id);
  if (id === undefined || said === undefined) return;
  const act = actOf(event);
  if (act === undefined || said.message.deleted || said.removing) return;
  event.preventDefault();
  const at = message.querySelector(".text")?.getBoundingClientRect();
  if (act === "menu") acts.open({ kind: "menu", id, at });
  else if (!acts.canWrite())
    acts.reply(id); // says that a name is needed
  else if (act === "react") acts.open({ kind: "picker", id, at });
  else if (act === "reply") acts.reply(id);
  else if (act === "remove") {
    if (acts.mayRemove(said)) acts.open({ kind: "remove", id });
  } else if (acts.isMine(said)) acts.edit(id);
}

function move(
  { key }: KeyboardEvent,
  message: HTMLElement,
  list: HTMLElement,
  toComposer: () => void,
): boolean {
  const all = [...list.querySelectorAll<HTMLElement>(".message")];
  const at = all.indexOf(message);
  switch (key) {
    case "ArrowUp":
      all[at - 1]?.focus();
      return true;
    case "ArrowDown":
      if (at + 1 < all.length) all[at + 1]?.focus();
      else toComposer();
      return true;
    case "Home":
      all[0]?.focus();
      return true;
    case "End":
      all.at(-1)?.focus();
      return true;
  }
  return false;
}

function actOf({ key, code }: KeyboardEvent): keyof typeof KEYS | "menu" | undefined {
  switch (key) {
    case "+":
    case "=":
      return "react";
    case "Delete":
    case "Backspace":
      return "remove";
    case "Enter":
      return "menu";
  }
  // On a keyboard of another script a letter is where it is printed.
  const letter = /^[a-z]$/i.test(key) ? key.toLowerCase() : { KeyE: "e", KeyR: "r" }[code];
  if (letter === "e") return "edit";
  return letter === "r" ? "reply" : undefined;
}

/**
 * One message of the list is reached by Tab: the one that had the focus last, or the newest. It is done
 * on the elements, since drawing hundreds of messages anew for it would be felt.
 */
export function keepOneInTabOrder(list: HTMLElement | null): void {
  if (list === null) return;
  const all = list.querySelectorAll<HTMLElement>(".message");
  const inside = list.contains(document.activeElement);
  const old = list.querySelectorAll<HTMLElement>('.message[tabindex="0"]');
  const focused = document.activeElement?.closest<HTMLElement>(".message");
  const one = (inside && focused) || (inside && old[0]) || all[all.length - 1];
  for (const other of old) if (other !== one) other.tabIndex = -1;
  if (one) one.tabIndex = 0;
}
