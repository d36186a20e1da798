import { useState } from "preact/hooks";
import type { Decision } from "../client/index.ts";
import { usePage } from "./context.ts";
import { copyText } from "./copy.ts";
import { Dialog } from "./dialog.tsx";
import { secondsText } from "./i18n/times.ts";
import { reasonText, whatText } from "./reasons.ts";

export interface DiagnosticsProps {
  decisions: readonly Decision[];
  room: string;
  onClose(): void;
}

/** What was decided about the connection, the newest first. */
export function Diagnostics({ decisions, room, onClose }: DiagnosticsProps) {
  const { words } = usePage();
  const [copied, setCopied] = useState(false);
  return (
    <Dialog title={words.text("connection")} kind="panel" testId="diagnostics" onClose={onClose}>
      <p class="quiet">{words.text("diagnosticsHint")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <div class="table-frame" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.text("diagnosticsTime")}</th>
              <th scope="col">{words.text("diagnosticsWhat")}</th>
              <th scope="col">{words.text("diagnosticsWhy")}</th>
            </tr>
          </thead>
          <tbody>
            {[...decisions].reverse().map((decision, index) => (
              <tr key={decisions.length - index}>
                <td>
                  <time dateTime={new Date(decision.at).toISOString()}>
                    {secondsText(words, decision.at)}
                  </time>
                </td>
                <td>{whatText(words, decision)}</td>
                <td>{reasonText(words, decision.why)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <button
        type="button"
        class="button"
        data-testid="diagnostics-copy"
        onClick={async () => setCopied(await copyText(reportOf(decisions, room)))}
      >
        {words.text(copied ? "diagnosticsCopied" : "diagnosticsCopy")}
      </button>
    </Dialog>
  );
}

/** The report as text, in the library's own words. It names the room's kind of address, not what was said in it. */
export function reportOf(decisions: readonly Decision[], room: string): string {
  const lines = decisions.map(({ at, what, transport, why }) =>
    [new Date(at).toISOString(), what, transport ?? "-", why].join("\t"),
  );
  return [navigator.userAgent, `room ${room}`, ...lines].join("\n");
}
