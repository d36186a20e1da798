import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Cursor, Person } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { useFocusBack } from "../focus_back.ts";
import { shortTime } from "../i18n/times.ts";
import { CloseIcon } from "../icons_later.tsx";
import { lookOf } from "../identity.ts";
import { useLayer } from "../layers.ts";
import type { RoomModel, RoomView } from "../room_model.ts";
import { findHere, findKept, merged, type Results } from "./find.ts";
import { excerpt, isEmpty, type Query } from "./find_match.ts";

export interface FindPanelProps {
  room: string;
  model: RoomModel;
  view: RoomView;
  /** Shows a message in its place. */
  onGo(id: Cursor): void;
  onClose(): void;
}

/** How long one has stopped to type when the server is asked. Milliseconds. */
const PAUSE = 300;

const NOTHING: Results = { messages: [], more: false, server: "answered" };

/** Looks for messages of the room by their text and by who wrote them. */
export function FindPanel({ room, model, view, onGo, onClose }: FindPanelProps) {
  const { words, baseUrl } = usePage();
  const [query, setQuery] = useState<Query>({ text: "", from: "" });
  const [results, setResults] = useState(NOTHING);
  const [shown, setShown] = useState<Cursor>();
  const box = useRef<HTMLElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const people = useMemo(() => peopleOf(view), [view.items, view.members]);
  useLayer(onClose);
  useFocusBack(box);

  // Before it is painted: what one types at once is for the field.
  useLayoutEffect(() => field.current?.focus(), []);
  useEffect(() => {
    setShown(undefined);
    if (isEmpty(query)) return setResults(NOTHING);
    const here = findHere(model, query);
    setResults({ messages: here, more: false, server: "asked" });
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      const kept = await findKept(baseUrl, room, query, abort);
      if (gone) return;
      setResults({
        messages: merged(here, kept?.messages ?? []),
        more: kept?.more ?? false,
        server: kept === undefined ? "failed" : "answered",
      });
    }, PAUSE);
    let gone = false;
    return () => {
      gone = true;
      clearTimeout(timer);
      abort.abort();
    };
  }, [query, model, room]);

  // As they are now: what is deleted meanwhile is found no more.
  const messages = results.messages
    .map((message) => model.talk.said(message))
    .flatMap(({ message, removing }) => (message.deleted || removing ? [] : [message]));
  const go = (id: Cursor | undefined) => {
    if (id === undefined) return;
    setShown(id);
    onGo(id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.preventDefault();
      return onClose();
    }
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    if (step === 0 || buttons.length === 0 || event.target instanceof HTMLSelectElement) return;
    event.preventDefault();
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    const next = at + step;
    if (next < 0) field.current?.focus();
    else buttons[Math.min(next, buttons.length - 1)]?.focus();
  };
  return (
    <search ref={box} class="find" data-testid="find" onKeyDown={onKeyDown}>
      <form
        class="find-fields"
        onSubmit={(event) => {
          event.preventDefault();
          go(messages[0]?.id);
        }}
      >
        <input
          ref={field}
          type="search"
          data-testid="find-input"
          aria-label={words.text("findText")}
          placeholder={words.text("findText")}
          maxLength={100}
          autocomplete="off"
          enterkeyhint="search"
          value={query.text}
          onInput={(event) => setQuery({ ...query, text: event.currentTarget.value })}
        />
        <select
          data-testid="find-from"
          aria-label={words.text("findFrom")}
          value={query.from}
          onChange={(event) => setQuery({ ...query, from: event.currentTarget.value })}
        >
          <option value="">{words.text("findAnybody")}</option>
          {people.map((person) => (
            <option key={lookOf(person)} value={lookOf(person)}>
              {person.name}
            </option>
          ))}
        </select>
        <button
          type="button"
          class="icon-button"
          data-testid="find-close"
          aria-label={words.text("close")}
          title={words.text("close")}
          onClick={onClose}
        >
          <CloseIcon />
        </button>
      </form>
      <p class="quiet small find-count" role="status" data-testid="find-count">
        {isEmpty(query) ? words.text("findHint") : <Summary results={{ ...results, messages }} />}
      </p>
      <ul ref={list} class="find-results" aria-label={words.text("findResults")}>
        {messages.map((message) => {
          const at = Date.parse(message.time) || Date.now();
          return (
            <li key={message.id}>
              <button
                type="button"
                class="find-result"
                data-testid="find-result"
                data-id={message.id}
                aria-current={message.id === shown}
                onClick={() => go(message.id)}
              >
                <bdi class="find-name">{message.from.name}</bdi>
                <time dateTime={message.time} title={words.exactTime(at)}>
                  {shortTime(words, at, Date.now())}
                </time>
                <bdi class="find-text">
                  {excerpt(query, message.text).map((part, index) =>
                    part.found ? <mark key={index}>{part.text}</mark> : part.text,
                  )}
                </bdi>
              </button>
            </li>
          );
        })}
      </ul>
    </search>
  );
}

function Summary({ results: { messages, more, server } }: { results: Results }) {
  const { words } = usePage();
  if (server === "asked" && messages.length === 0) return <>{words.text("findAsking")}</>;
  const count = words.plural("findCount", messages.length);
  const only =
    server === "failed" ? words.text("findFailed") : more ? words.text("findMore") : undefined;
  return (
    <>
      {messages.length === 0 ? words.text("findNone") : count}
      {only !== undefined && ` ${only}`}
    </>
  );
}

/** Who is in the room, and who has written what the page holds, each look once; by name. */
function peopleOf({ items, members = [] }: RoomView): Person[] {
  const all = new Map<string, Person>();
  const add = (person: Person) => all.set(lookOf(person), person);
  for (const item of items) {
    if (item.kind === "message") add(item.message.from);
  }
  members.forEach(add);
  return [...all.values()].sort((a, b) => a.name.localeCompare(b.name));
}
