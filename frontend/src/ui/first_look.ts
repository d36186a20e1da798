import { hueOf, initialsOf } from "./identity.ts";
import { lasting } from "./storage.ts";

/**
 * The newest messages of a room as they came with its page, drawn before the page itself is there:
 * on a slow network that comes a second later. It needs no more than this file, and the page takes
 * its place. What is not known without the page (edits, reactions, formatting) comes with it.
 */

/** The style sheet's names are the page's own: see message.tsx. */
const ID = "first-look";
/** More than a screen shows. */
const MOST = 40;
const GROUP_WITHIN = 5 * 60_000;
const DAY = 86_400_000;

interface Said {
  id: string;
  from: { id: string; name: string };
  text: string;
  at: number;
}

export function firstLook(): void {
  try {
    draw();
  } catch {
    // The page itself comes all the same.
  }
}

function draw(): void {
  const kept = read();
  // A link leads to a message, which is for the page to find.
  if (kept === undefined || location.hash.length > 1) return;
  const { roomId, messages } = kept;
  const log = element("log");
  log.append(element("log-content", rows(messages.slice(-MOST))));
  const title = element("room-title", [document.createElement("h1"), element("connection-line")]);
  title.firstElementChild?.append(bdi(roomId));
  const header = document.createElement("header");
  header.className = "room-header";
  header.append(title, element("icon-button"));
  const composer = element("composer", [element("icon-button")]);
  const room = element("room", [
    header,
    element("room-body", [
      element("conversation", [
        element("log-frame", [log]),
        element("typing"),
        element("dock", [composer]),
      ]),
    ]),
  ]);
  room.id = ID;
  document.body.prepend(room);
}

/** The page is there. */
export function endFirstLook(): void {
  document.getElementById(ID)?.remove();
}

/** The page reads it again, with care: here it is enough that it is text. */
function read(): { roomId: string; messages: Said[] } | undefined {
  try {
    const { roomId, messages } = JSON.parse(document.getElementById("kept")?.textContent ?? "");
    const said = messages
      .filter(({ type, text }: { type: string; text: string }) => type === "message" && text)
      .map(({ id, from, text, time }: Said & { time: string }) => ({
        id: `${id}`,
        from: { id: `${from.id}`, name: `${from.name}` },
        text: `${text}`,
        at: Date.parse(time),
      }));
    return said.length > 0 ? { roomId: `${roomId}`, messages: said } : undefined;
  } catch {
    return undefined;
  }
}

function rows(messages: readonly Said[]): HTMLElement[] {
  const self = lasting.get("session") as { clientId?: unknown } | undefined;
  const language = languageOfPage();
  const locale = navigator.languages?.find((one) => one.startsWith(language)) ?? language;
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
  const all: HTMLElement[] = [];
  let before: Said | undefined;
  messages.forEach((said, i) => {
    if (before === undefined || startOfDay(before.at) !== startOfDay(said.at)) {
      all.push(day(said.at, locale));
      before = undefined;
    }
    const after = messages[i + 1];
    all.push(
      message(said, {
        own: said.from.id === self?.clientId,
        first: before === undefined || !isTogether(before, said),
        last: after === undefined || !isTogether(said, after),
        time: time.format(said.at),
      }),
    );
    before = said;
  });
  return all;
}

/** The language that the page will have: see settings.ts. */
function languageOfPage(): string {
  const known = /^(?:en|ru)(?![a-z])/i;
  const saved = `${lasting.get("language") ?? ""}`;
  const tag = [saved, ...(navigator.languages ?? [])].find((one) => known.test(one)) ?? "en";
  return tag.slice(0, 2).toLowerCase();
}

function isTogether(a: Said, b: Said): boolean {
  const sameDay = startOfDay(a.at) === startOfDay(b.at);
  return a.from.id === b.from.id && sameDay && b.at - a.at < GROUP_WITHIN;
}

interface Look {
  own: boolean;
  first: boolean;
  last: boolean;
  time: string;
}

function message({ from, text }: Said, { own, first, last, time }: Look): HTMLElement {
  const hue = `hue-${hueOf(from.id)}`;
  const words = element("text", [document.createTextNode(text)]);
  words.dir = "auto";
  const at = document.createElement("time");
  at.className = "time";
  at.append(time);
  const column = element("bubble-column", [element("bubble-line", [words, at])]);
  if (first && !own) {
    const name = bdi(from.name);
    name.className = `name ${hue}`;
    column.prepend(element("sender", [name]));
  }
  const classes = ["message", own ? "own" : "theirs", first && "first", last && "last", "sent"];
  const whole = element(classes.filter(Boolean).join(" "), [column]);
  if (!own) {
    const face = element(`avatar ${hue}`, [document.createTextNode(initialsOf(from.name))], "span");
    face.ariaHidden = "true";
    whole.prepend(element("avatar-place", last ? [face] : [], "span"));
  }
  return whole;
}

/** As the page has it: see i18n/index.ts. */
function day(at: number, locale: string): HTMLElement {
  const now = Date.now();
  const ago = Math.round((startOfDay(now) - startOfDay(at)) / DAY);
  const near = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-ago, "day");
  const far = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const label = ago > 1 ? far.format(at) : near.charAt(0).toLocaleUpperCase(locale) + near.slice(1);
  return element("day", [element("", [document.createTextNode(label)], "span")], "h2");
}

function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function bdi(text: string): HTMLElement {
  return element("", [document.createTextNode(text)], "bdi");
}

function element(classes: string, children: Node[] = [], tag = "div"): HTMLElement {
  const made = document.createElement(tag);
  if (classes !== "") made.className = classes;
  made.append(...children);
  return made;
}
