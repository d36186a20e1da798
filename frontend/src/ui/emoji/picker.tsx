import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { ON_SCREEN_KEYBOARD } from "../keys.ts";
import { recentEmoji } from "./recent.ts";
import { type Emoji, emojiOf, everyEmoji, findEmoji, GROUPS } from "./search.ts";

export interface EmojiPickerProps {
  onPick(emoji: string): void;
}

/** Emoji in a row. */
const ROW = 8;

const TITLES = {
  recent: "emojiRecent",
  faces: "emojiFaces",
  people: "emojiPeople",
  hearts: "emojiHearts",
  nature: "emojiNature",
  food: "emojiFood",
  going: "emojiGoing",
  things: "emojiThings",
  signs: "emojiSigns",
} as const;

interface Section {
  title?: keyof typeof TITLES;
  rows: Emoji[][];
}

/**
 * A field to search and a grid to choose from. The arrows go through the grid, Enter in the field takes
 * the first that was found.
 */
export function EmojiPicker({ onPick }: EmojiPickerProps) {
  const { words } = usePage();
  const [query, setQuery] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLTableElement>(null);
  const sections = useMemo(() => sectionsOf(query), [query]);
  const first = sections[0]?.rows[0]?.[0]?.emoji;
  const { language } = words;

  // A keyboard on the screen would hide what there is to choose from.
  const types = !matchMedia(ON_SCREEN_KEYBOARD).matches;
  useLayoutEffect(() => {
    if (types) field.current?.focus();
  }, []);

  /** The button at a place of the grid, or the last of its row. */
  const focus = (row: number, column: number): boolean => {
    const rows = grid.current?.querySelectorAll(".emoji-row") ?? [];
    const buttons = rows[row]?.querySelectorAll("button") ?? [];
    const button = buttons[Math.min(column, buttons.length - 1)];
    button?.focus();
    button?.scrollIntoView({ block: "nearest" });
    return button !== undefined;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = (event.target as Element).closest("button");
    const row = at?.closest(".emoji-row");
    if (!at || !row || !grid.current) {
      if (event.key === "ArrowDown" && focus(0, 0)) event.preventDefault();
      return;
    }
    const y = [...grid.current.querySelectorAll(".emoji-row")].indexOf(row);
    const inRow = [...row.querySelectorAll("button")];
    const x = inRow.indexOf(at);
    const end = inRow.length - 1;
    const right = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const left = right === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const to = {
      [right]: x < end ? [y, x + 1] : [y + 1, 0],
      [left]: x > 0 ? [y, x - 1] : [y - 1, ROW],
      ArrowDown: [y + 1, x],
      ArrowUp: [y - 1, x],
      Home: [y, 0],
      End: [y, end],
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const [row2 = 0, column = 0] = to;
    if (!focus(row2, column) && row2 < 0) field.current?.focus();
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is filled in
    <div
      class="emoji-picker"
      role="group"
      aria-label={words.text("emojiPicker")}
      data-testid="emoji-picker"
      onKeyDown={onKeyDown}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (query.trim() !== "" && first !== undefined) onPick(first);
        }}
      >
        <input
          ref={field}
          type="search"
          data-first={types || undefined}
          autocomplete="off"
          data-testid="emoji-search"
          placeholder={words.text("emojiSearch")}
          aria-label={words.text("emojiSearch")}
          value={query}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
      </form>
      <div class="emoji-frame">
        {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table that arrows go through */}
        <table class="emoji-grid" ref={grid} role="grid" aria-label={words.text("emojiPicker")}>
          {sections.map(({ title, rows }) => (
            <tbody key={title ?? "found"}>
              {title !== undefined && (
                <tr>
                  <th class="emoji-group" colSpan={ROW} scope="rowgroup">
                    {words.text(TITLES[title])}
                  </th>
                </tr>
              )}
              {rows.map((row) => (
                <tr key={row[0]?.emoji} class="emoji-row">
                  {row.map(({ emoji, names }) => (
                    <td key={emoji}>
                      <button
                        type="button"
                        class="emoji-choice"
                        data-emoji={emoji}
                        aria-label={names[language]}
                        title={names[language]}
                        tabIndex={row === sections[0]?.rows[0] && emoji === first ? 0 : -1}
                        onClick={() => onPick(emoji)}
                      >
                        {emoji}
                      </button>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </div>
      <p class="quiet emoji-none" role="status">
        {sections.length === 0 && words.text("emojiNone")}
      </p>
    </div>
  );
}

function sectionsOf(query: string): Section[] {
  if (query.trim() !== "") {
    const found = findEmoji(query);
    return found.length === 0 ? [] : [{ rows: rowsOf(found) }];
  }
  const known = new Map(everyEmoji().map((one) => [one.emoji, one]));
  const recent = recentEmoji().flatMap((emoji) => known.get(emoji) ?? []);
  const groups = GROUPS.map((title): Section => ({ title, rows: rowsOf(emojiOf(title)) }));
  return recent.length === 0 ? groups : [{ title: "recent", rows: rowsOf(recent) }, ...groups];
}

function rowsOf(emoji: Emoji[]): Emoji[][] {
  const rows: Emoji[][] = [];
  for (let i = 0; i < emoji.length; i += ROW) rows.push(emoji.slice(i, i + ROW));
  return rows;
}
