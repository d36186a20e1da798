import { usePage } from "../context.ts";
import { CopyIcon, LinkIcon, ReactIcon, ReplyIcon } from "../icons.tsx";
import { EditIcon, TrashIcon } from "../icons_later.tsx";
import { useMenuKeys } from "../menu_keys.ts";
import type { PersonChoice } from "../rules/person_menu.tsx";
import { type Acts, useActs } from "./acts.ts";
import { KEYS } from "./message_keys.ts";
import type { Said } from "./talk.ts";

interface Choice {
  id: string;
  text: Parameters<ReturnType<typeof usePage>["words"]["text"]>[0];
  Icon: typeof CopyIcon;
  /** The key that does the same. */
  key?: string;
  bad?: true;
  do(): void;
}

function choicesOf(said: Said, acts: Acts, at: DOMRect | undefined, touch: boolean): Choice[] {
  const { id, reactions = [] } = said.message;
  const writes = acts.canWrite();
  const own = writes && acts.isMine(said);
  const choices: (Choice | false)[] = [
    writes &&
      !touch && {
        id: "react",
        text: "react",
        Icon: ReactIcon,
        key: KEYS.react,
        do: () => acts.open({ kind: "picker", id, at }),
      },
    writes && {
      id: "reply",
      text: "reply",
      Icon: ReplyIcon,
      key: KEYS.reply,
      do: () => acts.reply(id),
    },
    own && { id: "edit", text: "edit", Icon: EditIcon, key: KEYS.edit, do: () => acts.edit(id) },
    { id: "copy-text", text: "copyText", Icon: CopyIcon, do: () => acts.copyText(id) },
    { id: "copy-link", text: "copyMessageLink", Icon: LinkIcon, do: () => acts.copyLink(id) },
    reactions.length > 0 && {
      id: "reactions",
      text: "reactions",
      Icon: ReactIcon,
      do: () => acts.open({ kind: "reactions", id }),
    },
    acts.mayRemove(said) && {
      id: "delete",
      text: "remove",
      Icon: TrashIcon,
      key: KEYS.remove,
      bad: true,
      do: () => acts.open({ kind: "remove", id }),
    },
  ];
  return choices.filter((choice) => choice !== false);
}

export interface MessageMenuProps {
  said: Said;
  at?: DOMRect | undefined;
  /** What can be done about who has said it. */
  about: readonly PersonChoice[];
  /** On a phone: keys are not named. */
  touch: boolean;
  onClose(): void;
}

/** All that can be done to a message, with the keys that do the same. */
export function MessageMenu({ said, at, about, touch, onClose }: MessageMenuProps) {
  const { words } = usePage();
  const acts = useActs();
  const { box, onKeyDown } = useMenuKeys(onClose);
  const choose = ({ currentTarget }: { currentTarget: Element }, choice: { do(): void }) => {
    onClose();
    // A dialog that is still open keeps the focus from the field behind it, and so its keyboard.
    currentTarget.closest("dialog")?.close();
    choice.do();
  };
  return (
    <div
      ref={box}
      class="message-menu"
      role="menu"
      tabIndex={-1}
      aria-label={words.text("moreActions")}
      data-testid="message-menu"
      onKeyDown={onKeyDown}
    >
      {choicesOf(said, acts, at, touch).map((choice, index) => (
        <button
          key={choice.id}
          type="button"
          role="menuitem"
          tabIndex={-1}
          data-first={index === 0 || undefined}
          class={choice.bad ? "choice bad" : "choice"}
          data-testid={`menu-${choice.id}`}
          onClick={(event) => choose(event, choice)}
        >
          <choice.Icon />
          <span>{words.text(choice.text)}</span>
          {!touch && choice.key !== undefined && <kbd>{choice.key}</kbd>}
        </button>
      ))}
      {about.length > 0 && (
        <p class="menu-about" aria-hidden="true">
          <bdi>{said.message.from.name}</bdi>
        </p>
      )}
      {about.map((choice) => (
        <button
          key={choice.id}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={choice.bad ? "choice bad" : "choice"}
          data-testid={`person-${choice.id}`}
          onClick={(event) => choose(event, choice)}
        >
          <span>{words.text(choice.text)}</span>
        </button>
      ))}
    </div>
  );
}
