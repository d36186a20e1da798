import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import { Page, type PageContext, usePage } from "./context.ts";
import { loadAll, Words } from "./i18n/index.ts";
import { keepCompositions } from "./keys.ts";
import { closeLayers, goToAddress } from "./layers.ts";
import { LinkGate } from "./link_device/link_gate.tsx";
import { NotLoaded } from "./not_loaded.tsx";
import { later } from "./parts.ts";
import { RoomScreen } from "./room_screen.tsx";
import { JumpEntry } from "./rooms/jump_entry.tsx";
import { Rooms } from "./rooms/rooms.ts";
import { RoomsColumn } from "./rooms/rooms_column.tsx";
import { Title } from "./rooms/title.tsx";
import {
  normalRoom,
  pinnedTransport,
  baseUrl as readBaseUrl,
  roomHref,
  roomOf,
  timingOf,
} from "./routes.ts";
import { savedLanguage, saveLanguage } from "./settings.ts";
import { applyTheme, savedTheme } from "./theme.ts";

/** The whole page: which screen, in which language and theme. */
export function App() {
  const [baseUrl] = useState(readBaseUrl);
  const [href, setHref] = useState(location.href);
  const [arrived, setArrived] = useState(false);
  const [language, setLanguage] = useState(savedLanguage);
  const [theme, setTheme] = useState(savedTheme);
  const words = useMemo(() => new Words(language), [language]);

  useEffect(() => {
    const onPop = () => {
      closeLayers();
      setArrived(true);
      setHref(location.href);
    };
    window.addEventListener("popstate", onPop);
    return () => window.removeEventListener("popstate", onPop);
  }, []);
  useEffect(keepCompositions, []);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  const page: PageContext = {
    words,
    setLanguage(next) {
      saveLanguage(next);
      void loadAll(next).then(() => setLanguage(next));
    },
    theme,
    setTheme(next) {
      applyTheme(next);
      setTheme(next);
    },
    baseUrl,
    arrived,
    goTo(room, hash = "") {
      const { search } = location;
      const to =
        room === undefined ? new URL(search, baseUrl).href : roomHref(room, baseUrl, search) + hash;
      setArrived(true);
      goToAddress(to);
      setHref(to);
    },
  };
  const room = useAddress(href, baseUrl);
  const rooms = useRooms(baseUrl);
  return (
    <Page.Provider value={page}>
      <LinkGate>
        {room === undefined ? (
          <Start rooms={rooms} />
        ) : (
          <div class="with-rooms">
            <RoomsColumn rooms={rooms} />
            <RoomScreen key={room} room={room} rooms={rooms} href={href} />
          </div>
        )}
        <Title rooms={rooms} room={room} />
        <JumpEntry rooms={rooms} />
      </LinkGate>
      <NotLoaded />
    </Page.Provider>
  );
}

/** The start is loaded when one comes to it: most come to a room. */
function Start({ rooms }: { rooms: Rooms }) {
  const { words } = usePage();
  const Screen = later.use(true)?.StartScreen;
  const [late, setLate] = useState(false);
  useEffect(() => {
    void later.ahead().then(() => setLate(true));
  }, []);
  if (Screen !== undefined) return <Screen rooms={rooms} />;
  return <main class="start">{late && <p role="alert">{words.text("partNotLoaded")}</p>}</main>;
}

/** The room that the address shows, whichever way it is written there. */
function useAddress(href: string, baseUrl: string): string | undefined {
  const named = roomOf(href, baseUrl);
  const room = named === undefined ? undefined : (normalRoom(named) ?? named);
  useEffect(() => {
    if (room === named || room === undefined) return;
    const { search, hash } = location;
    history.replaceState(history.state, "", roomHref(room, baseUrl, search) + hash);
  }, [room, named]);
  return room;
}

function useRooms(baseUrl: string): Rooms {
  const [rooms] = useState(() => {
    const { search } = location;
    return new Rooms({ baseUrl, transport: pinnedTransport(search), timing: timingOf(search) });
  });
  useLayoutEffect(() => () => rooms.stop(), []);
  return rooms;
}
