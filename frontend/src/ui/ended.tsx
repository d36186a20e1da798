import type { End } from "../client/index.ts";
import { usePage } from "./context.ts";

/** Stands where one writes otherwise, when one is no longer in the room. */
export function Ended({ end, onAgain }: { end: End; onAgain(): void }) {
  const { words, goTo } = usePage();
  const text = { left: "endedLeft", forbidden: "endedForbidden" } as const;
  const key = end.kind === "left" || end.kind === "forbidden" ? text[end.kind] : "endedRefused";
  return (
    <div class="closed-door" role="alert">
      <p>{words.text(key)}</p>
      {end.problem?.field === "room" && <p class="quiet">{words.text("problemRoom")}</p>}
      <div class="buttons">
        <button type="button" class="button primary" onClick={onAgain}>
          {words.text("reconnect")}
        </button>
        <button type="button" class="button" onClick={() => goTo()}>
          {words.text("backToStart")}
        </button>
      </div>
    </div>
  );
}
