import type { RoomFile } from "../../client/files.ts";

/** A file that somebody has chosen to send. */
export interface Chosen {
  id: string;
  blob: Blob;
  name: string;
  type: string;
  size: number;
  /** Of a picture, as it is to be seen. */
  width?: number;
  height?: number;
  /** Of a voice note. */
  duration?: number;
  wave?: readonly number[];
  /** The upload's id, once it has begun. */
  upload?: string;
  /** What the server has made of it. */
  done?: RoomFile;
  /** What it is being made into, which is to be sent instead. */
  becomes?: Promise<Chosen>;
  /** A small picture of it, to show before it is there. */
  thumb?: ImageBitmap;
}

let made = 0;

/** Reports whether an id is of this page's own making. */
export const isLocal = (id: string) => id.startsWith("local-");

/** What is sent of a file that was chosen, dropped or pasted. */
export function chosenOf(blob: Blob, name: string, type = blob.type): Chosen {
  return { id: `local-${Date.now()}-${made++}`, blob, name, type, size: blob.size };
}

/** A side of the small pictures. Pixels: twice what they are shown in. */
const THUMB = 208;

/** Reads how large a picture is, and makes a small one of it; what is none stays as it is. */
export async function withPicture(chosen: Chosen): Promise<Chosen> {
  if (!/^image\/(png|jpeg|gif|webp)$/.test(chosen.type)) return chosen;
  try {
    const whole = await createImageBitmap(chosen.blob);
    const { width, height } = whole;
    const scale = Math.min(1, THUMB / Math.min(width, height));
    const thumb = await createImageBitmap(whole, {
      resizeWidth: Math.max(1, Math.round(width * scale)),
      resizeHeight: Math.max(1, Math.round(height * scale)),
      resizeQuality: "medium",
    });
    whole.close();
    return { ...chosen, width, height, thumb };
  } catch {
    return chosen; // the server says what it is
  }
}

/** The longer side of a picture that was made smaller. Pixels. */
const SIDE = 1_600;
/** Below this nothing is gained. Bytes. */
const WORTH = 300_000;

/** Reports whether it is a picture that can be made smaller. */
export function canShrink({ type, size, width = 0, height = 0 }: Chosen): boolean {
  const still = /^image\/(png|jpeg|webp)$/.test(type);
  return still && width > 0 && (size > WORTH || Math.max(width, height) > SIDE);
}

/** The picture with fewer pixels; the same one where it is not smaller then. */
export async function shrunk(chosen: Chosen): Promise<Chosen> {
  const { width = 0, height = 0 } = chosen;
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const [w, h] = [width, height].map((n) => Math.max(1, Math.round(n * scale))) as [number, number];
  const type = chosen.type === "image/jpeg" ? "image/jpeg" : "image/webp";
  try {
    const picture = await createImageBitmap(chosen.blob, {
      resizeWidth: w,
      resizeHeight: h,
      resizeQuality: "high",
    });
    const canvas = document.createElement("canvas");
    canvas.width = w;
    canvas.height = h;
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    picture.close();
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, 0.85));
    // A browser that can't write the type writes PNG.
    if (blob?.type !== type || blob.size >= chosen.size) return chosen;
    const name = chosen.name.replace(/\.\w{1,5}$/, "") + (type === "image/jpeg" ? ".jpg" : ".webp");
    return { ...chosen, blob, name, type, size: blob.size, width: w, height: h };
  } catch {
    return chosen;
  }
}
