import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { pageFetch } from "../page_session.ts";
import { type Trouble, troubleOf } from "./url.ts";

/** What of a file's content is shown under its name. `url` is undefined until the server has it. */

/** So much of a text is read. Bytes. */
const BEGINNING = 2_048;
const LINES = 9;

/** The element has come near to what one sees. */
function useSeen(element: RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (element.current === null || seen) return;
    const observer = new IntersectionObserver(
      (all) => all.some(({ isIntersecting }) => isIntersecting) && setSeen(true),
      { rootMargin: "200px" },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [seen]);
  return seen;
}

/** How a text begins. */
export function TextLines({ url }: { url: string | undefined }) {
  const { words } = usePage();
  const box = useRef<HTMLPreElement>(null);
  const seen = useSeen(box);
  const [text, setText] = useState<string>();
  const [trouble, setTrouble] = useState<Trouble>();
  useEffect(() => {
    if (!seen || url === undefined) return;
    const abort = new AbortController();
    firstLines(url, abort.signal).then(setText, async () => {
      if (!abort.signal.aborted) setTrouble((await troubleOf(url)) ?? "fileNoAnswer");
    });
    return () => abort.abort();
  }, [seen, url]);
  return (
    <pre ref={box} class="file-lines" data-testid="file-lines" dir="auto">
      {trouble === undefined ? text : words.text(trouble)}
    </pre>
  );
}

async function firstLines(url: string, signal: AbortSignal): Promise<string> {
  const headers = { Range: `bytes=0-${BEGINNING - 1}` };
  const response = await pageFetch(url, { headers, signal });
  if (!response.ok) throw new Error(`status ${response.status}`);
  // What is in between may not know of ranges: no more than the beginning is read.
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  while (reader !== undefined && size < BEGINNING) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    text += decoder.decode(value, { stream: true });
  }
  await reader?.cancel();
  return text.split(/\r\n?|\n/, LINES).join("\n");
}

interface PlayerProps {
  kind: "video" | "audio";
  url: string | undefined;
  name: string;
}

/** Plays a video or a sound, by ranges. */
export function Player({ kind, url, name }: PlayerProps) {
  const { words } = usePage();
  const [trouble, setTrouble] = useState<Trouble>();
  const Media = kind;
  if (trouble !== undefined) {
    return (
      <p class={`file-player ${kind} problem`} data-testid="file-trouble">
        {words.text(trouble)}
      </p>
    );
  }
  if (url === undefined) return <div class={`file-player ${kind}`} />;
  return (
    <Media
      class={`file-player ${kind}`}
      data-testid="file-player"
      src={url}
      controls
      playsInline
      preload="metadata"
      aria-label={name}
      onError={async () => setTrouble((await troubleOf(url)) ?? "fileNotPlayed")}
      onPlay={({ currentTarget }) => pauseOthers(currentTarget)}
    />
  );
}

/** One thing is heard at a time. */
export function pauseOthers(plays: HTMLMediaElement): void {
  for (const other of document.querySelectorAll<HTMLMediaElement>(".shown audio, .shown video")) {
    if (other !== plays) other.pause();
  }
}

/** The first page of a document. What draws it is large, and loaded once one sees where it goes. */
export function PdfPage({ url, name }: { url: string | undefined; name: string }) {
  const { words } = usePage();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const seen = useSeen(box);
  const [state, setState] = useState<"waits" | "drawn" | Trouble>("waits");
  useEffect(() => {
    if (!seen || url === undefined || canvas.current === null) return;
    const abort = new AbortController();
    const { current } = canvas;
    import("./pdf.ts")
      .then(({ drawFirstPage }) => drawFirstPage(url, current, abort.signal))
      .then(
        () => setState("drawn"),
        async () => {
          if (!abort.signal.aborted) setState((await troubleOf(url)) ?? "fileNoPage");
        },
      );
    return () => abort.abort();
  }, [seen, url]);
  const label = words.text("pdfFirst", { name });
  const failed = state !== "waits" && state !== "drawn";
  return (
    <div ref={box} class="pdf-page" data-testid="pdf-page" data-state={state}>
      {failed ? (
        <p class="problem">{words.text(state)}</p>
      ) : (
        <canvas ref={canvas} role="img" aria-label={label} />
      )}
    </div>
  );
}
