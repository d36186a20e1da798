import { useState } from "preact/hooks";
import type { Problem } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { QRCode } from "../link_device/qr_code.tsx";
import { isolate } from "../rows.tsx";
import { useSingle } from "../single.ts";
import { ChoiceLine } from "./lines.tsx";
import { List, useList } from "./list_page.tsx";
import { RefusalLine } from "./refusal_line.tsx";
import type { PageProps } from "./room_dialog.tsx";
import { ShownOnce } from "./shown_once.tsx";
import { spanText, untilText } from "./when.ts";

const USES = [1, 5, 10, 100];
const LIVES = [3_600, 86_400, 7 * 86_400, 30 * 86_400];

/** Links that let people in: made, shown once, listed and taken back. */
export function InvitesPage({ control }: PageProps) {
  const { words, baseUrl } = usePage();
  const { calls } = control;
  const { items, problem, load, act } = useList(() => calls.invites());
  const [uses, setUses] = useState(1);
  const [life, setLife] = useState(7 * 86_400);
  const [link, setLink] = useState<string>();
  const [refused, setRefused] = useState<Problem>();

  const make = useSingle(async () => {
    const { result, problem } = await calls.invite({ uses, expiresIn: life });
    setRefused(problem);
    if (result?.url === undefined) return;
    setLink(linkOf(result.url, baseUrl));
    await load();
  });
  return (
    <>
      <div class="setting-lines">
        <ChoiceLine
          testId="invite-uses"
          label={words.text("inviteUses")}
          value={String(uses)}
          choices={USES.map((n) => [String(n), words.plural("inviteUsesCount", n)])}
          onSave={(n) => setUses(Number(n))}
        />
        <ChoiceLine
          testId="invite-life"
          label={words.text("inviteLife")}
          value={String(life)}
          choices={LIVES.map((s) => [String(s), spanText(words, s)])}
          onSave={(s) => setLife(Number(s))}
        />
      </div>
      <button type="button" class="button primary" data-testid="invite-make" onClick={make}>
        {words.text("inviteMake")}
      </button>
      <RefusalLine problem={refused} />
      {link !== undefined && (
        <>
          <p role="status">{words.text("inviteShown")}</p>
          <QRCode text={link} label={words.text("inviteQr")} />
          <ShownOnce text={link} label={words.text("inviteLink")} testId="invite-link" />
        </>
      )}
      <List
        count={items?.length}
        problem={problem}
        none={words.text("inviteNone")}
        testId="invite-list"
      >
        {items?.map((invite) => (
          <li key={invite.id}>
            <span>
              {words.text("inviteRow", {
                used: invite.used,
                uses: invite.uses,
                time: untilText(words, invite.expiresAt),
              })}
              {invite.by !== undefined && (
                <span class="quiet small">
                  {" "}
                  {words.text("madeBy", { name: isolate(invite.by.name) })}
                </span>
              )}
            </span>
            <button
              type="button"
              class="text-button"
              data-testid="invite-revoke"
              onClick={() => void act(calls.revokeInvite(invite.id))}
            >
              {words.text("revoke")}
            </button>
          </li>
        ))}
      </List>
    </>
  );
}

/** What the server names by its path, as one gives it to others. */
export function linkOf(url: string, baseUrl: string): string {
  return new URL(url, baseUrl).href;
}
