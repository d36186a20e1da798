import type { Decision, EndKind } from "../client/index.ts";
import type { Words } from "./i18n/index.ts";

/** The short words that the library gives for its decisions (frontend/README.md lists them). */
export const REASONS = {
  start: "whyStart",
  again: "whyAgain",
  unproven: "whyUnproven",
  stuck: "whyStuck",
  network: "whyNetwork",
  rooms: "whyRooms",
  here: "whyHere",
  elsewhere: "whyElsewhere",
  unanswered: "whyNoAnswer",
  frozen: "whyFrozen",
  full: "whyFull",
  stopped: "whyStopped",
  silent: "whySilent",
  late: "whyLate",
  beside: "whyBeside",
  second: "whySecond",
  replaced: "whyReplaced",
  first: "whyFirst",
  alive: "whyAlive",
  final: "whyFinal",
  gone: "whyGone",
  nothing: "whyNothing",
  only: "whyOnly",
  young: "whyYoung",
  better: "whyBetter",
  probe: "whyProbe",
} as const;

/** The library's words for what it did, and for how a connection ended. */
export const WHATS = {
  open: "whatOpen",
  close: "whatClose",
  activate: "whatActivate",
  welcome: "whatWelcome",
  proven: "whatProven",
  ended: "whatEnded",
  keep: "whatKeep",
  wait: "whatWait",
  back: "whatBack",
  lead: "whatLead",
  follow: "whatFollow",
  steal: "whatSteal",
  release: "whatRelease",
  "step down": "whatStepDown",
  own: "whatOwn",
} as const;

export const ENDS = {
  lost: "endLost",
  busy: "endBusy",
  "signed-out": "endSignedOut",
  left: "endLeft",
  forbidden: "endForbidden",
  refused: "endRefused",
} as const satisfies Record<EndKind, string>;

/** Says in words what was done, and with which transport. */
export function whatText(words: Words, { what, transport }: Decision): string {
  const said = spelled(words, WHATS, what) ?? what;
  return transport === undefined ? said : words.text("whatWith", { what: said, transport });
}

/** Says in words why something was decided; what is no short word says it already. */
export function reasonText(words: Words, why: string): string {
  const [, end, kind = "", detail = "", after, ms = ""] =
    /^(([\w-]+): (.*), )?(after )?(\d+) ms$/s.exec(why) ?? [];
  if (ms === "") return spelled(words, REASONS, why) ?? why;
  if (end !== undefined) {
    const said = spelled(words, ENDS, kind) ?? kind;
    return words.text("whyEnded", { end: said, detail: detailText(words, detail), ms });
  }
  return words.text(after === undefined ? "whyPause" : "whyAfter", { ms });
}

/** What the browser and the server say of it stays as they said it. */
function detailText(words: Words, detail: string): string {
  if (detail === "stream ended") return words.text("endOfStream");
  const [, code, reason = ""] = /^closed with (\d+)(.*)$/s.exec(detail) ?? [];
  return code === undefined ? detail : words.text("endByClose", { code }) + reason;
}

function spelled<Key extends Parameters<Words["text"]>[0]>(
  words: Words,
  table: Readonly<Record<string, Key>>,
  word: string,
): string | undefined {
  const key = Object.hasOwn(table, word) ? table[word] : undefined;
  return key && words.text(key);
}
