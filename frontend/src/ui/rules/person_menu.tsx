import type { Cursor, Person } from "../../client/index.ts";
import { keepsOrder, mayKeepInOrder } from "../../client/rules.ts";
import { usePage } from "../context.ts";
import { Popup } from "../conversation/popup.tsx";
import { Dialog } from "../dialog.tsx";
import type { Words } from "../i18n/index.ts";
import { useMenuKeys } from "../menu_keys.ts";
import type { RoomModel } from "../room_model.ts";
import { isolate } from "../rows.tsx";
import { useMedia } from "../use_media.ts";
import type { Control } from "./control.ts";
import { hide, isHidden, unhide } from "./hidden.ts";
import type { Asked } from "./moderate.tsx";
import { refusalOf } from "./refusal.ts";

/** Somebody whom one does something about, and where that began. */
export interface About {
  person: Person;
  /** The message that one came from. */
  message?: Cursor | undefined;
  /** Where it stands on the screen. */
  at?: DOMRect | undefined;
}

export interface PersonMenuProps {
  about: About;
  model: RoomModel;
  control: Control;
  say(text: string): void;
  onAsk(asked: Asked): void;
  onClose(): void;
}

/** Something that can be done about somebody. */
export interface PersonChoice {
  id: string;
  text: Parameters<ReturnType<typeof usePage>["words"]["text"]>[0];
  bad?: true;
  do(): void;
}

/** What one can do about somebody of the list. */
export function PersonMenu(props: PersonMenuProps) {
  const { about, onClose } = props;
  const { words } = usePage();
  const narrow = useMedia("(max-width: 599px)");
  const name = isolate(about.person.name);
  const title = words.text("personActions", { name });
  return narrow ? (
    <Dialog title={about.person.name} kind="sheet" testId="person-sheet" onClose={onClose}>
      <Choices {...props} title={title} named />
    </Dialog>
  ) : (
    <Popup at={about.at} class="menu-popup" onClose={onClose}>
      <Choices {...props} title={title} />
    </Popup>
  );
}

interface ChoicesProps extends PersonMenuProps {
  title: string;
  /** What is around them says whom they are about. */
  named?: boolean;
}

function Choices({ title, named, ...props }: ChoicesProps) {
  const { onClose } = props;
  const { words } = usePage();
  const { box, onKeyDown } = useMenuKeys(onClose);
  return (
    <div
      ref={box}
      class="message-menu"
      role="menu"
      tabIndex={-1}
      aria-label={title}
      data-testid="person-menu"
      onKeyDown={onKeyDown}
    >
      {!named && (
        <p class="menu-about" aria-hidden="true">
          <bdi>{props.about.person.name}</bdi>
        </p>
      )}
      {choicesOf(props, words).map((choice, index) => (
        <button
          key={choice.id}
          type="button"
          role="menuitem"
          tabIndex={-1}
          data-first={index === 0 || undefined}
          class={choice.bad ? "choice bad" : "choice"}
          data-testid={`person-${choice.id}`}
          onClick={() => {
            onClose();
            choice.do();
          }}
        >
          <span>{words.text(choice.text)}</span>
        </button>
      ))}
    </div>
  );
}

/** What one can do about somebody: what one has no power for is not there. */
export function choicesOf(
  { about, model, control, say, onAsk }: Omit<PersonMenuProps, "onClose">,
  words: Words,
): PersonChoice[] {
  const { person, message } = about;
  const { role, owned } = model.view.rules ?? {};
  const here = model.view.members?.find(({ id }) => id === person.id);
  const keeps = owned === true && mayKeepInOrder(role, here?.role);
  // Nobody takes another owner's role away.
  const gives = owned === true && role === "owner" && here?.role !== "owner";
  const session = person.guest !== true && person.via !== "token";
  const hidden = isHidden(person);
  const name = isolate(person.name);
  const run = async (answer: ReturnType<typeof control.calls.unmute>) => {
    const { problem } = await answer;
    if (problem !== undefined) say(refusalOf(words, problem));
  };
  const changeRole = async (was: boolean) => {
    const { calls } = control;
    const { problem } = await calls.setRole(person.id, was ? "member" : "moderator");
    if (problem !== undefined) return say(refusalOf(words, problem));
    control.did({
      text: words.text(was ? "didUnmoderator" : "didModerator", { name }),
      label: "undo",
      undo: () => calls.setRole(person.id, was ? "moderator" : "member"),
    });
  };
  const ask = (kind: "remove" | "mute" | "ban" | "give") => () => onAsk({ kind, person });
  const choices: (PersonChoice | false)[] = [
    keeps &&
      session &&
      model.view.rules?.settings.newcomers === "read" && {
        id: "let-in",
        text: "personLetIn",
        do: () => void run(control.calls.setRole(person.id, "member")),
      },
    {
      id: "hide",
      text: hidden ? "personShow" : "personHide",
      do: () => {
        if (hidden) unhide(person);
        else hide(person);
        say(words.text(hidden ? "personShown" : "personHidden", { name }));
      },
    },
    message !== undefined &&
      owned === true &&
      !keepsOrder(role as never) &&
      model.view.session != null && {
        id: "report",
        text: "personReport",
        do: () => onAsk({ kind: "report", message }),
      },
    gives &&
      session && {
        id: "moderator",
        text: here?.role === "moderator" ? "personUnmakeModerator" : "personMakeModerator",
        do: () => void changeRole(here?.role === "moderator"),
      },
    gives && session && { id: "give", text: "personMakeOwner", do: ask("give") },
    keeps &&
      control.isMuted(person.id) && {
        id: "unmute",
        text: "personUnmute",
        do: () => void run(control.calls.unmute(person.id)),
      },
    keeps && { id: "mute", text: "personMute", do: ask("mute") },
    keeps && { id: "remove", text: "personRemove", bad: true, do: ask("remove") },
    keeps && { id: "ban", text: "personBan", bad: true, do: ask("ban") },
  ];
  return choices.filter((choice) => choice !== false);
}
