import { useState } from "preact/hooks";
import { usePage } from "../context.ts";
import type { Person } from "../shapes.ts";
import { cut, piecesOf } from "./safe.ts";

/** Names are never so long; what is longer is cut. Characters. */
const NAME = 120;
const TEXT = 1_500;

/** Somebody's words, isolated from what is around them; what doesn't show in them is made to show. */
export function Shown({ text, most = NAME }: { text: string; most?: number }) {
  const { words } = usePage();
  return (
    <bdi title={text.length > most ? cut(text, 1_000).text : undefined}>
      {piecesOf(cut(text, most).text).map((piece, index) =>
        "text" in piece ? (
          piece.text
        ) : (
          <span
            key={index}
            class="hidden-character"
            title={words.text("hiddenCharacter", { code: piece.hidden })}
          >
            {piece.hidden}
          </span>
        ),
      )}
    </bdi>
  );
}

/** A text of many lines, whole on demand. */
export function LongText({ text }: { text: string }) {
  const { words } = usePage();
  const [whole, setWhole] = useState(false);
  const long = text.length > TEXT;
  return (
    <>
      <p class="long-text" dir="auto">
        <Shown text={text} most={whole ? text.length : TEXT} />
      </p>
      {long && (
        <button type="button" class="text-button" onClick={() => setWhole(!whole)}>
          {words.text(whole ? "showLess" : "showAll")}
        </button>
      )}
    </>
  );
}

/** A name with what is known of who has it. */
export function PersonName({ person }: { person: Person }) {
  const { words } = usePage();
  return (
    <span class="person">
      <span class="name">
        <Shown text={person.name || person.id} />
      </span>
      {person.guest === true && <span class="tag">{words.text("guest")}</span>}
      {person.via === "token" && <span class="tag">{words.text("program")}</span>}
      {(person.role === "owner" || person.role === "moderator") && (
        <span class="tag strong">{words.text(`role_${person.role}`)}</span>
      )}
    </span>
  );
}

/** A point in time, short; the whole of it is in the title. */
export function Time({ at, ago }: { at: string | undefined; ago?: boolean }) {
  const { words } = usePage();
  const time = Date.parse(at ?? "");
  if (Number.isNaN(time)) return <span class="quiet">{words.text("never")}</span>;
  return (
    <time dateTime={at} title={words.exact(time)}>
      {ago === true ? words.ago(time) : words.when(time)}
    </time>
  );
}
