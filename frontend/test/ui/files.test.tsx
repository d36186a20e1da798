// @vitest-environment happy-dom
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { MessageEvent } from "../../src/client/index.ts";
import { boxOf } from "../../src/ui/files/box.ts";
import { canShrink, chosenOf } from "../../src/ui/files/chosen.ts";
import { kindOf } from "../../src/ui/files/kind.ts";
import { fileProblem } from "../../src/ui/files/problem.ts";
import { loudnessOf, waveOf } from "../../src/ui/files/recorder.ts";
import { durationText, sizeText } from "../../src/ui/files/sizes.ts";
import { Words } from "../../src/ui/i18n/index.ts";
import { FakeFiles, problem } from "../fake_files.ts";
import { usePage } from "./open_page.tsx";

const page = usePage();
const { pass, all, one, fill, click, texts } = page;
let files: FakeFiles;

beforeAll(async () => {
  const { ready } = await import("../../src/ui/files/files_parts.ts");
  // There is no server for its style.
  document.head.querySelector('link[rel="stylesheet"]')?.dispatchEvent(new Event("load"));
  await ready;
});

beforeEach(() => {
  files = new FakeFiles();
  vi.stubGlobal("XMLHttpRequest", undefined);
  vi.stubGlobal("fetch", (input: RequestInfo, init: RequestInit = {}) =>
    /\/(uploads|files)\b/.test(String(input))
      ? files.fetch(input, init)
      : page.server.fetch(input, init),
  );
});

const open = () => page.open("/rooms/lobby");

/** The server says that it keeps files. */
function offer() {
  const meta = document.createElement("meta");
  meta.name = "caller-files";
  meta.content = "on";
  document.body.append(meta);
}

const settled = async () => {
  for (let i = 0; i < 30; i++) await pass(50);
};

async function choose(...chosen: File[]) {
  const input = one("file-input") as HTMLInputElement;
  Object.defineProperty(input, "files", { value: chosen, configurable: true });
  input.dispatchEvent(new Event("change", { bubbles: true }));
  await settled();
}

const file = (name: string, text = "hello", type = "text/plain") =>
  new File([text], name, { type });

/** What the room's log says of a message's files. */
const posted = () =>
  page.server.log.map((m: MessageEvent) => [m.text, (m as unknown as { files?: string[] }).files]);

