import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Person } from "../client/index.ts";
import { CallButton, useCalls } from "./call/call_entry.tsx";
import { Composer } from "./composer.tsx";
import { Connection } from "./connection.tsx";
import { usePage } from "./context.ts";
import { ActsContext } from "./conversation/acts.ts";
import { keepOneInTabOrder } from "./conversation/message_keys.ts";
import { useTalking } from "./conversation/talking.tsx";
import { copyText } from "./copy.ts";
import { useFind } from "./find/use_find.ts";
import { BackIcon, CheckIcon, LeaveIcon, LinkIcon, PeopleIcon, SearchIcon } from "./icons.tsx";
import { useLink } from "./link.ts";
import { WithPeople } from "./mentions/people.tsx";
import { useRoomPeople } from "./mentions/room_people.ts";
import { Menu } from "./menu.tsx";
import { MessageList } from "./message_list.tsx";
import { NamePrompt } from "./name_prompt.tsx";
import { CallBanner, Layers, later, PeopleList, PeopleSheet } from "./parts.ts";
import type { RoomView } from "./room_model.ts";
import type { Rooms } from "./rooms/rooms.ts";
import { RoomsToggle } from "./rooms/rooms_column.tsx";
import { roomHref } from "./routes.ts";
import { isHidden } from "./rules/hidden.ts";
import { Door, InRoom } from "./rules/parts.ts";
import { useRules } from "./rules/use_rules.ts";
import { rowsOf } from "./timeline.ts";
import { Typing } from "./typing.tsx";
import { useMedia } from "./use_media.ts";
import { savedName } from "./visits.ts";
import { WIDE } from "./wide.ts";

const NOTICE_SHOWN = 6_000;

interface RoomScreenProps {
  room: string;
  rooms: Rooms;
  /** The address, which may lead to a message. */
  href: string;
}

/** `/rooms/{room}` */
export function RoomScreen(props: RoomScreenProps) {
  return (
    <WithPeople>
      <Room {...props} />
    </WithPeople>
  );
}

