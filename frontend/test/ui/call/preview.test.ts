// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Preview } from "../../../src/ui/call/preview.ts";
import type { MediaProblem } from "../../../src/ui/call/session.ts";

class FakeTrack extends EventTarget {
  readonly kind: string;
  readonly device: string;
  stopped = false;

  constructor(kind: string, device: string) {
    super();
    this.kind = kind;
    this.device = device;
  }

  stop(): void {
    this.stopped = true;
  }
}

class FakeStream {
  readonly tracks: FakeTrack[];

  constructor(tracks: FakeTrack[]) {
    this.tracks = tracks;
  }

  getTracks = () => this.tracks;
  getVideoTracks = () => this.tracks.filter(({ kind }) => kind === "video");
  getAudioTracks = () => this.tracks.filter(({ kind }) => kind === "audio");
}

type Asked = { video?: Wish; audio?: Wish };
type Wish = { deviceId?: { exact: string } };

/** What each kind of device does: absent when it works. */
let failing: Partial<Record<"video" | "audio", string>>;
let states: Record<string, string>;
let asked: string[];
let tracks: FakeTrack[];
let devices: string[];
let onAsked: (kinds: string) => void;

const failure = (name: string) => Object.assign(new Error(name), { name });

async function getUserMedia(wish: Asked): Promise<FakeStream> {
  const kinds = (["video", "audio"] as const).filter((kind) => wish[kind] !== undefined);
  asked.push(kinds.join("+"));
  onAsked(kinds.join("+"));
  await Promise.resolve();
  for (const kind of kinds) {
    const name = failing[kind];
    if (name !== undefined) throw failure(name);
    const id = wish[kind]?.deviceId?.exact;
    if (id !== undefined && !devices.includes(id)) throw failure("OverconstrainedError");
  }
  const given = kinds.map(
    (kind) => new FakeTrack(kind, wish[kind]?.deviceId?.exact ?? `default ${kind}`),
  );
  tracks.push(...given);
  return new FakeStream(given);
}

beforeEach(() => {
  failing = {};
  states = {};
  asked = [];
  tracks = [];
  devices = ["c1", "c2"];
  onAsked = () => {};
  vi.stubGlobal("MediaStream", FakeStream);
  vi.stubGlobal("navigator", {
    mediaDevices: { getUserMedia },
    permissions: { query: async ({ name }: { name: string }) => ({ state: states[name] }) },
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const live = () => tracks.filter(({ stopped }) => !stopped).map(({ device }) => device);

async function start(on = { camera: true, microphone: true }, chosen = {}): Promise<Preview> {
  const preview = new Preview(on, chosen);
  await preview.start();
  return preview;
}

describe("the look at oneself", () => {
  test("asks once for both, and lets go of both", async () => {
    const preview = await start();
    expect(asked).toEqual(["video+audio"]);
    expect(live()).toHaveLength(2);
    preview.stop();
    expect(live()).toEqual([]);
  });

  test("asks for nothing that is off", async () => {
    await start({ camera: false, microphone: false });
    expect(asked).toEqual([]);
  });

  test.each<[string, MediaProblem]>([
    ["NotFoundError", "missing"],
    ["NotReadableError", "busy"],
    ["TypeError", "failed"],
  ])("without a camera (%s) there is a microphone still", async (name, problem) => {
    failing = { video: name };
    const preview = await start();
    expect(asked).toEqual(["video+audio", "video", "audio"]);
    expect(preview.view.problems).toEqual({ camera: problem });
    expect(preview.view.on).toEqual({ camera: false, microphone: true });
    expect(live()).toEqual(["default audio"]);
  });

  test("does not ask again for what was refused", async () => {
    failing = { video: "NotAllowedError", audio: "NotAllowedError" };
    const preview = await start();
    expect(asked).toEqual(["video+audio"]);
    expect(preview.view.problems).toEqual({ camera: "refused", microphone: "refused" });
  });

  test("a camera that is refused for good does not take the microphone with it", async () => {
    failing = { video: "NotAllowedError" };
    states = { camera: "denied", microphone: "granted" };
    const preview = await start();
    expect(preview.view.problems).toEqual({ camera: "refused" });
    expect(live()).toEqual(["default audio"]);
  });

  test("a page over plain HTTP gets nothing", async () => {
    vi.stubGlobal("navigator", {});
    const preview = await start();
    expect(preview.view.problems).toEqual({ camera: "insecure", microphone: "insecure" });
  });

  test("uses the device that was chosen, and another one when it is gone", async () => {
    const preview = await start({ camera: true, microphone: false }, { camera: "c1" });
    expect(live()).toEqual(["c1"]);
    await preview.use("camera", "c2");
    expect(live()).toEqual(["c2"]);
    devices = [];
    await preview.use("camera", "c1");
    expect(live()).toEqual(["default video"]);
    expect(preview.view.problems.camera).toBeUndefined();
  });

  test("lets go of what comes late", async () => {
    const preview = new Preview({ camera: true, microphone: true }, {});
    const started = preview.start();
    preview.stop();
    await started;
    expect(tracks).toHaveLength(2);
    expect(live()).toEqual([]);
  });

  test.each<[string, (preview: Preview) => Promise<void> | void, string[]]>([
    ["it is over", (preview) => preview.stop(), []],
    ["that was asked for anew", (preview) => preview.set("microphone", true), ["audio"]],
  ])("asks for no second device when %s", async (_, meanwhile, more) => {
    failing = { video: "NotReadableError" };
    const preview = new Preview({ camera: true, microphone: true }, {});
    const started = new Promise((done) => {
      onAsked = (kinds) => {
        if (kinds === "video") done(meanwhile(preview));
      };
    });
    await Promise.all([preview.start(), started]);
    expect(asked).toEqual(["video+audio", "video", ...more]);
    preview.stop();
    expect(live()).toEqual([]);
  });

  test("says so when a device is pulled out", async () => {
    const preview = await start();
    tracks.find(({ kind }) => kind === "video")?.dispatchEvent(new Event("ended"));
    expect(preview.view.problems).toEqual({ camera: "missing" });
    await preview.set("camera", true);
    expect(preview.view.problems.camera).toBeUndefined();
    expect(live()).toHaveLength(2);
  });
});
