import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { keepsOrder } from "../../client/rules.ts";
import { usePage } from "../context.ts";
import { Dialog } from "../dialog.tsx";
import { BackIcon } from "../icons.tsx";
import type { RoomModel } from "../room_model.ts";
import { useMedia } from "../use_media.ts";
import { BansPage } from "./bans_page.tsx";
import type { Control } from "./control.ts";
import { InvitesPage } from "./invites_page.tsx";
import { ClearPage, ClosePage, MinePage, OwnerPage } from "./owner_pages.tsx";
import { ProgramsPage } from "./programs_page.tsx";
import { ReportsPage } from "./reports_page.tsx";
import { SettingsPage } from "./settings_page.tsx";
import { WebhooksPage } from "./webhooks_page.tsx";

/** What of a room's dialog is shown. */
export type RoomPage =
  | "settings"
  | "mine"
  | "invites"
  | "bans"
  | "reports"
  | "programs"
  | "webhooks"
  | "owner"
  | "clear"
  | "close";

export interface RoomDialogProps {
  room: string;
  model: RoomModel;
  control: Control;
  first: RoomPage;
  say(text: string): void;
  onClose(): void;
}

/** What each page of the dialog gets. */
export interface PageProps extends Omit<RoomDialogProps, "first"> {
  goTo(page: RoomPage): void;
}

const TITLE = {
  mine: "roomMine",
  invites: "invites",
  bans: "bans",
  reports: "reports",
  programs: "programs",
  webhooks: "webhooks",
  owner: "ownerLink",
  clear: "roomClearAsk",
  close: "roomCloseAsk",
} as const;

const PAGES = {
  settings: SettingsPage,
  mine: MinePage,
  invites: InvitesPage,
  bans: BansPage,
  reports: ReportsPage,
  programs: ProgramsPage,
  webhooks: WebhooksPage,
  owner: OwnerPage,
  clear: ClearPage,
  close: ClosePage,
};

/** A room's settings, and what else its owner and moderators decide. */
export function RoomDialog({ first, ...props }: RoomDialogProps) {
  const { words } = usePage();
  const { control } = props;
  const narrow = useMedia("(max-width: 599px)");
  const [page, setPage] = useState(first);
  const keeps = keepsOrder(control.known?.role);
  useEffect(() => void control.calls.read(), [control]);
  const box = useRef<HTMLDivElement>(null);
  const before = useRef(page);
  // What was pressed is gone with its page: one goes to the next one's title, or back to what led on.
  useLayoutEffect(() => {
    if (before.current === page) return;
    const led = box.current?.querySelector<HTMLElement>(`[data-testid="open-${before.current}"]`);
    before.current = page;
    const to = led ?? box.current?.closest("dialog")?.querySelector("h2");
    if (!to) return;
    if (to !== led) to.tabIndex = -1;
    to.focus();
  }, [page]);
  const title =
    page === "settings"
      ? words.text(keeps ? "roomSettings" : "roomAbout")
      : words.text(TITLE[page]);
  const Page = PAGES[page];
  return (
    <Dialog
      title={title}
      kind={narrow ? "sheet" : "panel"}
      testId="room-dialog"
      onClose={props.onClose}
    >
      {page !== first && (
        <button
          type="button"
          class="text-button dialog-back"
          data-testid="dialog-back"
          onClick={() => setPage(first)}
        >
          <BackIcon />
          {words.text("back")}
        </button>
      )}
      <div class="room-pages" key={page} ref={box}>
        <Page {...props} goTo={setPage} />
      </div>
    </Dialog>
  );
}
