import { useEffect, useMemo, useState } from "preact/hooks";
import { Page, type PageContext } from "./context.ts";
import { Words } from "./i18n/index.ts";
import { keepCompositions } from "./keys.ts";
import { LinkGate } from "./link_device/link_gate.tsx";
import { RoomScreen } from "./room_screen.tsx";
import { pinnedTransport, baseUrl as readBaseUrl, roomHref, roomOf } from "./routes.ts";
import { applyTheme, savedLanguage, savedTheme, saveLanguage } from "./settings.ts";
import { StartScreen } from "./start_screen.tsx";

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
      setLanguage(next);
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
      history.pushState(null, "", to);
      setHref(to);
    },
  };
  const room = roomOf(href, baseUrl);
  return (
    <Page.Provider value={page}>
      <LinkGate>
        {room === undefined ? (
          <StartScreen />
        ) : (
          <RoomScreen
            key={room}
            room={room}
            transport={pinnedTransport(new URL(href).search)}
            href={href}
          />
        )}
      </LinkGate>
    </Page.Provider>
  );
}
