import { useEffect, useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { onNotLoaded } from "./on_demand.ts";

/** Milliseconds. */
const SHOWN = 6_000;

/** Says for some seconds that a part of the page can't be loaded. */
export function NotLoaded() {
  const { words } = usePage();
  const [failures, setFailures] = useState(0);
  useEffect(() => onNotLoaded(() => setFailures((n) => n + 1)), []);
  useEffect(() => {
    if (failures === 0) return;
    const timer = setTimeout(() => setFailures(0), SHOWN);
    return () => clearTimeout(timer);
  }, [failures]);
  return (
    <div class="notice" role="alert" data-testid="not-loaded">
      {failures > 0 && <span>{words.text("partNotLoaded")}</span>}
    </div>
  );
}
