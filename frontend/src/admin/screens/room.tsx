import { useState } from "preact/hooks";
import { roomPath, withQuery } from "../api.ts";
import { useAsk, useEvery, usePage } from "../context.ts";
import type { Text } from "../i18n/words.ts";
import { Heading } from "../parts/heading.tsx";
import { Figure, guestsOf, Loaded } from "../parts/state.tsx";
import { Shown, Time } from "../parts/text.tsx";
import { hrefTo } from "../route.ts";
import type { RoomInfo } from "../shapes.ts";
import { Bans } from "./bans.tsx";
import { AskClear, AskClose } from "./end_room.tsx";
import { Members } from "./members.tsx";
import { Messages } from "./messages.tsx";
import { Flags } from "./rooms.tsx";
import { SettingsPart } from "./settings.tsx";

const PARTS = ["messages", "members", "settings", "bans", "actions"] as const;
type Part = (typeof PARTS)[number];

/** One room: what there is of it, who is there, what is said, and what can be done about it. */
export function Room({ room, part }: { room: string; part: string | undefined }) {
  const { words, live } = usePage();
  const asked = useAsk<RoomInfo>(roomPath(room));
  useEvery(10_000, () => void asked.reload());
  const shown: Part = PARTS.find((one) => one === part) ?? "messages";
  if (asked.problem?.status === 404 || asked.problem?.status === 410) {
    return (
      <>
        <RoomHeading room={room} title={undefined} />
        <p class="quiet empty" data-testid="room-gone">
          {words.text("roomGone")}
        </p>
      </>
    );
  }
  return (
    <>
      <RoomHeading room={room} title={asked.result?.title} />
      <Loaded asked={asked}>
        {(result) => <Facts room={{ ...result, ...live.rooms.get(room) }} />}
      </Loaded>
      <nav class="parts" aria-label={words.text("roomPages")}>
        <ul>
          {PARTS.map((one) => (
            <li key={one}>
              <a
                href={hrefTo({ page: "rooms", of: room, part: one })}
                data-testid={`part-${one}`}
                aria-current={one === shown ? "page" : undefined}
              >
                {words.text(one satisfies Text)}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <section class="part" aria-label={words.text(shown)}>
        {shown === "messages" && <Messages room={room} />}
        {shown === "members" && <Members room={room} owned={asked.result?.owned === true} />}
        {shown === "settings" && <SettingsPart room={room} />}
        {shown === "bans" && <Bans room={room} />}
        {shown === "actions" && <Actions room={room} onDone={() => void asked.reload()} />}
      </section>
    </>
  );
}

function RoomHeading({ room, title }: { room: string; title: string | undefined }) {
  const { words } = usePage();
  return (
    <>
      <p class="trail">
        <a href={hrefTo({ page: "rooms" })} data-testid="to-rooms">
          {words.text("rooms")}
        </a>
        <span aria-hidden="true"> / </span>
      </p>
      <Heading>
        <Shown text={room} most={64} />
        {title !== undefined && title !== "" && (
          <span class="title-beside quiet">
            <Shown text={title} most={100} />
          </span>
        )}
      </Heading>
    </>
  );
}

function Facts({ room }: { room: RoomInfo }) {
  const { words } = usePage();
  const n = (value: number | undefined) => words.number(value ?? 0);
  return (
    <>
      <Flags room={room} />
      <dl class="figures small-figures" data-testid="facts">
        <Figure
          label={words.text("members")}
          value={<span data-testid="fact-members">{n(room.members)}</span>}
          note={guestsOf(words, room.guests)}
        />
        <Figure
          label={words.text("messagesKept")}
          value={<span data-testid="fact-messages">{n(room.messages)}</span>}
        />
        <Figure
          label={words.text("perMinute")}
          value={words.rate(room.perMinute ?? 0)}
          note={words.text("perHour", { count: n(room.perHour) })}
        />
        <Figure label={words.text("lastMessage")} value={<Time at={room.lastAt} ago />} />
        <Figure
          label={words.text("files")}
          value={n(room.files)}
          note={words.bytes(room.bytes ?? 0)}
        />
      </dl>
    </>
  );
}

function Actions({ room, onDone }: { room: string; onDone(): void }) {
  const { words, api } = usePage();
  const [asking, setAsking] = useState<"clear" | "close">();
  const close = () => setAsking(undefined);
  return (
    <div class="panel-box actions">
      <div class="action-line">
        <p class="quiet">{words.text("exportHint")}</p>
        <a
          class="button"
          data-testid="export"
          href={api.url(withQuery("api/export", { room }))}
          download={`${room}.tar`}
        >
          {words.text("exportRoom")}
        </a>
      </div>
      <div class="action-line">
        <p class="quiet">{words.text("clearHint")}</p>
        <button
          type="button"
          class="button danger-quiet"
          data-testid="clear"
          onClick={() => setAsking("clear")}
        >
          {words.text("clearRoom")}
        </button>
      </div>
      <div class="action-line">
        <p class="quiet">{words.text("closeHint")}</p>
        <button
          type="button"
          class="button danger-quiet"
          data-testid="close"
          onClick={() => setAsking("close")}
        >
          {words.text("closeRoom")}
        </button>
      </div>
      {asking === "clear" && <AskClear room={room} onDone={onDone} onClose={close} />}
      {asking === "close" && <AskClose room={room} onDone={onDone} onClose={close} />}
    </div>
  );
}
