import type { RefObject } from "preact";
import { useCallback, useMemo, useRef, useState } from "preact/hooks";
import type { Cursor } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { copyText } from "../copy.ts";
import type { RoomModel } from "../room_model.ts";
import { messageHref } from "../routes.ts";
import type { Acts, Layer } from "./acts.ts";
import { onMessageKey } from "./message_keys.ts";

export interface TalkingOptions {
  model: RoomModel;
  input: RefObject<HTMLTextAreaElement | null>;
  /** Has the messages in it. */
  screen: RefObject<HTMLElement | null>;
  /** Says something for some seconds. */
  say(text: string): void;
  jump(id: Cursor): void;
}

/** What can be done to messages in a room, and what is open over them. */
export function useTalking(options: TalkingOptions) {
  const { model, input, screen } = options;
  const { words } = usePage();
  const [layer, setLayer] = useState<Layer>();
  const [announced, setAnnounced] = useState("");
  const now = useRef({ ...options, words, layer });
  now.current = { ...options, words, layer };

  const focusMessage = (id: Cursor | undefined) => {
    const messages = screen.current?.querySelectorAll<HTMLElement>(".message[data-id]") ?? [];
    for (const message of messages) {
      if (message.dataset.id === id) message.focus({ preventScroll: true });
    }
  };
  const acts = useMemo((): Acts => {
    const { talk, writing, client } = model;
    const canWrite = () => client.session != null;
    const toComposer = () => input.current?.focus();
    const textOf = (id: Cursor) => talk.get(id)?.message.text ?? "";
    const copied = async (text: string, done: "textCopied" | "linkCopied") => {
      const { say, words } = now.current;
      say(words.text((await copyText(text)) ? done : "copyFailed"));
    };
    /** False for a guest, who is asked for a name. While it is not known who one is, posts wait. */
    const named = () => {
      if (client.session !== null) return true;
      const { say, words } = now.current;
      say(words.text("talkNeedsName"));
      screen.current?.querySelector<HTMLElement>('[data-testid="name-input"]')?.focus();
      return false;
    };
    return {
      talk,
      said: (id) => talk.get(id),
      canWrite,
      isMine: ({ message }) => talk.isMine(message),
      mayRemove: ({ message }) => canWrite() && (model.keepsOrder || talk.isMine(message)),
      isSelf: (id) => client.isOwn(id),
      open: setLayer,
      react: (id, emoji) => named() && talk.react(id, emoji),
      meet: (id) => void talk.meet(id),
      reply(id) {
        if (!named()) return;
        writing.reply(id);
        toComposer();
      },
      edit(id) {
        if (!named()) return;
        if (writing.view.editing !== id) writing.edit(id, textOf(id));
        toComposer();
      },
      editAgain(id, text) {
        talk.dismiss(id);
        writing.edit(id, text);
        toComposer();
      },
      undo(id) {
        talk.undo(id);
        focusMessage(id);
      },
      dismiss: (id) => talk.dismiss(id),
      copyText: (id) => void copied(textOf(id), "textCopied"),
      copyLink: (id) => void copied(messageHref(id), "linkCopied"),
      jump: (id) => now.current.jump(id),
    };
  }, [model]);

  const close = () => {
    setLayer(undefined);
    focusMessage(layer?.id);
  };
  const remove = (id: Cursor) => {
    model.writing.removed(id);
    model.talk.remove(id);
    setAnnounced(words.text("messageDeleted"));
  };
  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      // What is opened may still be on its way: the keys that follow are for it.
      if (now.current.layer === undefined) {
        onMessageKey(event, screen.current, acts, () => input.current?.focus());
      } else if (event.key === "Escape") setLayer(undefined);
    },
    [acts],
  );
  /** ↑ in the empty field. */
  const editLast = () => {
    const last = model.talk.lastOwn();
    if (last !== undefined) acts.edit(last.id);
  };
  return { acts, layer, close, remove, onKeyDown, editLast, announced };
}
