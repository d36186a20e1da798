import { useEffect } from "preact/hooks";

/** Keeps a phone's screen on: one that goes dark takes the camera with it. */
export function useWakeLock(wanted: boolean): void {
  useEffect(() => {
    if (!wanted || !("wakeLock" in navigator)) return;
    let lock: WakeLockSentinel | undefined;
    let over = false;
    // The browser takes it back from a page that is hidden.
    const ask = async () => {
      if (document.hidden) return;
      const given = await navigator.wakeLock.request("screen").catch(() => undefined);
      if (over) void given?.release();
      else lock = given;
    };
    void ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", ask);
      void lock?.release();
    };
  }, [wanted]);
}