describe("attaching", () => {
  test("is offered where the server keeps files", async () => {
    await open();
    expect(all("attach")).toEqual([]);
    page.away();
    offer();
    await page.open("/rooms/lobby");
    expect(one("attach").getAttribute("aria-label")).toBe("Attach files");
  });

  test("sends the files, and then the message that names them in order", async () => {
    offer();
    await open();
    await pass(4_000);
    await choose(file("a.txt"), file("b.txt"));
    expect(all("attached-file").map((li) => li.textContent)).toEqual([
      expect.stringContaining("a.txt"),
      expect.stringContaining("b.txt"),
    ]);
    await fill("composer-input", "look at these");
    await click("send");
    expect(all("attached-file")).toEqual([]);
    expect((one("composer-input") as HTMLTextAreaElement).value).toBe("");
    await settled();
    expect(posted()).toEqual([["look at these", ["f-1", "f-2"]]]);
    expect(files.text("f-1")).toBe("hello");
    expect(texts()).toEqual(["look at these"]);
  });

  test("needs no text, and one may be taken out before", async () => {
    offer();
    await open();
    await pass(4_000);
    await choose(file("a.txt"), file("b.txt"));
    all("attached-remove")[0]?.click();
    await settled();
    await click("send");
    await settled();
    expect(posted()).toEqual([["", ["f-1"]]]);
    expect(files.uploads.get("f-1")?.metadata.filename).toBe("b.txt");
  });

  test("takes ten for a message", async () => {
    offer();
    await open();
    await pass(4_000);
    await choose(...Array.from({ length: 12 }, (_, i) => file(`${i}.txt`)));
    expect(all("attached-file")).toHaveLength(10);
    expect(one("attached-hint").textContent).toContain("at most 10 files");
  });

  test("leaves a text that is too long where it is, when there is no place for its file", async () => {
    offer();
    await open();
    await pass(4_000);
    await choose(...Array.from({ length: 10 }, (_, i) => file(`${i}.txt`)));
    const long = "long ".repeat(900);
    await fill("composer-input", long);
    await click("as-file");
    await settled();
    expect((one("composer-input") as HTMLTextAreaElement).value).toBe(long);
    expect(all("attached-file")).toHaveLength(10);
    expect(one("attached-hint").textContent).toContain("at most 10 files");
    all("attached-remove")[0]?.click();
    await settled();
    await click("as-file");
    await settled();
    expect((one("composer-input") as HTMLTextAreaElement).value).toBe("");
    expect(all("attached-file")).toHaveLength(10);
  });

  test("doesn't hold up what is written meanwhile, and keeps its own order", async () => {
    offer();
    page.server.post("hello");
    await open();
    await pass(4_000);
    let off = true;
    files.meanwhile = (method, path) =>
      off && method === "PATCH" && path.endsWith("f-1") ? problem(503, "unavailable") : undefined;
    await choose(file("large.txt"));
    await fill("composer-input", "first");
    await click("send");
    await choose(file("small.txt"));
    await fill("composer-input", "second");
    await click("send");
    await fill("composer-input", "a text");
    await click("send");
    await settled();
    expect(posted().map(([text]) => text)).toEqual(["hello", "a text"]);
    expect(texts()).toEqual(["hello", "a text", "first", "second"]);
    off = false;
    await pass(20_000);
    expect(posted().map(([text]) => text)).toEqual(["hello", "a text", "first", "second"]);
  });

  test("says why a file is refused, and sends it after all when it is told to", async () => {
    offer();
    await open();
    await pass(4_000);
    files.max = 3;
    await choose(file("a.txt"));
    expect(one("attached-file").textContent).toContain("at most 3");
    await click("send");
    await settled();
    expect(one("sending").dataset.state).toBe("failed");
    expect(one("sending").textContent).toMatch(/Too large: at most 3\sbyte/);
    files.max = undefined;
    await click("file-retry");
    await settled();
    expect(posted()).toEqual([["", ["f-1"]]]);
    expect(all("sending")).toEqual([]);
  });

  test("leaves out a file that is taken back on its way", async () => {
    offer();
    await open();
    await pass(4_000);
    files.meanwhile = (method, path) =>
      method === "PATCH" && path.endsWith("f-1") ? problem(503, "unavailable") : undefined;
    await choose(file("a.txt"), file("b.txt"));
    await click("send");
    await settled();
    expect(one("sending").textContent).toContain("Paused");
    all("file-cancel")[0]?.click();
    await settled();
    expect(posted()).toEqual([["", ["f-2"]]]);
    expect(files.uploads.has("f-1")).toBe(false);
  });

  test("of a text that is too long makes a file of it", async () => {
    offer();
    await open();
    await pass(4_000);
    await fill("composer-input", "x".repeat(4_001));
    await click("as-file");
    await settled();
    expect((one("composer-input") as HTMLTextAreaElement).value).toBe("");
    expect(one("attached-file").textContent).toContain("message.txt");
    await click("send");
    await settled();
    expect(files.text("f-1")).toHaveLength(4_001);
  });

  test("sends again what the server has swept before the message came", async () => {
    offer();
    await open();
    await pass(4_000);
    page.server.refuse = { status: 422, code: "invalid_field", field: "files" };
    await choose(file("a.txt"));
    await click("send");
    await settled();
    page.server.refuse = undefined;
    await settled();
    await pass(2_000);
    expect(files.made).toBe(2);
  });
});

