import { useEffect, useState } from "preact/hooks";
import { callServer } from "../call_server.ts";
import { usePage } from "../context.ts";
import { copyText } from "../copy.ts";
import { Dialog } from "../dialog.tsx";
import { problemText } from "../problems.ts";
import { linkAddress } from "./link_address.ts";
import { QRCode } from "./qr_code.tsx";

interface Link {
  address: string;
  /** By this device's clock. */
  until: number;
}

/** The server's times are by its clock, which this device's need not agree with. */
const LIFE = 120_000;

/** A link and its QR code that make another device the same person, counting down. */
export function LinkDialog({ onClose }: { onClose(): void }) {
  const { words, baseUrl } = usePage();
  const [link, setLink] = useState<Link>();
  const [problem, setProblem] = useState<string>();
  const [copied, setCopied] = useState<string>();
  const [now, setNow] = useState(Date.now);

  const make = async () => {
    setLink(undefined);
    setProblem(undefined);
    setCopied(undefined);
    const asked = Date.now();
    const answer = await callServer(new URL("session/link", baseUrl), "POST");
    if (answer.problem !== undefined) return setProblem(problemText(words, answer.problem));
    const { code } = answer.body;
    if (typeof code !== "string") return setProblem(words.text("problemNoAnswer"));
    const page = new URL(location.href);
    page.search = ""; // such as a pinned transport, which is this device's matter
    setNow(Date.now());
    setLink({ address: linkAddress(page.href, code), until: asked + LIFE });
  };
  useEffect(() => void make(), []);
  const left = link === undefined ? 0 : Math.max(0, Math.ceil((link.until - now) / 1_000));
  const over = link !== undefined && left === 0;
  useEffect(() => {
    if (link === undefined || over) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [link, over]);

  return (
    <Dialog title={words.text("linkDevice")} kind="panel" testId="link-dialog" onClose={onClose}>
      <p class="quiet">{words.text("linkDeviceHint")}</p>
      {link !== undefined && !over && (
        <>
          <QRCode text={link.address} label={words.text("linkQrLabel")} />
          <div class="joined-field link-row">
            <input
              readOnly
              data-testid="link-address"
              aria-label={words.text("linkAddressLabel")}
              value={link.address}
              onFocus={(event) => event.currentTarget.select()}
            />
            <button
              type="button"
              class="button primary"
              data-testid="link-copy"
              onClick={async () => {
                const done = await copyText(link.address);
                setCopied(words.text(done ? "linkCopied" : "copyFailed"));
              }}
            >
              {words.text("copyLink")}
            </button>
          </div>
          <p class="quiet small" data-testid="link-left">
            {words.text("linkLeft", { time: minutes(left) })}
          </p>
        </>
      )}
      <p role="status" class={problem === undefined ? "quiet" : "problem"}>
        {problem ?? (over ? words.text("linkOver") : copied)}
      </p>
      {(over || problem !== undefined) && (
        <div class="buttons">
          <button type="button" class="button primary" data-testid="link-new" onClick={make}>
            {words.text("linkNew")}
          </button>
        </div>
      )}
    </Dialog>
  );
}

/** As a clock shows it, 1:05. */
function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
