import type { Meant } from "../mentions/people.tsx";
import { onDemand } from "../on_demand.ts";
import { Blocks } from "./nodes.tsx";
import { mentionedNames, parse } from "./parse.ts";

export interface FormattedProps extends Meant {
  text: string;
}

const previews = onDemand(async () => {
  const module = await import("../links/link_preview.tsx");
  await module.ready;
  return module;
});

/** The server looks up what is behind links. */
const looksUp = () => document.querySelector('meta[name="caller-link-previews"]') !== null;

/** A text with all that is marked up in it. It is loaded with the first text that has something. */
export function Formatted({ text, names, meant }: FormattedProps) {
  const blocks = parse(text, names);
  const ids = meant(names === undefined ? [] : mentionedNames(blocks));
  const linked = /https?:\/\//i.test(text) && looksUp();
  const module = previews.use(linked);
  return (
    <>
      <Blocks blocks={blocks} meant={ids[Symbol.iterator]()} />
      {linked && module && <module.LinkPreview text={text} />}
    </>
  );
}
