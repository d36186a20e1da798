import {
  ConnectionError,
  ConnectionErrorReason,
  ConnectionQuality,
  DisconnectReason,
  type LocalTrack,
  type Participant,
  type RemoteTrack,
  Room,
  RoomEvent,
  type ScreenShareCaptureOptions,
  setLogLevel,
  Track,
  type VideoTrack,
} from "livekit-client";
import {
  type CallSession,
  ConnectError,
  type ConnectProblem,
  type DeviceKind,
  type Devices,
  type MediaProblem,
  mediaProblemOf,
  type Pass,
  type Picture,
  type SessionEnd,
  type SessionEvents,
  type SessionView,
  type Source,
  type Talker,
} from "./session.ts";

/**
 * How long LiveKit's client may mend a connection before a new one is made with a new pass. Most
 * breaks are mended within two seconds; after a restart of the server only a new connection helps.
 * Milliseconds.
 */
const MENDS_WITHIN = 15_000;
/** Between its tries. Milliseconds. */
const MEND_DELAYS = [0, 300, 1_000, 2_000, 4_000];

const SOURCE = {
  camera: Track.Source.Camera,
  microphone: Track.Source.Microphone,
  screen: Track.Source.ScreenShare,
} as const;

const DEVICE_KIND: Record<DeviceKind, MediaDeviceKind> = {
  camera: "videoinput",
  microphone: "audioinput",
  speaker: "audiooutput",
};

const SCREEN: ScreenShareCaptureOptions = {
  audio: true,
  contentHint: "detail",
  surfaceSwitching: "include",
};

/** What the view is made of. */
const CHANGES = [
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.ParticipantNameChanged,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.ActiveSpeakersChanged,
  RoomEvent.ConnectionQualityChanged,
  RoomEvent.AudioPlaybackStatusChanged,
  RoomEvent.Reconnected,
] as const;

setLogLevel("error");

/** A call on a LiveKit server. Rejects with a ConnectError. */
export async function openLiveKit(
  pass: Pass,
  devices: Devices,
  events: SessionEvents,
  signal: AbortSignal,
): Promise<CallSession> {
  signal.throwIfAborted(); // it took a while to load this
  const session = new LiveKitSession(devices, events);
  const close = () => session.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    await session.connect(pass);
  } finally {
    signal.removeEventListener("abort", close);
  }
  return session;
}

class LiveKitSession implements CallSession {
  readonly #room: Room;
  readonly #events: SessionEvents;
  readonly #pictures = new WeakMap<VideoTrack, Picture>();
  /**
   * The last switch of each source: the next one waits for it, since a camera that is starting
   * can't be stopped yet.
   */
  readonly #switches = new Map<Source, Promise<MediaProblem | undefined>>();
  /** Own sources that are being switched, so that what the room tells of them is no surprise. */
  readonly #switching = new Set<Source>();
  /** What is captured and not published yet: the room does not let go of it when it closes. */
  readonly #unpublished = new Set<LocalTrack>();
  #joined = false;
  #signalled = false;
  #over = false;
  #view: SessionView = { talkers: [], soundBlocked: false };

