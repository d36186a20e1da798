import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RoomFile } from "../../client/conversation.ts";
import { usePage } from "../context.ts";
import type { Talk } from "../conversation/talk.ts";
import { BackIcon } from "../icons.tsx";
import { CloseIcon } from "../icons_later.tsx";
import { useLayer } from "../layers.ts";
import { DownloadIcon, NextIcon, ZoomInIcon, ZoomOutIcon } from "./file_icons.tsx";
import { kindOf } from "./kind.ts";
import { TroubleLine } from "./shown.tsx";
import { type Trouble, troubleOf, urlOf } from "./url.ts";
import { useZoom } from "./zoom.ts";

export interface ViewerProps {
  talk: Talk;
  /** The picture that is shown first, by its id. */
  first: string;
  onClose(): void;
}

/** The pictures of a room, one at a time over everything. */
export function Viewer({ talk, first, onClose }: ViewerProps) {
  const { words } = usePage();
  const box = useRef<HTMLDialogElement>(null);
  const stage = useRef<HTMLElement>(null);
  useLayer(onClose);
  const [shown, setShown] = useState(first);
  const all = picturesOf(talk);
  const index = Math.max(
    0,
    all.findIndex(({ id }) => id === shown),
  );
  const file = all[index];
  const go = (by: number) => {
    const next = all[index + by];
    if (next !== undefined) setShown(next.id);
  };
  const zoom = useZoom(stage, file, go);

  // It is closed while it is there: only then does the browser give the focus back to what had it.
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    stage.current?.focus();
    return () => dialog?.close();
  }, []);
  // It was deleted, and was the last one.
  useEffect(() => {
    if (file === undefined) onClose();
  }, [file]);
  if (file === undefined) return null;

  const onKeyDown = (event: KeyboardEvent) => {
    // The room behind it has keys of its own.
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ArrowLeft: () => go(-1),
      ArrowRight: () => go(1),
      "+": () => zoom.by(1.5),
      "=": () => zoom.by(1.5),
      "-": () => zoom.by(1 / 1.5),
      "0": zoom.fit,
      "1": zoom.actual,
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const stop = (event: Event) => event.stopPropagation();
  const button = (testId: string, label: string, icon: preact.ComponentChild, act: () => void) => (
    <button
      type="button"
      class="icon-button"
      data-testid={testId}
      aria-label={label}
      title={label}
      onClick={act}
    >
      {icon}
    </button>
  );
  const place = words.text("viewerPlace", {
    n: words.number(index + 1),
    count: words.number(all.length),
  });
  const download = words.text("fileDownload", { name: file.name });
  return (
    <dialog
      ref={box}
      class="viewer"
      data-testid="viewer"
      aria-label={words.text("viewer")}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={onKeyDown}
      onClick={stop}
      onPointerDown={stop}
      onContextMenu={stop}
    >
      <div class="viewer-bar">
        <p class="viewer-name" role="status">
          <bdi>{file.name}</bdi> <span class="viewer-place">{place}</span>
        </p>
        {button("viewer-out", `${words.text("zoomOut")} (−)`, <ZoomOutIcon />, () =>
          zoom.by(1 / 1.5),
        )}
        {button("viewer-in", `${words.text("zoomIn")} (+)`, <ZoomInIcon />, () => zoom.by(1.5))}
        {button(
          "viewer-actual",
          words.text(zoom.isFit ? "actualSize" : "fitSize"),
          <span aria-hidden="true">{zoom.isFit ? "1:1" : "⤢"}</span>,
          () => (zoom.isFit ? zoom.actual() : zoom.fit()),
        )}
        <a
          class="icon-button"
          href={urlOf(talk, file)}
          download={file.name}
          data-testid="viewer-download"
          aria-label={download}
          title={download}
        >
          <DownloadIcon />
        </a>
        {button("viewer-close", `${words.text("close")} (Esc)`, <CloseIcon />, onClose)}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keys are for what is shown in it */}
      <section ref={stage} class="viewer-stage" tabIndex={0} aria-label={file.name}>
        <Large key={file.id} file={file} talk={talk} style={zoom.style} />
      </section>
      {index > 0 && (
        <div class="viewer-side before">
          {button("viewer-previous", `${words.text("viewerPrevious")} (←)`, <BackIcon />, () =>
            go(-1),
          )}
        </div>
      )}
      {index < all.length - 1 && (
        <div class="viewer-side after">
          {button("viewer-next", `${words.text("viewerNext")} (→)`, <NextIcon />, () => go(1))}
        </div>
      )}
    </dialog>
  );
}

interface LargeProps {
  file: RoomFile;
  talk: Talk;
  style: Record<string, string>;
}

/** The picture itself, and its blurred one until it is there. */
function Large({ file, talk, style }: LargeProps) {
  const { words } = usePage();
  const [loaded, setLoaded] = useState(false);
  const [tries, setTries] = useState(0);
  const [trouble, setTrouble] = useState<Trouble>();
  const url = urlOf(talk, file);
  if (trouble !== undefined) {
    const again = () => {
      setTrouble(undefined);
      setTries(tries + 1);
    };
    return <TroubleLine trouble={trouble} name={file.name} onRetry={again} />;
  }
  return (
    <div class="viewer-picture" style={style} data-testid="viewer-picture" data-loaded={loaded}>
      {!loaded && <img class="under" src={urlOf(talk, file, true)} alt="" />}
      <img
        key={tries}
        src={url}
        alt={words.text("pictureNamed", { name: file.name })}
        draggable={false}
        onLoad={() => setLoaded(true)}
        onError={async () => setTrouble((await troubleOf(url)) ?? "fileBroken")}
      />
    </div>
  );
}

function picturesOf(talk: Talk): RoomFile[] {
  return talk.messages
    .filter(({ deleted }) => !deleted)
    .flatMap(({ files = [] }) => files)
    .filter((file) => kindOf(file) === "picture");
}