describe("a message's files", () => {
  const show = async (...shown: object[]) => {
    await open();
    page.server.append({
      type: "message",
      from: { id: "bob", name: "Bob" },
      text: "",
      files: shown,
    });
    await settled();
  };

  test("are shown as what they are", async () => {
    await show(
      { id: "1", name: "cat.png", type: "image/png", size: 10, width: 640, height: 480 },
      { id: "2", name: "a.zip", type: "application/zip", size: 2_500_000 },
      { id: "3", name: "n.webm", type: "audio/webm", size: 9, duration: 65, wave: [1, 31] },
      { id: 4, name: "broken" },
    );
    expect(all("file").map(({ dataset }) => dataset.kind)).toEqual(["picture", "other", "voice"]);
    expect(all("file-card")[0]?.textContent).toContain("2.5 MB · ZIP");
    expect(one("voice").textContent).toContain("1:05");
    expect(all("wave")[0]?.children).toHaveLength(2);
    const picture = one("picture").querySelector("img");
    expect(picture?.getAttribute("src")).toMatch(/rooms\/lobby\/files\/1\/cat.png\?preview=1$/);
    expect(all("message-text")).toEqual([]);
  });

  test("go with the message when it is deleted", async () => {
    await show({ id: "2", name: "a.zip", type: "application/zip", size: 5 });
    const [message] = page.server.log;
    page.server.append({ type: "delete", target: message?.id, from: { id: "bob", name: "Bob" } });
    await settled();
    expect(all("file")).toEqual([]);
    expect(all("message-deleted")).toHaveLength(1);
  });

  test("that are gone say so", async () => {
    await show({ id: "2", name: "a.zip", type: "application/zip", size: 5 });
    await click("file-download");
    await settled();
    expect(one("file-trouble").textContent).toBe("This file is no longer there.");
  });
});

describe("a voice note", () => {
  let tracks: { live: boolean; stop(): void }[];
  let recorders: FakeRecorder[];
  /** Somebody tells the browser that one may record. */
  let allow: () => Promise<void>;

  class FakeRecorder {
    static isTypeSupported = (type: string) => type.startsWith("audio/webm");
    state = "inactive";
    mimeType = "audio/webm;codecs=opus";
    ondataavailable: ((event: { data: Blob }) => void) | undefined;
    onstop: (() => void) | undefined;
    constructor() {
      recorders.push(this);
    }
    start() {
      this.state = "recording";
    }
    /** By the page; or by itself, when the microphone is taken away. */
    stop() {
      if (this.state === "inactive") throw new DOMException("inactive", "InvalidStateError");
      this.state = "inactive";
      queueMicrotask(() => {
        this.ondataavailable?.({ data: new Blob(["sound"]) });
        this.onstop?.();
      });
    }
  }

  beforeEach(() => {
    tracks = [];
    recorders = [];
    vi.stubGlobal("MediaRecorder", FakeRecorder);
    vi.stubGlobal(
      "AudioContext",
      class {
        createAnalyser = () => ({ fftSize: 0, getFloatTimeDomainData: () => undefined });
        createMediaStreamSource = () => ({ connect: () => undefined });
        close = async () => undefined;
      },
    );
    let answer = (_: unknown) => {};
    const asked = new Promise((resolve) => {
      answer = resolve;
    });
    const getUserMedia = async () => {
      await asked;
      const track = {
        live: true,
        stop() {
          track.live = false;
        },
      };
      tracks.push(track);
      return { getTracks: () => [track] };
    };
    vi.stubGlobal(
      "navigator",
      Object.create(navigator, { mediaDevices: { value: { getUserMedia } } }),
    );
    allow = async () => {
      answer(undefined);
      await settled();
    };
  });

  /** Opens the room, and asks for the microphone. */
  const ask = async () => {
    offer();
    await open();
    await pass(4_000);
    await click("voice-record");
  };

  test.each([
    ["has begun to write", () => fill("composer-input", "x")],
    ["has left the room", async () => page.away()],
  ])("is not recorded unseen of who %s before the browser let them", async (_, goOn) => {
    await ask();
    await goOn();
    await pass(100);
    await allow();
    expect(tracks.map(({ live }) => live)).toEqual([false]);
    expect(all("voice-bar")).toEqual([]);
  });

  test("keeps what was said until the microphone was taken away", async () => {
    await ask();
    await allow();
    await pass(2_000);
    recorders[0]?.stop();
    await pass(3_000);
    expect(tracks.map(({ live }) => live)).toEqual([false]);
    await click("voice-send");
    await settled();
    expect(files.text("f-1")).toBe("sound");
    expect(posted()).toEqual([["", ["f-1"]]]);
  });

  test("goes on whatever is dropped meanwhile, over a form that is out of reach", async () => {
    await ask();
    await allow();
    expect(document.activeElement).toBe(one("voice-send"));
    one("voice-cancel").focus();
    await pass(1_000);
    expect(document.activeElement).toBe(one("voice-cancel"));
    expect(one("composer-input").inert).toBe(true);
    await choose(file("a.txt"));
    expect(all("voice-bar")).toHaveLength(1);
    expect(tracks.map(({ live }) => live)).toEqual([true]);
    one("voice-cancel").click();
    await settled();
    expect(tracks.map(({ live }) => live)).toEqual([false]);
    expect(one("composer-input").inert).toBe(false);
    expect(all("attached-file")).toHaveLength(1);
  });
});

