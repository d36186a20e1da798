import type { Call } from "../../client/calls.ts";
import type { Member } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { CallIcon } from "../icons.tsx";
import { isolate } from "../rows.tsx";

export interface CallBannerProps {
  call: Call;
  members: readonly Member[] | undefined;
  selfId: string | undefined;
  onJoin(): void;
}

/** More names than these are counted. */
const NAMES_SHOWN = 3;

/** A call is going on that one is not in: who is, since when, and the way in. */
export function CallBanner({ call, members, selfId, onJoin }: CallBannerProps) {
  const { words } = usePage();
  const inCall = members?.filter((member) => member.inCall) ?? [];
  const elsewhere = inCall.some(({ id }) => id === selfId);
  const count = Math.max(call.memberCount, inCall.length);
  const shown = inCall.slice(0, NAMES_SHOWN).map(({ name }) => isolate(name));
  if (count > shown.length && shown.length > 0) {
    shown.push(words.plural("andMore", count - shown.length));
  }
  const names = shown.length > 0 ? words.list(shown) : words.plural("peopleCount", count);
  const time = words.time(Date.parse(call.startedAt) || Date.now());
  return (
    <div class="call-banner" data-testid="call-banner">
      <CallIcon />
      <p role="status">
        {elsewhere
          ? words.text("callOnElsewhere")
          : words.plural("callBanner", count, { names, time })}
      </p>
      <button type="button" class="button primary" data-testid="call-banner-join" onClick={onJoin}>
        {words.text(elsewhere ? "callMoveHere" : "callJoin")}
      </button>
    </div>
  );
}
