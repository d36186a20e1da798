import { usePage } from "./context.ts";
import { DownIcon, MentionIcon, UpIcon } from "./icons_later.tsx";

/** What the buttons over the list say. */
export interface Signs {
  away: boolean;
  /** Messages of others that one has not seen, further down. */
  below: number;
  /** The line "New messages" is above, and one has not seen it. */
  lineAbove: boolean;
  /** Mentions of oneself that one has not seen. */
  mentions: number;
}

export interface ListButtonsProps {
  signs: Signs;
  /** Messages of others below the line "New messages". */
  unread: number;
  onUnread(): void;
  onMention(): void;
  onLatest(): void;
}

/** What leads to the first unread message, the last mention and the latest message. */
export function ListButtons({ signs, unread, onUnread, onMention, onLatest }: ListButtonsProps) {
  const { words } = usePage();
  const { away, below, lineAbove, mentions } = signs;
  return (
    <>
      {lineAbove && (
        <button
          type="button"
          class="to-unread"
          data-testid="to-unread"
          aria-keyshortcuts="Alt+U"
          title={words.text("toUnread")}
          onClick={onUnread}
        >
          <UpIcon />
          {words.plural("newBelow", unread)}
        </button>
      )}
      <div class="to-places">
        {mentions > 0 && (
          <button
            type="button"
            class="to-place"
            data-testid="to-mention"
            aria-label={words.plural("toMention", mentions)}
            title={words.text("toMentionHint")}
            onClick={onMention}
          >
            {mentions > 1 && mentions}
            <MentionIcon />
          </button>
        )}
        {away && (
          <button
            type="button"
            class="to-place"
            data-testid="to-end"
            aria-label={below > 0 ? undefined : words.text("toEnd")}
            title={words.text("toEnd")}
            onClick={onLatest}
          >
            {below > 0 && words.plural("newBelow", below)}
            <DownIcon />
          </button>
        )}
      </div>
    </>
  );
}
