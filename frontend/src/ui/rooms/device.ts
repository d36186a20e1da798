/** A page that was hidden longer may have slept. Milliseconds. */
const HIDDEN_LONG = 5_000;

export interface Device {
  networkChanged(online: boolean): void;
  resumed(): void;
  /** The page is being left. */
  leaving(): void;
  /** The page came to the front, or went behind others. */
  visibilityChanged(): void;
}

/** Tells what happens to the device and the page. Returns what ends that. */
export function followDevice(device: Device): () => void {
  const { networkChanged, resumed, leaving, visibilityChanged } = device;
  let hiddenAt = Date.now(); // a page may be loaded behind others
  const listeners: [EventTarget | undefined, string, (event: Event) => void][] = [
    [window, "online", () => networkChanged(true)],
    [window, "pagehide", () => leaving()],
    [window, "offline", () => networkChanged(false)],
    // It comes after each load too.
    [window, "pageshow", (event) => (event as PageTransitionEvent).persisted && resumed()],
    [
      document,
      "visibilitychange",
      () => {
        if (document.hidden) hiddenAt = Date.now();
        else if (Date.now() - hiddenAt > HIDDEN_LONG) resumed();
        visibilityChanged();
      },
    ],
    [document, "resume", () => resumed()],
    [networkInformation(), "change", () => networkChanged(navigator.onLine)],
  ];
  for (const [target, name, run] of listeners) target?.addEventListener(name, run);
  return () => {
    for (const [target, name, run] of listeners) target?.removeEventListener(name, run);
  };
}

/**
 * Chromium tells when the device goes from one network to another; the others only when it loses
 * one.
 */
function networkInformation(): EventTarget | undefined {
  return (navigator as { connection?: EventTarget }).connection;
}
