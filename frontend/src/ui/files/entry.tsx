import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { withWords } from "../i18n/more.ts";
import { Icon } from "../icons.tsx";
import { onDemand } from "../on_demand.ts";
import type { RoomModel, RoomView } from "../room_model.ts";
import { lasting } from "../storage.ts";
import type { MessageRow } from "../timeline.ts";
import { boxOf } from "./box.ts";

/** What of files comes with the page. The rest is loaded when there is one, or soon to be. */
const files = onDemand(
  withWords(async () => {
    const module = await import("./files_parts.ts");
    await module.ready;
    return module;
  }),
);

/** What is not needed for reading comes after it. Milliseconds. */
const LATER = 3_000;

/** The files of a message. Their room is kept free until they can be shown. */
export function MessageFiles({ row }: { row: MessageRow }) {
  const module = files.use(true);
  const all = row.files ?? [];
  const pictures = all.filter(({ width }) => width).length;
  return (
    <div class="files">
      {all.map((file) => (
        <div key={file.id} class="file" style={boxOf(file, pictures)}>
          {module && <module.Shown file={file} row={row} />}
        </div>
      ))}
    </div>
  );
}

/** What somebody chooses, drops or pastes to send. */
export function useAttach(
  model: RoomModel,
  view: RoomView,
  input: RefObject<HTMLTextAreaElement | null>,
) {
  const { words } = usePage();
  const offered =
    document.querySelector('meta[name="caller-files"]') !== null &&
    view.rules?.settings?.files !== false &&
    view.writing.editing === undefined;
  const [wanted, setWanted] = useState(false);
  const [asked, setAsked] = useState(0);
  const [count, setCount] = useState(0);
  const module = files.use(offered && wanted);

  useEffect(() => {
    const want = () => setWanted(true);
    // What was on its way when the page was left goes on.
    const timer = setTimeout(want, lasting.get(`files.${model.talk.room}`) ? 0 : LATER);
    addEventListener("dragenter", want);
    return () => {
      clearTimeout(timer);
      removeEventListener("dragenter", want);
    };
  }, [model]);

  const label = words.text("attach");
  return {
    /** There is something to send without a text, too. */
    some: offered && count > 0,
    /** Sends the text with what is attached; false where there is nothing. */
    send: (text: string, mentions: readonly string[]) =>
      offered && model.talk.outgoing?.sendChosen(text, mentions),
    tray: offered && (
      <>
        {module && <module.Attached model={model} input={input} asked={asked} onCount={setCount} />}
        <button
          type="button"
          class="send"
          data-testid="attach"
          aria-label={label}
          title={label}
          onClick={() => {
            setWanted(true);
            setAsked(asked + 1);
          }}
        >
          <Icon>
            <path d="M18 8l-8 8a2 2 0 0 1-3-3l8-8a4 4 0 0 1 5 5l-8 8a6 6 0 0 1-9-8l7-7" />
          </Icon>
        </button>
      </>
    ),
    /** In the place of what sends, while there is nothing to send. */
    microphone: (free: boolean) =>
      offered && module && <module.Microphone model={model} free={free} />,
  };
}
