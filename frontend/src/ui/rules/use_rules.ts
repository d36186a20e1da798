import { useEffect, useMemo, useState } from "preact/hooks";
import type { Person } from "../../client/index.ts";
import type { RoomRules } from "../../client/rules.ts";
import { usePage } from "../context.ts";
import type { Said } from "../conversation/talk.ts";
import type { RoomModel, RoomView } from "../room_model.ts";
import type { Held } from "./hint.tsx";
import type { Over } from "./over.ts";
import { rules } from "./parts.ts";
import type { PersonChoice } from "./person_menu.tsx";
import { ownerUrlOf, takeSecret } from "./secret.ts";

/** What the menu offers about the room itself: to change it, to look at it, to own it. */
export type RoomEntry = "change" | "look" | "own";

export interface UseRulesOptions {
  room: string;
  model: RoomModel;
  view: RoomView;
  /** The address, which may bring a secret. */
  href: string;
  /** A message's menu is open: what one may do about who said it is asked for. */
  asks: boolean;
  say(text: string): void;
}

/** What of a room's rules comes with the page: whether more of it is needed, and what is open. */
export function useRules({ room, model, view, href, asks, say }: UseRulesOptions) {
  const { words, baseUrl } = usePage();
  const secret = useMemo(() => takeSecret(room), [room, href]);
  const [over, setOver] = useState<Over>();
  const [held, setHeld] = useState<Held>("no");
  const known: RoomRules | undefined = view.rules;
  const [begun] = useState(() => ownerUrlOf(room) !== undefined);
  const wanted =
    known !== undefined ||
    secret !== undefined ||
    over !== undefined ||
    begun ||
    view.ended !== undefined;
  const module = rules.use(wanted || asks, over && (() => setOver(undefined)));
  // A guest keeps no order, and owns nothing.
  useEffect(() => {
    if (view.ended === undefined) return;
    setHeld("no");
    setOver(undefined);
  }, [view.ended]);

  function entryFor(): RoomEntry | undefined {
    if (known !== undefined) return model.keepsOrder ? "change" : "look";
    return view.session && view.memberCount === 1 && view.ended === undefined ? "own" : undefined;
  }

  return {
    rules: known,
    wanted,
    held,
    setHeld,
    over,
    setOver,
    /** What the menu offers about the room. */
    entry: entryFor(),
    openRoom: () => setOver({ kind: "room", page: known === undefined ? "mine" : "settings" }),
    aboutPerson: (person: Person, at: DOMRect) =>
      setOver({ kind: "person", about: { person, at } }),
    /** What can be done about who has said a message. */
    choicesAbout: ({ message }: Said): PersonChoice[] => {
      if (module === undefined || model.client.isOwn(message.from.id)) return [];
      const control = module.controlOf(model, room, baseUrl);
      const about = { person: message.from, message: message.id };
      const onAsk = (asked: Extract<Over, { kind: "ask" }>["asked"]) =>
        setOver({ kind: "ask", asked });
      return module.choicesOf({ about, model, control, say, onAsk }, words);
    },
  };
}
