import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Cursor } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { Dialog } from "../dialog.tsx";
import type { EmojiPickerProps } from "../emoji/picker.tsx";
import { noteEmoji, quickEmoji } from "../emoji/recent.ts";
import { PlusIcon } from "../icons.tsx";
import type { PersonChoice } from "../rules/person_menu.tsx";
import { useMedia } from "../use_media.ts";
import { type Layer, useActs } from "./acts.ts";
import { MessageMenu } from "./message_menu.tsx";
import { Popup } from "./popup.tsx";
import { ReactionList } from "./reaction_list.tsx";
import type { Said } from "./talk.ts";

export interface LayersProps {
  layer: Layer | undefined;
  onClose(): void;
  onRemove(id: Cursor): void;
  /** What can be done about who has said a message. */
  about(said: Said): readonly PersonChoice[];
}

/** What is open over the messages. */
export function Layers({ layer, onClose, onRemove, about }: LayersProps) {
  const { words } = usePage();
  const acts = useActs();
  const narrow = useMedia("(max-width: 599px)");
  const said = layer && acts.said(layer.id);
  const gone = layer !== undefined && (said === undefined || said.message.deleted === true);
  useEffect(() => {
    if (gone) onClose();
  }, [gone]);
  if (layer === undefined || said === undefined || gone) return null;
  const { id, at } = layer;
  const react = (emoji: string) => {
    onClose();
    noteEmoji(emoji);
    acts.react(id, emoji);
  };
  // On a phone the menu is a sheet. Each dialog has a key: one that follows another is a new one.
  switch (layer.kind === "menu" && narrow ? "sheet" : layer.kind) {
    case "menu":
      return (
        <Popup at={at} class="menu-popup" onClose={onClose}>
          <MessageMenu said={said} at={at} about={about(said)} touch={false} onClose={onClose} />
        </Popup>
      );
    case "sheet":
      return (
        <Dialog
          key="sheet"
          title={words.text("message")}
          kind="sheet"
          testId="message-sheet"
          onClose={onClose}
        >
          {acts.canWrite() && (
            <div class="quick-emoji">
              {quickEmoji().map((emoji) => (
                <button key={emoji} type="button" class="quick" onClick={() => react(emoji)}>
                  {emoji}
                </button>
              ))}
              <button
                type="button"
                class="quick"
                data-testid="quick-more"
                aria-label={words.text("react")}
                onClick={() => acts.open({ kind: "picker", id })}
              >
                <PlusIcon />
              </button>
            </div>
          )}
          <MessageMenu said={said} about={about(said)} touch onClose={onClose} />
        </Dialog>
      );
    case "picker":
      return narrow ? (
        <Dialog key="picker" title={words.text("emojiPicker")} kind="sheet" onClose={onClose}>
          <Picker onPick={react} />
        </Dialog>
      ) : (
        <Popup at={at} class="picker-popup" onClose={onClose}>
          <Picker onPick={react} />
        </Popup>
      );
    case "reactions":
      return (
        <Dialog
          key="reactions"
          title={words.text("reactions")}
          kind={narrow ? "sheet" : "panel"}
          onClose={onClose}
        >
          <ReactionList message={said.message} />
        </Dialog>
      );
    case "remove":
      return (
        <Dialog
          key="remove"
          title={words.text("removeAsk")}
          kind={narrow ? "sheet" : "panel"}
          testId="remove-ask"
          onClose={onClose}
        >
          <p class="quiet">{words.text("removeHint")}</p>
          <div class="dialog-buttons">
            <button type="button" class="button" onClick={onClose}>
              {words.text("cancel")}
            </button>
            <button
              type="button"
              class="button danger"
              data-first
              data-testid="remove"
              onClick={() => {
                onClose();
                onRemove(id);
              }}
            >
              {words.text("remove")}
            </button>
          </div>
        </Dialog>
      );
  }
}

/** The picker is loaded when it is wanted: its words are many. */
function Picker({ onPick }: EmojiPickerProps) {
  const { words } = usePage();
  const [Loaded, setLoaded] = useState<{ Picker: ComponentType<EmojiPickerProps> }>();
  const [failed, setFailed] = useState(false);
  const load = () => {
    setFailed(false);
    import("../emoji/picker.tsx").then(
      ({ EmojiPicker }) => setLoaded({ Picker: EmojiPicker }),
      () => setFailed(true),
    );
  };
  useEffect(load, []);
  if (Loaded !== undefined) return <Loaded.Picker onPick={onPick} />;
  return (
    <div class="emoji-picker" aria-busy={!failed}>
      <div class="quick-emoji">
        {quickEmoji().map((emoji) => (
          <button key={emoji} type="button" class="quick" onClick={() => onPick(emoji)}>
            {emoji}
          </button>
        ))}
      </div>
      {failed && (
        <p class="problem" role="alert">
          {words.text("emojiLoadFailed")}{" "}
          <button type="button" class="text-button" onClick={load}>
            {words.text("retry")}
          </button>
        </p>
      )}
    </div>
  );
}
