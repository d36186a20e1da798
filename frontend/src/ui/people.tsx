import type { Member, Session } from "../client/index.ts";
import { Avatar, PersonName } from "./avatar.tsx";
import { usePage } from "./context.ts";
import { CallIcon, MoreIcon } from "./icons.tsx";
import { isolate } from "./rows.tsx";

export interface PeopleListProps {
  members: readonly Member[] | undefined;
  count: number;
  session: Session | null | undefined;
  /** Somebody's actions are wanted, at a place on the screen. */
  onAbout(person: Member, at: DOMRect): void;
}

const ROLE = { owner: "roleOwner", moderator: "roleModerator" } as const;

export function PeopleList({ members, count, session, onAbout }: PeopleListProps) {
  const { words } = usePage();
  if (members === undefined) {
    return count > 0 ? <p class="quiet people-many">{words.text("peopleTooMany")}</p> : null;
  }
  const own = session?.clientId;
  const sorted = [...members].sort(
    (a, b) => Number(b.id === own) - Number(a.id === own) || a.name.localeCompare(b.name),
  );
  return (
    <ul class="people">
      {sorted.map((member) => (
        <li key={member.id} data-testid="member" data-id={member.id}>
          <Avatar person={member} />
          <span class="member-name">
            <PersonName person={member} />
            {(member.role === "owner" || member.role === "moderator") && (
              <span class="tag role" data-testid="member-role">
                {words.text(ROLE[member.role])}
              </span>
            )}
            {members.some(({ id }) => id === member.looksLike) && (
              <span class="tag" title={words.text("looksLikeHint")} data-testid="looks-like">
                {words.text("looksLike")}
              </span>
            )}
          </span>
          {member.inCall && (
            <span class="member-in-call" title={words.text("inCall")} data-testid="member-in-call">
              <CallIcon />
              <span class="sr">{words.text("inCall")}</span>
            </span>
          )}
          {member.id === own ? (
            <span class="quiet small">{words.text("you")}</span>
          ) : (
            <button
              type="button"
              class="icon-button person-more"
              data-testid="person-more"
              aria-haspopup="menu"
              aria-label={words.text("personActions", { name: isolate(member.name) })}
              title={words.text("moreActions")}
              onClick={(event) => onAbout(member, event.currentTarget.getBoundingClientRect())}
            >
              <MoreIcon />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
