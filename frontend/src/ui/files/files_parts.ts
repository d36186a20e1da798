import { filesWords } from "../i18n/files_words.ts";
import sheet from "./files.css?url";

/** What is loaded once there is a file to show or to send: see entry.tsx. */
export { Attached } from "./attached.tsx";
export { Shown } from "./shown.tsx";
export { Microphone } from "./voice_note.tsx";

const styled = new Promise<void>((resolve) => {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.onload = link.onerror = () => resolve();
  // Plain is better than not at all.
  setTimeout(resolve, 5_000);
  link.href = sheet;
  document.head.append(link);
});

/** Its words and its style are there, too. */
export const ready = Promise.all([filesWords, styled]);
