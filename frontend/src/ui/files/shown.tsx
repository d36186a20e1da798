import { useEffect, useRef, useState } from "preact/hooks";
import type { RoomFile } from "../../client/conversation.ts";
import { usePage } from "../context.ts";
import { useActs } from "../conversation/acts.ts";
import type { Talk } from "../conversation/talk.ts";
import { AlertIcon } from "../icons.tsx";
import { onDemand } from "../on_demand.ts";
import type { MessageRow } from "../timeline.ts";
import { isLocal } from "./chosen.ts";
import { DownloadIcon, FileIcon } from "./file_icons.tsx";
import { kindOf } from "./kind.ts";
import { PdfPage, Player, TextLines } from "./media.tsx";
import { Sending, usePart } from "./sending.tsx";
import { sizeText } from "./sizes.ts";
import { type Trouble, troubleOf, urlOf } from "./url.ts";
import { VoicePlayer } from "./voice_player.tsx";

const viewer = onDemand(() => import("./viewer.tsx"));

export interface ShownProps {
  file: RoomFile;
  row: MessageRow;
}

/** A file of a message, in the room that is kept for it. */
export function Shown({ file, row }: ShownProps) {
  const { talk } = useActs();
  const part = usePart(talk, row.postKey, file.id);
  if (talk === undefined) return null;
  // What has no id of the server's yet is here alone.
  const here = !isLocal(file.id);
  const kind = kindOf(file);
  return (
    <div class="shown" data-testid="file" data-kind={kind} data-file={file.id}>
      {kind === "picture" ? (
        <Picture file={file} talk={talk} here={here} thumb={part?.thumb} />
      ) : kind === "voice" ? (
        <VoicePlayer file={file} url={here ? urlOf(talk, file) : undefined} />
      ) : (
        <>
          <Card file={file} talk={talk} here={here} />
          {kind === "text" && <TextLines url={here ? urlOf(talk, file) : undefined} />}
          {kind === "pdf" && (
            <PdfPage url={here ? urlOf(talk, file) : undefined} name={file.name} />
          )}
          {(kind === "video" || kind === "audio") && (
            <Player kind={kind} name={file.name} url={here ? urlOf(talk, file) : undefined} />
          )}
        </>
      )}
      {part !== undefined && row.postKey !== undefined && part.state !== "done" && (
        <Sending part={part} postKey={row.postKey} outgoing={talk.outgoing} />
      )}
    </div>
  );
}

interface PictureProps {
  file: RoomFile;
  talk: Talk;
  /** The server has it. */
  here: boolean;
  /** What it looks like, before that. */
  thumb: ImageBitmap | undefined;
}

function Picture({ file, talk, here, thumb }: PictureProps) {
  const { words } = usePage();
  const [tries, setTries] = useState(0);
  const [loaded, setLoaded] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const module = viewer.use(open, close);
  const url = urlOf(talk, file, !file.animated);
  const label = words.text("pictureOpen", { name: file.name });
  if (trouble !== undefined) {
    const again = () => {
      setTrouble(undefined);
      setTries(tries + 1);
    };
    return <TroubleLine trouble={trouble} name={file.name} onRetry={again} />;
  }
  return (
    <>
      <button
        type="button"
        class="picture-open"
        data-testid="picture"
        data-loaded={loaded}
        aria-label={label}
        title={file.name}
        disabled={!here}
        onClick={() => setOpen(true)}
      >
        {!loaded && thumb && <Thumb picture={thumb} />}
        {!loaded && !thumb && file.preview && <img class="blurred" src={file.preview} alt="" />}
        {here && (
          <img
            key={tries}
            src={url}
            alt=""
            loading="lazy"
            decoding="async"
            draggable={false}
            onLoad={() => setLoaded(true)}
            onError={async () => setTrouble((await troubleOf(url)) ?? "fileBroken")}
          />
        )}
      </button>
      {open && module && <module.Viewer talk={talk} first={file.id} onClose={close} />}
    </>
  );
}

/** A picture of this page's own making. */
export function Thumb({ picture }: { picture: ImageBitmap }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const { current } = canvas;
    if (current === null) return;
    current.width = picture.width;
    current.height = picture.height;
    current.getContext("2d")?.drawImage(picture, 0, 0);
  }, [picture]);
  return <canvas ref={canvas} class="thumb" />;
}

interface TroubleProps {
  trouble: Trouble;
  name: string;
  onRetry?(): void;
}

export function TroubleLine({ trouble, name, onRetry }: TroubleProps) {
  const { words } = usePage();
  return (
    <div class="file-trouble" data-testid="file-trouble">
      <AlertIcon />
      <span>
        <bdi>{name}</bdi>. {words.text(trouble)}
      </span>
      {trouble === "fileNoAnswer" && onRetry && (
        <button type="button" class="text-button" onClick={onRetry}>
          {words.text("retry")}
        </button>
      )}
    </div>
  );
}

/** A file's name, size and type, and how to get it. */
function Card({ file, talk, here }: Omit<PictureProps, "thumb">) {
  const { words } = usePage();
  const [trouble, setTrouble] = useState<Trouble>();
  const { name, size, type } = file;
  const url = urlOf(talk, file);
  const label = words.text("fileDownload", { name });
  const kind = name.match(/\.(\w{1,5})$/)?.[1]?.toUpperCase() ?? type;
  /** A browser that is told by a download that there is none says less. */
  const onClick = async (event: MouseEvent) => {
    const { currentTarget } = event;
    if (!(currentTarget instanceof HTMLAnchorElement) || currentTarget.dataset.checked) return;
    event.preventDefault();
    const found = await troubleOf(url);
    setTrouble(found);
    if (found !== undefined) return;
    currentTarget.dataset.checked = "true";
    currentTarget.click();
    delete currentTarget.dataset.checked;
  };
  return (
    <div class="file-card" data-testid="file-card">
      <FileIcon />
      <div class="file-about">
        <p class="file-name" title={name}>
          <bdi>{name}</bdi>
        </p>
        {trouble === undefined ? (
          <p class="file-size">
            {sizeText(words, size)} · {kind}
          </p>
        ) : (
          <p class="file-size problem" role="alert" data-testid="file-trouble">
            {words.text(trouble)}
          </p>
        )}
      </div>
      {here && (
        <a
          class="file-button"
          href={url}
          download={name}
          data-testid="file-download"
          aria-label={label}
          title={label}
          onClick={onClick}
        >
          <DownloadIcon />
        </a>
      )}
    </div>
  );
}