function Room({ room, rooms, href }: RoomScreenProps) {
  const { words, baseUrl, goTo, arrived } = usePage();
  const { model, view } = useRoom(rooms, room);
  const [notice, setNotice] = useNotice();
  const calls = useCalls(view, setNotice);
  const wide = useMedia(WIDE);
  const roomy = useMedia("(min-width: 1400px)");
  const [peopleWanted, setPeopleWanted] = useState<boolean>();
  const inside = view.ended === undefined;
  const peopleShown = inside && (peopleWanted ?? (calls.staged ? roomy : wide));
  const [naming, setNaming] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const screen = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);

  const self: Person = {
    id: view.session?.clientId ?? "",
    name: view.session?.name ?? savedName() ?? "",
  };
  const rows = useMemo(
    () =>
      rowsOf({
        items: view.items,
        posts: view.posts,
        self,
        isOwn: (id) => model.client.isOwn(id),
        said: (message) => model.talk.said(message),
        answered: (message) => model.talk.answered(message),
        hidden: isHidden,
        readUpTo: view.readUpTo,
      }),
    [view, self.id],
  );
  useRoomPeople(model, {
    members: view.members,
    authors: view.items.flatMap((item) => (item.kind === "message" ? [item.message.from] : [])),
    isMe: (id) => model.client.isOwn(id),
  });
  const onRetry = useCallback((key: string) => model.client.retry(key), [model]);
  const onDiscard = useCallback((key: string) => model.talk.discard(key), [model]);

  useEffect(() => {
    if (view.lost === "some") setNotice(words.text("resetNotice"));
  }, [view.lost]);
  const find = useFind();
  const { linked, jump } = useLink(href, model, view, () => setNotice(words.text("linkGone")));
  const talking = useTalking({ model, input, screen, say: setNotice, jump });
  useLater(view.loaded);
  const mine = useRules({
    room,
    model,
    view,
    href,
    say: setNotice,
    asks: talking.layer !== undefined,
  });
  const { rules, held } = mine;
  const title = rules?.settings?.title || room;
  const topic = rules?.settings?.topic;
  // Nothing of the room has come, or will come.
  const outside = !inside && !view.loaded;
  const called = calls.offered && !calls.staged && view.call;
  const { editing, replyTo } = view.writing;
  const about = editing ?? replyTo;
  useEffect(() => keepOneInTabOrder(screen.current), [rows]);
  useLayoutEffect(() => {
    // A field takes it where there is one and no keyboard comes up over the messages.
    if (arrived && document.activeElement === document.body) heading.current?.focus();
  }, []);
  useEffect(() => setPeopleWanted(undefined), [wide, calls.staged]);

  const leave = () => {
    rooms.leave(room);
    goTo();
  };
  const copyLink = async () => {
    const done = await copyText(roomHref(room, baseUrl));
    setNotice(words.text(done ? "linkCopied" : "copyFailed"));
  };
  const people = {
    members: view.members,
    count: view.memberCount,
    session: view.session,
    onAbout: mine.aboutPerson,
  };
  // Nobody knows how many there are before the server has said it.
  const peopleTitle =
    view.memberCount > 0 ? words.plural("peopleCount", view.memberCount) : words.text("people");
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys go from message to message
    <div
      class="room"
      ref={screen}
      onKeyDown={talking.onKeyDown}
      onFocusIn={() => keepOneInTabOrder(screen.current)}
    >
      <header class="room-header">
        {wide ? (
          <button
            type="button"
            class="icon-button back"
            aria-label={words.text("backToStart")}
            title={words.text("backToStart")}
            onClick={() => goTo()}
          >
            <BackIcon />
          </button>
        ) : (
          <RoomsToggle rooms={rooms} />
        )}
        <div class="room-title">
          <h1 ref={heading} tabIndex={-1}>
            <bdi>{title}</bdi>
          </h1>
          <Connection
            state={view.connection}
            lastLive={view.lastLive}
            decisions={view.decisions}
            room={room}
            onRetry={() => model.client.retryNow()}
          />
        </div>
        {topic && (
          <p class="topic" title={topic} data-testid="topic">
            <bdi>{topic}</bdi>
          </p>
        )}
        {calls.offered && !calls.staged && (
          <CallButton call={view.call} button={calls.button} onClick={calls.open} />
        )}
        <button
          type="button"
          class="icon-button"
          data-testid="find-open"
          aria-expanded={find.open}
          aria-keyshortcuts="/ Control+Shift+F"
          aria-label={words.text("find")}
          title={words.text("find")}
          onClick={() => find.setOpen(!find.open)}
        >
          <SearchIcon />
        </button>
        {inside && (
          <button
            type="button"
            class="icon-button count"
            data-testid="people-toggle"
            aria-expanded={peopleShown}
            aria-label={peopleTitle}
            title={peopleTitle}
            onClick={() => setPeopleWanted(!peopleShown)}
          >
            <PeopleIcon />
            <span data-testid="people-count">{view.memberCount || ""}</span>
          </button>
        )}
        <button
          type="button"
          class="icon-button"
          data-testid="copy-link"
          aria-label={words.text("copyLink")}
          title={words.text("copyLink")}
          onClick={copyLink}
        >
          {notice === words.text("linkCopied") ? <CheckIcon /> : <LinkIcon />}
        </button>
        <Menu
          room={room}
          name={view.session?.name}
          onChangeName={() => setNaming(true)}
          about={mine.entry}
          onAbout={mine.openRoom}
        />
        <button
          type="button"
          class="icon-button"
          data-testid="leave"
          aria-label={words.text("leaveRoom")}
          title={words.text("leaveRoom")}
          onClick={leave}
        >
          <LeaveIcon />
        </button>
      </header>
      <div class={calls.staged ? "room-body with-call" : "room-body"}>
        {calls.Screen !== undefined && (
          <calls.Screen
            room={room}
            self={self}
            members={view.members}
            chatLive={view.connection.status === "live"}
            isFirst={view.call === undefined}
            onStage={calls.setStaged}
            onClose={calls.close}
          />
        )}
        <main class="conversation">
          {called && (
            <CallBanner
              call={called}
              members={view.members}
              selfId={view.session?.clientId}
              onJoin={calls.open}
            />
          )}
          {find.Panel !== undefined && (
            <find.Panel
              room={room}
              model={model}
              view={view}
              onGo={jump}
              onClose={() => find.setOpen(false)}
            />
          )}
          <ActsContext.Provider value={talking.acts}>
            {outside ? (
              <Door room={room} model={model} view={view} />
            ) : (
              <MessageList
                rows={rows}
                loaded={view.loaded}
                onRetry={onRetry}
                onDiscard={onDiscard}
                earlier={view.earlier}
                lost={view.lost === "all"}
                linked={linked}
                onEarlier={() => model.loadEarlier()}
                onAtEnd={(atEnd) => model.reading.setAtEnd(atEnd)}
                before={model.place}
                onPlace={(place) => {
                  model.place = place;
                }}
                onRead={(id) => model.reading.read(id)}
              />
            )}
            {talking.layer !== undefined && (
              <Layers
                layer={talking.layer}
                onClose={talking.close}
                onRemove={talking.remove}
                about={mine.choicesAbout}
              />
            )}
            <p class="sr" role="status">
              {talking.announced}
            </p>
          </ActsContext.Provider>
          <div class="notice" role="status" data-testid="notice">
            {notice !== undefined && <span>{notice}</span>}
          </div>
          <Typing people={view.typing} />
          <div class="dock">
            {mine.wanted && (
              <InRoom
                room={room}
                model={model}
                view={view}
                over={mine.over}
                onOver={mine.setOver}
                onHeld={mine.setHeld}
                say={setNotice}
              />
            )}
            {!inside ? (
              !outside && <Door room={room} model={model} view={view} />
            ) : view.session === null || naming ? (
              <NamePrompt
                signIn={(name) => model.client.signIn(name)}
                onDone={() => setNaming(false)}
                onCancel={view.session === null ? undefined : () => setNaming(false)}
              />
            ) : held === "closed" ? null : (
              <Composer
                input={input}
                model={model}
                room={view}
                held={held === "wait"}
                about={about && model.talk.answered({ replyTo: { id: about } })}
                onUp={talking.editLast}
                onEmptied={(id) => talking.acts.open({ kind: "remove", id })}
              />
            )}
          </div>
        </main>
        {peopleShown && wide && (
          <aside class="people-side" aria-label={words.text("people")}>
            <h2>{peopleTitle}</h2>
            <PeopleList {...people} />
          </aside>
        )}
      </div>
      {peopleShown && !wide && (
        <PeopleSheet {...people} title={peopleTitle} onClose={() => setPeopleWanted(undefined)} />
      )}
    </div>
  );
}

function useRoom(rooms: Rooms, room: string) {
  // Before the first drawing, which is to show the line and to know that it is seen.
  const model = useMemo(() => rooms.enter(room), [rooms, room]);
  const [view, setView] = useState<RoomView>(model.view);
  useEffect(() => {
    const off = model.subscribe(() => setView(model.view));
    model.start();
    setView(model.view);
    return () => {
      off();
      rooms.exit(room);
    };
  }, [rooms, model]);
  return { model, view };
}

/** What is not needed for reading comes after it, and before the network may be away. Milliseconds. */
const LATER = 3_000;

function useLater(loaded: boolean): void {
  useEffect(() => {
    if (!loaded) return;
    const timer = setTimeout(later.ahead, LATER);
    return () => clearTimeout(timer);
  }, [loaded]);
}

function useNotice() {
  const [notice, setNotice] = useState<string>();
  useEffect(() => {
    if (notice === undefined) return;
    const timer = setTimeout(() => setNotice(undefined), NOTICE_SHOWN);
    return () => clearTimeout(timer);
  }, [notice]);
  return [notice, setNotice] as const;
}
