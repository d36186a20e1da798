import { firstLook } from "./first_look.ts";
import { applyTheme, savedTheme } from "./theme.ts";
import "./style/index.css";

// What can be read now is shown before the rest has come. This script waits for nothing (async), so
// that neither it nor what it loads comes after the style sheet; the markup may be on its way yet.
applyTheme(savedTheme());
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();

function begin(): void {
  firstLook();
  void import("./main.tsx");
  // Where there is no room to read, what comes after reading is needed at once.
  if (location.pathname === new URL(document.baseURI).pathname) {
    for (const part of [import("./later.ts"), import("./i18n/en_more.ts")]) part.catch(() => {});
  }
}
