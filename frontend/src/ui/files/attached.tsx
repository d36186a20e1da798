import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { CloseIcon } from "../icons_later.tsx";
import type { RoomModel } from "../room_model.ts";
import { type Chosen, canShrink, chosenOf, shrunk, withPicture } from "./chosen.ts";
import { FileIcon } from "./file_icons.tsx";
import { isReadable, Outgoing } from "./outgoing.ts";
import { Thumb } from "./shown.tsx";
import { sizeText } from "./sizes.ts";

/** Of one message, as the server allows. */
const MOST = 10;
/** Characters of a message, as the composer has it. */
const LONGEST = 4_000;

export interface AttachedProps {
  model: RoomModel;
  input: RefObject<HTMLTextAreaElement | null>;
  /** Counts how often one has asked for the browser's choice of files. */
  asked: number;
  onCount(count: number): void;
}

/** The messages of a room that are on their way with files; made when they are first asked for. */
export function outgoingOf(model: RoomModel, baseUrl: string): Outgoing {
  model.talk.outgoing ??= new Outgoing(model, baseUrl);
  return model.talk.outgoing;
}

/** What is chosen for the next message, over the field. */
export function Attached({ model, input, asked, onCount }: AttachedProps) {
  const { words, baseUrl } = usePage();
  const outgoing = outgoingOf(model, baseUrl);
  const [, again] = useState(0);
  const [smaller, setSmaller] = useState(false);
  const [hint, setHint] = useState<string>();
  const [limit, setLimit] = useState<number>();
  const picker = useRef<HTMLInputElement>(null);
  const { chosen } = outgoing;

  useEffect(() => outgoing.subscribe(() => again((n) => n + 1)), [outgoing]);
  useEffect(() => onCount(chosen.length), [chosen.length]);
  useEffect(() => {
    if (asked > 0) picker.current?.click();
  }, [asked]);
  useGiven((files) => void add(files));
  const any = chosen.length > 0;
  useEffect(() => {
    if (any) void outgoing.files.limit().then(setLimit);
    else setSmaller(false);
  }, [any]);

  const add = async (files: readonly File[]) => {
    setHint(undefined);
    const free = MOST - outgoing.chosen.length;
    if (files.length > free) setHint(words.plural("filesTooMany", MOST));
    const taken = files.slice(0, free).map((file) => chosenOf(file, file.name || "file"));
    outgoing.choose([...outgoing.chosen, ...taken]);
    input.current?.focus();
    for (const one of taken) {
      const better = (await isReadable(one.blob)) ? await prepared(one) : undefined;
      if (better === undefined) setHint(`${one.name}: ${words.text("fileUnreadable")}`);
      replace(one, better);
    }
  };
  const originals = useRef(new Map<string, Chosen>());
  const prepared = async (one: Chosen) => {
    const known = await withPicture(one);
    if (!smaller || !canShrink(known)) return known;
    originals.current.set(one.id, known);
    return shrunk(known);
  };
  /** What was sent or taken out meanwhile stays so. */
  const replace = (old: Chosen, next: Chosen | undefined) =>
    outgoing.choose(
      outgoing.chosen.flatMap((one) => (one.id !== old.id ? one : next === undefined ? [] : next)),
    );
  const makeSmaller = async (wanted: boolean) => {
    setSmaller(wanted);
    for (const one of outgoing.chosen) {
      const before = originals.current.get(one.id);
      if (wanted && before === undefined && canShrink(one)) {
        originals.current.set(one.id, one);
        const becomes = shrunk(one);
        replace(one, { ...one, becomes });
        const made = await becomes;
        if (originals.current.has(one.id)) replace(one, made);
      }
      if (!wanted && before !== undefined) {
        originals.current.delete(one.id);
        replace(one, before);
      }
    }
  };
  const remove = (one: Chosen) => {
    setHint(undefined);
    outgoing.choose(outgoing.chosen.filter(({ id }) => id !== one.id));
    input.current?.focus();
  };
  const over = useTooLong(input);
  const asFile = () => {
    const field = input.current;
    if (field === null) return;
    // Where there is no place for it, the text stays.
    if (chosen.length >= MOST) return setHint(words.plural("filesTooMany", MOST));
    void add([new File([field.value], words.text("textFileName"), { type: "text/plain" })]);
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const shrinks = chosen.some((one) => canShrink(one) || originals.current.has(one.id));
  return (
    <>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        data-testid="file-input"
        onChange={({ currentTarget }) => {
          void add([...(currentTarget.files ?? [])]);
          currentTarget.value = "";
        }}
      />
      <DropHere />
      {over && (
        <div class="attached-line" data-testid="as-file-offer">
          <button type="button" class="text-button" data-testid="as-file" onClick={asFile}>
            {words.text("textAsFile")}
          </button>
        </div>
      )}
      {(any || hint !== undefined) && (
        <section class="attached" data-testid="attached" aria-label={words.text("filesChosen")}>
          <ul class="attached-list">
            {chosen.map((one) => (
              <li key={one.id} class="attached-file" data-testid="attached-file">
                {one.thumb ? <Thumb picture={one.thumb} /> : <FileIcon />}
                <div class="file-about">
                  <p class="file-name" title={one.name}>
                    <bdi>{one.name}</bdi>
                  </p>
                  <p class={limit && one.size > limit ? "file-size problem" : "file-size"}>
                    {limit && one.size > limit
                      ? words.text("fileTooLarge", { limit: sizeText(words, limit) })
                      : sizeText(words, one.size)}
                  </p>
                </div>
                <button
                  type="button"
                  class="file-button"
                  data-testid="attached-remove"
                  aria-label={words.text("fileRemove", { name: one.name })}
                  title={words.text("fileRemove", { name: one.name })}
                  onClick={() => remove(one)}
                >
                  <CloseIcon />
                </button>
              </li>
            ))}
          </ul>
          {shrinks && (
            <label class="attached-smaller">
              <input
                type="checkbox"
                data-testid="smaller"
                checked={smaller}
                onChange={({ currentTarget }) => void makeSmaller(currentTarget.checked)}
              />
              {words.text("picturesSmaller")}
            </label>
          )}
          <p class="problem" role="status" data-testid="attached-hint">
            {hint}
          </p>
        </section>
      )}
      <p class="sr" role="status">
        {any && words.plural("filesChosenCount", chosen.length)}
      </p>
    </>
  );
}

/** What is dropped anywhere, or pasted. */
function useGiven(take: (files: readonly File[]) => void): void {
  const last = useRef(take);
  last.current = take;
  useEffect(() => {
    const given = (event: Event, data: DataTransfer | null) => {
      const all = [...(data?.files ?? [])];
      // Who copies from a document means its text.
      if (all.length === 0 || data?.types.includes("text/plain")) return;
      event.preventDefault();
      last.current(all);
    };
    const onPaste = (event: ClipboardEvent) => given(event, event.clipboardData);
    const onDrop = (event: DragEvent) => given(event, event.dataTransfer);
    addEventListener("paste", onPaste);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("paste", onPaste);
      removeEventListener("drop", onDrop);
    };
  }, []);
}

/** The field has a text that is too long for a message. */
function useTooLong(input: RefObject<HTMLTextAreaElement | null>): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const field = input.current;
    if (field === null) return;
    const look = () => setOver(field.value.length > LONGEST && [...field.value].length > LONGEST);
    look();
    field.addEventListener("input", look);
    return () => field.removeEventListener("input", look);
  }, [input]);
  return over;
}

/** Says over the room where what is dragged can be dropped. */
function DropHere() {
  const { words } = usePage();
  const [over, setOver] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const off = () => setOver(false);
    // No event says for sure that something is dragged no more; those that say it is come often.
    const onDrag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
      clearTimeout(timer);
      timer = setTimeout(off, 500);
    };
    addEventListener("dragover", onDrag);
    addEventListener("drop", off);
    return () => {
      clearTimeout(timer);
      removeEventListener("dragover", onDrag);
      removeEventListener("drop", off);
    };
  }, []);
  return over ? (
    <div class="drop-here" data-testid="drop-here">
      {words.text("dropHere")}
    </div>
  ) : null;
}
