import { type Reader } from "./shape.ts";
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
/** Reads a file as an entry of the log, and the files' calls, have it. */
export declare const readFile: Reader<RoomFile>;
