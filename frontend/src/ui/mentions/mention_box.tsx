import type { RefObject } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Person } from "../../client/index.ts";
import { Avatar } from "../avatar.tsx";
import { usePage } from "../context.ts";
import { composes, ON_SCREEN_KEYBOARD } from "../keys.ts";
import { useLayer } from "../layers.ts";
import { matching, mentionsIn, type Query, queryAt } from "./complete.ts";
import { type People, usePeople } from "./people.tsx";

/** What the field's handlers ask of the list. */
export interface MentionHandle {
  /** What was typed has changed. */
  look(): void;
  /** Reports whether a key was for the list. */
  onKey(event: KeyboardEvent): boolean;
  /** Whom a text mentions that is sent. */
  idsIn(text: string): string[];
}

export interface MentionBoxProps {
  input: RefObject<HTMLTextAreaElement | null>;
  handle: RefObject<MentionHandle | null>;
}

interface Open extends Query {
  people: Person[];
  at: number;
}

/** `@` in a field offers the people of the room. Nothing is drawn while there is nobody to offer. */
export function MentionBox({ input, handle }: MentionBoxProps) {
  const people = usePeople();
  const { others } = people;
  const id = useId();
  const [open, setOpen] = useState<Open>();
  const chosen = useRef<Person[]>([]);
  /** An `@` that was answered, or that one does not want to be asked about. */
  const done = useRef<{ start: number; text: string } | undefined>(undefined);

  const look = () => {
    const field = input.current;
    if (field === null) return;
    const { value, selectionStart, selectionEnd } = field;
    const query = selectionStart === selectionEnd ? queryAt(value, selectionEnd) : undefined;
    if (query === undefined || isDone(query, value)) return setOpen(undefined);
    const people = matching(others, query.text);
    if (people.length === 0) return setOpen(undefined);
    const same = open?.start === query.start && open.text === query.text;
    setOpen({ ...query, people, at: same ? Math.min(open.at, people.length - 1) : 0 });
  };

  function isDone(query: Query, value: string): boolean {
    const answered = done.current;
    if (answered === undefined) return false;
    if (answered.start === query.start && value.startsWith(answered.text, query.start)) return true;
    done.current = undefined;
    return false;
  }

  const choose = (person: Person) => {
    const field = input.current;
    if (field === null || open === undefined) return;
    const text = `@${person.name}`;
    const end = open.start + 1 + open.text.length;
    const blank = /^\s/.test(field.value.slice(end)) ? "" : " ";
    field.setRangeText(text + blank, open.start, end, "end");
    done.current = { start: open.start, text };
    chosen.current.push(person);
    setOpen(undefined);
    field.focus();
    // To whoever keeps what is typed it is as if it had been typed.
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  /** One does not want to be asked. */
  const dismiss = () => {
    if (open !== undefined) done.current = { start: open.start, text: "@" };
    setOpen(undefined);
  };

  const onKey = (event: KeyboardEvent): boolean => {
    if (open === undefined || composes(event)) return false;
    const { key, shiftKey, ctrlKey, altKey, metaKey } = event;
    if (ctrlKey || altKey || metaKey) return false;
    const person = open.people[open.at];
    if (key === "ArrowDown" || key === "ArrowUp") {
      const step = key === "ArrowDown" ? 1 : open.people.length - 1;
      setOpen({ ...open, at: (open.at + step) % open.people.length });
    } else if ((key === "Enter" || key === "Tab") && !shiftKey && person !== undefined) {
      choose(person);
    } else if (key === "Escape") dismiss();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };

  handle.current = {
    look,
    onKey,
    idsIn: (text) => {
      const ids = mentionsIn(text, underAllNames(people), chosen.current);
      chosen.current = [];
      done.current = undefined;
      return ids;
    },
  };
  const looking = useRef(look);
  looking.current = look;
  useEffect(() => {
    const field = input.current;
    if (field === null) return;
    const onKeyUp = ({ key }: KeyboardEvent) => {
      if (/^(ArrowLeft|ArrowRight|Home|End)$/.test(key)) looking.current();
    };
    const onClick = () => looking.current();
    const onBlur = () => setOpen(undefined);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-haspopup", "listbox");
    field.addEventListener("keyup", onKeyUp);
    field.addEventListener("click", onClick);
    field.addEventListener("blur", onBlur);
    looking.current();
    return () => {
      handle.current = null;
      field.removeEventListener("keyup", onKeyUp);
      field.removeEventListener("click", onClick);
      field.removeEventListener("blur", onBlur);
    };
  }, [input, handle]);
  const option = (at: number) => `${id}-${at}`;
  useLayoutEffect(() => {
    const field = input.current;
    if (field === null || open === undefined) return;
    field.setAttribute("aria-controls", id);
    field.setAttribute("aria-activedescendant", option(open.at));
    return () => {
      field.removeAttribute("aria-controls");
      field.removeAttribute("aria-activedescendant");
    };
  }, [input, open]);
  if (open === undefined) return null;
  return (
    <>
      {/* Where there is no Esc. */}
      {matchMedia(ON_SCREEN_KEYBOARD).matches && <ClosedByBack onClose={dismiss} />}
      <Options id={id} open={open} option={option} onChoose={choose} />
    </>
  );
}

function ClosedByBack({ onClose }: { onClose(): void }) {
  useLayer(onClose);
  return null;
}

/** An edited message may still have a name that somebody had, and that nobody has now. */
function underAllNames({ others, namesOf }: People): Person[] {
  const taken = new Set(others.map(({ name }) => name));
  const former = others.flatMap((person) =>
    namesOf(person.id)
      .filter((name) => !taken.has(name))
      .map((name) => ({ ...person, name })),
  );
  return [...others, ...former];
}

interface OptionsProps {
  id: string;
  open: Open;
  option(at: number): string;
  onChoose(person: Person): void;
}

function Options({ id, open, option, onChoose }: OptionsProps) {
  const { words } = usePage();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    box.current?.children[open.at]?.scrollIntoView?.({ block: "nearest" });
  }, [open.at]);
  return (
    <>
      <div
        ref={box}
        id={id}
        class="mention-list"
        role="listbox"
        data-testid="mention-list"
        aria-label={words.text("mentionSomebody")}
      >
        {open.people.map((person, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's, which has the focus
          <div
            key={person.id}
            id={option(at)}
            role="option"
            tabIndex={-1}
            data-testid="mention-option"
            data-id={person.id}
            aria-selected={at === open.at}
            // The focus, and a phone's keyboard, stay where they are.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => onChoose(person)}
          >
            <Avatar person={person} />
            <bdi class="mention-name">{person.name}</bdi>
            {person.guest && <span class="tag">{words.text("guest")}</span>}
          </div>
        ))}
      </div>
      <span class="sr" role="status">
        {words.plural("mentionChoices", open.people.length)}
      </span>
    </>
  );
}
