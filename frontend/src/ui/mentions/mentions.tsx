import type { RefObject, VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import { withWords } from "../i18n/more.ts";
import { onDemand } from "../on_demand.ts";
import type { MentionHandle } from "./mention_box.tsx";

const box = onDemand(withWords(() => import("./mention_box.tsx")));

export interface Mentions extends MentionHandle {
  /** The list of people, to stand before the field. */
  list: VNode | undefined;
  /** The field has the focus: what completes names is loaded. */
  onFocus(): void;
}

/** Mentions in a field, as soon as somebody is in it. */
export function useMentions(input: RefObject<HTMLTextAreaElement | null>): Mentions {
  const [wanted, setWanted] = useState(false);
  const module = box.use(wanted);
  const handle = useRef<MentionHandle>(null);
  return {
    list: module && <module.MentionBox input={input} handle={handle} />,
    onFocus: () => setWanted(true),
    look: () => {
      setWanted(true);
      handle.current?.look();
    },
    onKey: (event) => handle.current?.onKey(event) ?? false,
    idsIn: (text) => handle.current?.idsIn(text) ?? [],
  };
}
