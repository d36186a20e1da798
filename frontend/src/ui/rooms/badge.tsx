import { usePage } from "../context.ts";
import { countText } from "./rooms_view.ts";

export interface BadgeProps {
  unread: number;
  mentions: number;
  muted?: boolean;
}

/** How much of a room is not read: filled where somebody is meant, else outlined; grey when muted. */
export function Badge({ unread, mentions, muted = false }: BadgeProps) {
  const { words } = usePage();
  if (unread === 0) return null;
  const kind = muted ? "muted" : mentions > 0 ? "meant" : "";
  return (
    <span class={`badge ${kind}`} data-testid="badge">
      <span aria-hidden="true">{countText(unread)}</span>
      <span class="sr">
        {words.plural("unreadCount", unread)}
        {mentions > 0 && `, ${words.plural("mentionCount", mentions)}`}
      </span>
    </span>
  );
}
