/** What comes by itself: an event stream that is opened again for as long as it is wanted. */
export interface Stream {
  close(): void;
}

export type StreamState = "connecting" | "live" | "off";

export interface StreamOptions {
  url(): string;
  /** The names of the events that are wanted; those without a name always are. */
  events: readonly string[];
  onEvent(name: string, data: unknown): void;
  onState(state: StreamState): void;
  /** The server refused it: whether one is still signed in has to be asked. */
  onRefused(): void;
}

/** Milliseconds before it is tried again, and at most. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

export function openStream(options: StreamOptions): Stream {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = FIRST_PAUSE;
  let closed = false;

  const open = () => {
    const current = new EventSource(options.url());
    source = current;
    options.onState("connecting");
    current.onopen = () => {
      pause = FIRST_PAUSE;
      options.onState("live");
    };
    const heard = (event: Event) => {
      const { type, data } = event as MessageEvent<string>;
      try {
        options.onEvent(type, JSON.parse(data));
      } catch {
        // Nothing that this page knows.
      }
    };
    current.onmessage = heard;
    for (const name of options.events) current.addEventListener(name, heard);
    current.onerror = () => {
      if (closed) return;
      options.onState("off");
      // The browser opens it again by itself, unless the server said no.
      if (current.readyState !== EventSource.CLOSED) return;
      options.onRefused();
      timer = setTimeout(open, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    };
  };
  open();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      source?.close();
    },
  };
}
