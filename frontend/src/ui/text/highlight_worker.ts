import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import shell from "highlight.js/lib/languages/shell";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";
import type { Answer, Piece, Question } from "./highlight.ts";

/**
 * Colours code, in a thread of its own: highlight.js takes seconds for code that is made for it, and
 * nobody's page may wait for that.
 */
const lowlight = createLowlight({
  bash,
  c,
  cpp,
  css,
  diff,
  go,
  java,
  javascript,
  json,
  python,
  rust,
  shell,
  sql,
  typescript,
  xml,
  yaml,
});

/** The pieces of a code; undefined for a language that is not known. */
export function highlight({ language, code }: Omit<Question, "id">): Piece[] | undefined {
  const name = language.toLowerCase();
  if (!lowlight.registered(name)) return undefined;
  return piecesOf(lowlight.highlight(name, code).children);
}

type Node = ReturnType<typeof lowlight.highlight>["children"][number];

function piecesOf(nodes: readonly Node[]): Piece[] {
  return nodes.flatMap((node): Piece[] => {
    if (node.type === "text") return [node.value];
    if (node.type !== "element") return [];
    const { className } = node.properties;
    const classes = Array.isArray(className) ? className.map(String) : [];
    return [{ classes, children: piecesOf(node.children as Node[]) }];
  });
}

/** The thread as it sees itself; a test that imports this module has none. */
const thread = globalThis as unknown as {
  document?: unknown;
  onmessage?: (event: { data: Question }) => void;
  postMessage?: (answer: Answer | "ready") => void;
};
if (thread.document === undefined && thread.postMessage !== undefined) {
  const answer = thread.postMessage.bind(thread);
  thread.onmessage = ({ data }) => answer({ id: data.id, pieces: highlight(data) });
  answer("ready");
}
