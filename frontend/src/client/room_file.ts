import { amount, type Fields, list, mark, must, type Reader, shape, text, words } from "./shape.ts";

/** A file of a message, or one that was uploaded for a message to come. */
export interface RoomFile {
  id: string;
  name: string;
  /** Its media type, as the server found it. */
  type: string;
  /** Bytes. */
  size: number;
  sha256?: string;
  /** Of a picture. Pixels, as it is to be seen. */
  width?: number;
  height?: number;
  /** A tiny blurred picture, as a `data:` address. */
  preview?: string;
  animated?: true;
  /** Of a voice note. Seconds, and up to 64 loudnesses from 0 to 31. */
  duration?: number;
  wave?: number[];
}

const above: Reader<number> = (value) => amount(value) || undefined;

const readRest = shape<Omit<RoomFile, "type">>({
  id: must(text),
  name: words,
  size: must(amount),
  sha256: text,
  width: above,
  height: above,
  preview: (value) => (/^data:image\//.test(text(value) ?? "") ? text(value) : undefined),
  animated: mark,
  duration: above,
  wave: list(amount),
});

/** Reads a file as an entry of the log, and the files' calls, have it. */
export const readFile: Reader<RoomFile> = (value) => {
  const rest = readRest(value);
  return rest && { ...rest, type: text((value as Fields).type) ?? "" };
};