  constructor(devices: Devices, events: SessionEvents) {
    this.#events = events;
    this.#room = new Room({
      // The picture that is sent and received is as large as it is shown, and what nobody looks at
      // is not sent.
      adaptiveStream: true,
      dynacast: true,
      publishDefaults: { simulcast: true },
      reconnectPolicy: {
        nextRetryDelayInMs: ({ retryCount, elapsedMs }) =>
          elapsedMs > MENDS_WITHIN ? null : (MEND_DELAYS[retryCount] ?? 4_000),
      },
      videoCaptureDefaults: devices.camera === undefined ? {} : { deviceId: devices.camera },
      audioCaptureDefaults:
        devices.microphone === undefined ? {} : { deviceId: devices.microphone },
      ...(devices.speaker === undefined ? {} : { audioOutput: { deviceId: devices.speaker } }),
    });
    this.#listen();
  }

  get view(): SessionView {
    return this.#view;
  }

  get devices(): Devices {
    const devices: Devices = {};
    for (const kind of ["camera", "microphone", "speaker"] as const) {
      const id = this.#room.getActiveDevice(DEVICE_KIND[kind]);
      if (id !== undefined) devices[kind] = id;
    }
    return devices;
  }

  async connect({ url, token }: Pass): Promise<void> {
    try {
      await this.#room.connect(url, token);
    } catch (error) {
      this.close();
      throw new ConnectError(connectProblemOf(error, this.#signalled), error);
    }
    this.#joined = true;
    this.#changed();
  }

  set(source: Source, on: boolean): Promise<MediaProblem | undefined> {
    const before = this.#switches.get(source) ?? Promise.resolve(undefined);
    const now = before.then(() => this.#switch(source, on));
    this.#switches.set(source, now);
    return now;
  }

  /** Never rejects. */
  async #switch(source: Source, on: boolean): Promise<MediaProblem | undefined> {
    const { localParticipant: own } = this.#room;
    if (this.#over) return undefined;
    if (on && navigator.mediaDevices === undefined) return "insecure";
    this.#switching.add(source);
    try {
      if (on && own.getTrackPublication(SOURCE[source]) === undefined) await this.#publish(source);
      else if (source === "camera") await own.setCameraEnabled(on);
      else if (source === "microphone") await own.setMicrophoneEnabled(on);
      else await own.setScreenShareEnabled(on);
      return undefined;
    } catch (error) {
      if (source === "screen" && isChangeOfMind(error)) return undefined;
      return mediaProblemOf(error);
    } finally {
      this.#switching.delete(source);
      this.#changed();
    }
  }

  /**
   * Captures and publishes. The room would do both by itself, and hold the devices for a while when
   * one leaves meanwhile.
   */
  async #publish(source: Source): Promise<void> {
    const { localParticipant: own } = this.#room;
    const tracks =
      source === "screen"
        ? await own.createScreenTracks(SCREEN)
        : await own.createTracks(source === "camera" ? { video: true } : { audio: true });
    for (const track of tracks) this.#unpublished.add(track);
    try {
      if (this.#over) throw new Error("one has left");
      await Promise.all(tracks.map((track) => own.publishTrack(track)));
    } catch (error) {
      for (const track of tracks) track.stop();
      throw error;
    } finally {
      for (const track of tracks) this.#unpublished.delete(track);
    }
  }

  async use(kind: DeviceKind, id: string): Promise<MediaProblem | undefined> {
    try {
      await this.#room.switchActiveDevice(DEVICE_KIND[kind], id);
      return undefined;
    } catch (error) {
      return mediaProblemOf(error);
    } finally {
      this.#changed();
    }
  }

  async startSound(): Promise<void> {
    await this.#room.startAudio().catch(() => undefined); // it is still to be seen that it is blocked
    this.#changed();
  }

  close(): void {
    this.#over = true;
    // The capture ends now, not when the server has been told.
    for (const { track } of this.#room.localParticipant.trackPublications.values()) track?.stop();
    for (const track of this.#unpublished) track.stop();
    void this.#room.disconnect(true);
    for (const { trackPublications } of this.#room.remoteParticipants.values()) {
      for (const { track } of trackPublications.values()) if (track) removeSound(track);
    }
  }

  #listen(): void {
    const room = this.#room;
    const changed = () => this.#changed();
    for (const event of CHANGES) room.on(event, changed);
    room.on(RoomEvent.SignalConnected, () => {
      this.#signalled = true;
    });
    room.on(RoomEvent.TrackSubscribed, (track) => {
      if (track.kind === Track.Kind.Audio) addSound(track);
    });
    room.on(RoomEvent.TrackUnsubscribed, removeSound);
    room.on(RoomEvent.Reconnecting, () => this.#mending(true));
    room.on(RoomEvent.SignalReconnecting, () => this.#mending(true));
    room.on(RoomEvent.Reconnected, () => this.#mending(false));
    room.on(RoomEvent.TrackMuted, ({ source }, participant) => {
      if (participant.isLocal) this.#ownGone(source);
    });
    room.on(RoomEvent.Disconnected, (reason) => {
      if (this.#over || !this.#joined) return;
      this.#over = true;
      this.#events.onEnd(endOf(reason));
    });
  }

  /**
   * A camera or microphone of one's own went off by itself: it was pulled out, or taken away in the
   * browser's settings.
   */
  #ownGone(source: Track.Source): void {
    for (const kind of ["camera", "microphone"] as const) {
      if (source === SOURCE[kind] && !this.#over && !this.#switching.has(kind)) {
        this.#events.onProblem(kind, "missing");
      }
    }
  }

  #mending(mending: boolean): void {
    if (!this.#over) this.#events.onMending(mending);
  }

  #changed(): void {
    if (this.#over) return;
    const { localParticipant, remoteParticipants, canPlaybackAudio } = this.#room;
    const others = [...remoteParticipants.values()].sort(
      (a, b) => (a.joinedAt?.getTime() ?? 0) - (b.joinedAt?.getTime() ?? 0),
    );
    this.#view = {
      talkers: [localParticipant, ...others].map((one) => this.#talker(one)),
      soundBlocked: !canPlaybackAudio,
    };
    this.#events.onChange();
  }

  #talker(one: Participant): Talker {
    const camera = this.#picture(one, Track.Source.Camera);
    const screen = this.#picture(one, Track.Source.ScreenShare);
    const connection = qualityOf(one.connectionQuality);
    return {
      id: one.identity,
      name: one.name ?? "",
      own: one.isLocal,
      speaking: one.isSpeaking,
      audible: one.isMicrophoneEnabled,
      ...(camera === undefined ? {} : { camera }),
      ...(screen === undefined ? {} : { screen }),
      ...(connection === undefined ? {} : { connection }),
    };
  }

  #picture(one: Participant, source: Track.Source): Picture | undefined {
    const publication = one.getTrackPublication(source);
    const track = publication?.videoTrack as VideoTrack | undefined;
    if (publication === undefined || publication.isMuted || track === undefined) return undefined;
    const known = this.#pictures.get(track);
    if (known !== undefined) return known;
    const picture: Picture = {
      id: publication.trackSid,
      attach(video) {
        track.attach(video);
        return () => void track.detach(video);
      },
    };
    this.#pictures.set(track, picture);
    return picture;
  }
}

/** Sound has an element of its own, which nobody sees: tiles come and go as the page is drawn. */
function addSound(track: RemoteTrack): void {
  const audio = track.attach();
  audio.hidden = true;
  document.body.append(audio);
}

function removeSound(track: { detach(): HTMLMediaElement[]; kind: Track.Kind }): void {
  if (track.kind !== Track.Kind.Audio) return;
  for (const audio of track.detach()) audio.remove();
}

function qualityOf(quality: ConnectionQuality): "poor" | "lost" | undefined {
  if (quality === ConnectionQuality.Poor) return "poor";
  return quality === ConnectionQuality.Lost ? "lost" : undefined;
}

function endOf(reason: DisconnectReason | undefined): SessionEnd {
  switch (reason) {
    case DisconnectReason.DUPLICATE_IDENTITY:
      return "elsewhere";
    case DisconnectReason.PARTICIPANT_REMOVED:
    case DisconnectReason.ROOM_DELETED:
      return "removed";
    default:
      return "lost";
  }
}

/**
 * When the server spoke and the connection failed all the same, the media found no way through the
 * network.
 */
function connectProblemOf(error: unknown, signalled: boolean): ConnectProblem {
  if (signalled) return "blocked";
  const denied =
    error instanceof ConnectionError && error.reason === ConnectionErrorReason.NotAllowed;
  return denied ? "denied" : "unreachable";
}

/**
 * The dialog for the screen was closed without choosing: browsers say so with the name of a
 * refusal.
 */
function isChangeOfMind(error: unknown): boolean {
  return (
    error instanceof Error && error.name === "NotAllowedError" && !/system/i.test(error.message)
  );
}
