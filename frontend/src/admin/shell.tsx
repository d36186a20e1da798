import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useMedia } from "../ui/use_media.ts";
import { usePage } from "./context.ts";
import type { Text } from "./i18n/words.ts";
import type { StreamState } from "./live.ts";
import { isolated } from "./parts/safe.ts";
import { SettingsFields } from "./parts/settings_fields.tsx";
import { hrefTo, type Route, useRoute } from "./route.ts";
import { Announce } from "./screens/announce.tsx";
import { Audit } from "./screens/audit.tsx";
import { Overview } from "./screens/overview.tsx";
import { Room } from "./screens/room.tsx";
import { Rooms } from "./screens/rooms.tsx";
import { Sessions } from "./screens/sessions.tsx";
import { Webhooks } from "./screens/webhooks.tsx";

const SECTIONS = ["overview", "rooms", "announce", "sessions", "audit", "webhooks"] as const;
type Section = (typeof SECTIONS)[number];

const LIVE_TEXT: Record<StreamState, Text> = {
  live: "live",
  connecting: "liveConnecting",
  off: "liveOff",
};

/** Where the sections stand above and tables are cards: as the style sheet has it. */
const NARROW = "(max-width: 799px)";

export interface ShellProps {
  /** The server answered lately. */
  answers: boolean;
  onSignOut(): void;
}

/** What is around every section: where one can go, and how it stands with the server. */
export function Shell({ answers, onSignOut }: ShellProps) {
  const { words, live } = usePage();
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const narrow = useMedia(NARROW);
  const own = (
    <>
      <SettingsFields />
      <button type="button" class="text-button" data-testid="sign-out" onClick={onSignOut}>
        {words.text("signOut")}
      </button>
    </>
  );
  const section: Section = SECTIONS.find((one) => one === route.page) ?? "overview";
  const title = route.of === undefined ? words.text(section) : isolated(route.of);
  const place = `${section}/${route.of ?? ""}`;
  const before = useRef(place);
  useLayoutEffect(() => {
    document.title = words.text("pageTitle", { page: title });
    // A voice is told where one came to, and Tab goes on from there.
    if (before.current !== place) {
      main.current?.querySelector<HTMLElement>("h1")?.focus();
      scrollTo(0, 0);
    }
    before.current = place;
  }, [place, title, words]);
  // On a phone the sections are a row that may be longer than the screen.
  useEffect(() => {
    document
      .querySelector(".sections [aria-current]")
      ?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [section]);
  return (
    <div class="shell">
      <button
        type="button"
        class="skip button"
        data-testid="skip"
        onClick={() => main.current?.querySelector<HTMLElement>("h1")?.focus()}
      >
        {words.text("skip")}
      </button>
      <header class="side">
        <p class="brand">
          <a href={hrefTo({ page: "overview" })}>{words.text("appName")}</a>
        </p>
        <nav aria-label={words.text("sections")}>
          <ul class="sections">
            {SECTIONS.map((one) => (
              <li key={one}>
                <a
                  href={hrefTo({ page: one })}
                  data-testid={`go-${one}`}
                  aria-current={one === section ? "page" : undefined}
                >
                  {words.text(one satisfies Text)}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="side-end">
          <p
            class={`live ${live.state === "live" ? "on" : live.state}`}
            role="status"
            data-testid="live"
            data-state={live.state}
          >
            <span class="shape" aria-hidden="true" />
            <span class="live-words">{words.text(LIVE_TEXT[live.state])}</span>
          </p>
          {narrow ? (
            <details class="more">
              <summary data-testid="more">{words.text("moreSettings")}</summary>
              <div class="more-box">{own}</div>
            </details>
          ) : (
            own
          )}
        </div>
      </header>
      <main ref={main}>
        {!answers && (
          <p class="banner" role="alert" data-testid="offline">
            {words.text("offline")}
          </p>
        )}
        <Screen section={section} route={route} />
      </main>
    </div>
  );
}

function Screen({ section, route }: { section: Section; route: Route }) {
  switch (section) {
    case "overview":
      return <Overview />;
    case "rooms":
      if (route.of === undefined) return <Rooms route={route} />;
      return <Room key={route.of} room={route.of} part={route.part} />;
    case "announce":
      return <Announce />;
    case "sessions":
      return <Sessions key={route.of} id={route.of} />;
    case "audit":
      return <Audit route={route} />;
    case "webhooks":
      return <Webhooks route={route} />;
  }
}
