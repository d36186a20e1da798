import { useEffect, useRef, useState } from "preact/hooks";
import { useActs } from "../conversation/acts.ts";
import sheet from "./links.css?url";
import { type Found, knownLink, lookUp } from "./look_up.ts";

/** Its style, which is loaded with it. */
export const ready = new Promise<void>((resolve) => {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.onload = link.onerror = () => resolve();
  // Plain is better than not at all.
  setTimeout(resolve, 5_000);
  link.href = sheet;
  document.head.append(link);
});

/** Messages this near to what one sees are asked about. Pixels. */
const NEAR = 800;
/** This near to the end is at the end. Pixels. */
const END = 48;

/**
 * What is behind the first link of a message. It takes its room at once where it is known; else when the
 * message is off screen, or the last one: nothing that one looks at moves.
 */
export function LinkPreview({ text }: { text: string }) {
  const { talk } = useActs();
  const mark = useRef<HTMLSpanElement>(null);
  const [shown, setShown] = useState(() => knownLink(talk, text) || undefined);
  // The id comes when the server has the message; an edit changes the text.
  const message = mark.current?.closest<HTMLElement>('[data-testid="message"]');
  const [id, setId] = useState(message?.dataset.id);
  useEffect(() => {
    const now = mark.current?.closest<HTMLElement>('[data-testid="message"]')?.dataset.id;
    if (now !== id) setId(now);
  });
  useEffect(() => {
    const row = mark.current?.closest<HTMLElement>('[data-testid="message"]');
    const box = row?.closest<HTMLElement>(".log");
    const already = knownLink(talk, text);
    setShown(already || undefined);
    if (already !== undefined || talk === undefined || id === undefined || !row || !box) return;
    let ended = false;
    const watching: (() => void)[] = [];
    const when = (near: boolean, margin: number, then: () => void) =>
      watching.push(watch(row, box, near, margin, then));
    when(true, NEAR, async () => {
      const found = await lookUp(talk, id, text);
      if (ended || !found) return;
      if (mayGrow(row, box)) setShown(found);
      else when(false, 0, () => setShown(found));
    });
    return () => {
      ended = true;
      for (const stop of watching) stop();
    };
  }, [talk, id, text]);
  return (
    <>
      <span ref={mark} hidden />
      {shown && <Card found={shown} />}
    </>
  );
}

/** Calls once the row is near to what is seen of the box, or not. Returns what ends that. */
function watch(row: Element, box: Element, near: boolean, margin: number, then: () => void) {
  const observer = new IntersectionObserver(
    (all) => {
      if (all.at(-1)?.isIntersecting !== near) return;
      observer.disconnect();
      then();
    },
    { root: box, rootMargin: `${margin}px 0px` },
  );
  observer.observe(row);
  return () => observer.disconnect();
}

/** The row may become higher, and nothing that somebody looks at moves. */
function mayGrow(row: Element, box: Element): boolean {
  const at = row.getBoundingClientRect();
  const { top, bottom } = box.getBoundingClientRect();
  if (at.bottom <= top || at.top >= bottom) return true;
  const all = box.querySelectorAll('[data-testid="message"]');
  return all[all.length - 1] === row && box.scrollHeight - box.scrollTop - box.clientHeight <= END;
}

function Card({ found }: { found: Found }) {
  const [broken, setBroken] = useState(false);
  return (
    <a
      class="link-preview"
      data-testid="link-preview"
      href={found.url}
      target="_blank"
      rel="noopener noreferrer nofollow"
    >
      {found.image !== undefined && !broken && (
        <img src={found.image} alt="" decoding="async" onError={() => setBroken(true)} />
      )}
      <span class="link-about">
        <bdi class="link-site">{found.site}</bdi>
        {found.title !== undefined && <bdi class="link-title">{found.title}</bdi>}
        {found.text !== undefined && <bdi class="link-text">{found.text}</bdi>}
      </span>
    </a>
  );
}
