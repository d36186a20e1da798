import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { withWords } from "../i18n/more.ts";
import { onDemand } from "../on_demand.ts";
import { lasting } from "../storage.ts";
import { codeOf, takeCode } from "./link_address.ts";

/** Says in all tabs of this browser that it is somebody else's now. */
const CLAIMED = "claimed";

export function tellTabs(): void {
  lasting.set(CLAIMED, Date.now());
}

const claim = onDemand(withWords(() => import("./claim.tsx")));

/**
 * Shows the page, unless the address has a link to somebody's session: then that is claimed first,
 * so that nobody is in the room as a guest meanwhile.
 */
export function LinkGate({ children }: { children: ComponentChildren }) {
  const [code, setCode] = useState(takeCode);
  const module = claim.use(code !== undefined, () => setCode(undefined));
  useEffect(() => {
    // The page's rooms are read as who one was: it begins anew, and then claims before it reads.
    const onHash = () => {
      if (codeOf(location.hash) !== undefined) location.reload();
    };
    const onStorage = (event: StorageEvent) => {
      if (event.key?.endsWith(`.${CLAIMED}`)) location.reload();
    };
    window.addEventListener("hashchange", onHash);
    window.addEventListener("storage", onStorage);
    return () => {
      window.removeEventListener("hashchange", onHash);
      window.removeEventListener("storage", onStorage);
    };
  }, []);

  if (code === undefined) return <>{children}</>;
  return module && <module.Claim key={code} code={code} onDone={() => setCode(undefined)} />;
}
