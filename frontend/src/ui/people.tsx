import type { Member, Session } from "../client/index.ts";
import { Avatar, PersonName } from "./avatar.tsx";
import { usePage } from "./context.ts";
import { CallIcon } from "./icons.tsx";

export interface PeopleListProps {
  members: readonly Member[] | undefined;
  count: number;
  session: Session | null | undefined;
}

export function PeopleList({ members, count, session }: PeopleListProps) {
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
          </span>
          {members.some(({ id }) => id === member.looksLike) && (
            <span class="tag" title={words.text("looksLikeHint")} data-testid="looks-like">
              {words.text("looksLike")}
            </span>
          )}
          {member.inCall && (
            <span class="member-in-call" title={words.text("inCall")} data-testid="member-in-call">
              <CallIcon />
              <span class="sr">{words.text("inCall")}</span>
            </span>
          )}
          {member.id === own && <span class="quiet small">{words.text("you")}</span>}
        </li>
      ))}
    </ul>
  );
}
