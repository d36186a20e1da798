import { type ComponentProps, type ComponentType, h } from "preact";
import { withRulesWords } from "../i18n/more.ts";
import { onDemand } from "../on_demand.ts";

/** What is about who may do what: loaded for a room that somebody owns, or when it is asked for. */
export const rules = onDemand(withRulesWords(() => import("./later.ts")));

type Later = typeof import("./later.ts");

/** A component of it: nothing is shown until it is there. */
function part<Name extends "Door" | "Folded" | "InRoom" | "NoticeLine">(name: Name) {
  type Props = ComponentProps<Later[Name]>;
  return (props: Props) => {
    const module = rules.use(true);
    return module === undefined ? null : h(module[name] as ComponentType<object>, props);
  };
}

export const Door = part("Door");
export const Folded = part("Folded");
export const InRoom = part("InRoom");
export const NoticeLine = part("NoticeLine");