describe("pieces", () => {
  const of = (more: object) => ({ id: "1", name: "x", type: "", size: 1, ...more });

  test("a file's room is known before it comes", () => {
    expect(boxOf(of({ type: "image/png", width: 640, height: 320 }), 1)).toEqual({
      width: "320px",
      aspectRatio: "320 / 160",
    });
    expect(boxOf(of({ width: 10, height: 4_000 }), 1)).toEqual({
      width: "48px",
      aspectRatio: "48 / 320",
    });
    expect(boxOf(of({ width: 640, height: 320 }), 2)).toEqual({ width: "104px", height: "104px" });
    const heights = ["video/mp4", "audio/ogg", "application/pdf", "text/plain", "application/zip"];
    expect(heights.map((type) => boxOf(of({ type }), 1).height)).toEqual(
      [248, 120, 248, 248, 64].map((n) => `${n}px`),
    );
    expect(boxOf(of({ type: "audio/webm", duration: 3 }), 1).height).toBe("64px");
  });

  test("what is shown of a file has the room that its box has", () => {
    const types = [
      "video/mp4",
      "audio/mpeg",
      "application/pdf",
      "text/plain; charset=utf-8",
      "application/zip",
    ];
    const kinds = types.map((type) => kindOf(of({ type })));
    expect(kinds).toEqual(["video", "audio", "pdf", "text", "other"]);
    for (const type of [
      "text/x-log",
      "text/csv",
      "text/html",
      "application/json",
      "application/yaml",
    ]) {
      expect(kindOf(of({ type }))).toBe("text");
      expect(boxOf(of({ type }), 1).height).toBe("248px");
    }
    expect(kindOf(of({ type: "video/quicktime" }))).toBe("video");
    expect(boxOf(of({ type: "video/quicktime" }), 1).height).toBe("248px");
    expect(kindOf(of({ type: "video/x-matroska" }))).toBe("other");
    expect(boxOf(of({ type: "video/x-matroska" }), 1).height).toBe("64px");
  });

  test("a picture of too many pixels is not said to have too many bytes", () => {
    const refusal = { code: "too_large", title: "", field: "pixels", limit: 67_108_864 };
    expect(fileProblem(new Words("en"), refusal)).toBe("Too many pixels: at most 67 million.");
  });

  test("sizes and times are said as people say them", () => {
    const en = new Words("en");
    expect([0, 999, 1_000, 1_234_567, 99_950_000, 3e9].map((n) => sizeText(en, n))).toEqual([
      "0 bytes",
      "999 bytes",
      "1 kB",
      "1.2 MB",
      "100 MB",
      "3 GB",
    ]);
    expect([0, 9.9, 65, 300].map(durationText)).toEqual(["0:00", "0:09", "1:05", "5:00"]);
  });

  test("a wave has at most 64 loudnesses from 0 to 31", () => {
    expect(waveOf([])).toEqual([]);
    expect(waveOf([3, 5])).toEqual([3, 5]);
    const wave = waveOf(Array.from({ length: 3_000 }, (_, i) => (i === 1_500 ? 31 : i % 7)));
    expect(wave).toHaveLength(64);
    expect(Math.max(...wave)).toBe(31);
    expect(loudnessOf(new Float32Array(100))).toBe(0);
    expect(loudnessOf(new Float32Array(100).fill(1))).toBe(31);
    expect(loudnessOf(new Float32Array(0))).toBe(0);
  });

  test("only still pictures that gain by it are made smaller", () => {
    const picture = (type: string, more: object) => ({
      ...chosenOf(new Blob([]), "x", type),
      width: 2_000,
      height: 100,
      ...more,
    });
    expect(canShrink(picture("image/jpeg", {}))).toBe(true);
    expect(canShrink(picture("image/gif", {}))).toBe(false);
    expect(canShrink(picture("image/png", { width: 100, size: 1_000 }))).toBe(false);
    expect(canShrink(picture("image/png", { width: 100, size: 900_000 }))).toBe(true);
    expect(canShrink(chosenOf(new Blob([]), "x", "image/png"))).toBe(false);
  });
});
