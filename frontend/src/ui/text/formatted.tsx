import type { Meant } from "../mentions/people.tsx";
import { Blocks } from "./nodes.tsx";
import { mentionedNames, parse } from "./parse.ts";

export interface FormattedProps extends Meant {
  text: string;
}

/** A text with all that is marked up in it. It is loaded with the first text that has something. */
export function Formatted({ text, names, meant }: FormattedProps) {
  const blocks = parse(text, names);
  const ids = meant(names === undefined ? [] : mentionedNames(blocks));
  return <Blocks blocks={blocks} meant={ids[Symbol.iterator]()} />;
}
