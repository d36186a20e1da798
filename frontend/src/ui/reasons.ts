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

/** Says in words why something was decided; what is no short word says it already. */
export function reasonText(words: Words, why: string): string {
  return Object.hasOwn(REASONS, why) ? words.text(REASONS[why as keyof typeof REASONS]) : why;
}
