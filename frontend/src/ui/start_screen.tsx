import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { isBlank } from "./blank.ts";
import { usePage } from "./context.ts";
import { createRoom } from "./create_room.ts";
import { agoText } from "./i18n/times.ts";
import { CloseIcon } from "./icons_later.tsx";
import { problemText } from "./problems.ts";
import { roomTyped } from "./room_typed.ts";
import type { Rooms } from "./rooms/rooms.ts";
import { SettingsFields } from "./settings_fields.tsx";
import { useSingle } from "./single.ts";
import { savedName, saveName, visits } from "./visits.ts";

/** `/`: a name for oneself, and a room to join or to create. */
export function StartScreen({ rooms: mine }: { rooms: Rooms }) {
  const { words, goTo, baseUrl, arrived } = usePage();
  const [name, setName] = useState(savedName() ?? "");
  const [room, setRoom] = useState("");
  const [problem, setProblem] = useState<string>();
  /** The room that one may have meant. */
  const [offer, setOffer] = useState<string>();
  const [rooms, setRooms] = useState(visits);
  const heading = useRef<HTMLHeadingElement>(null);

  useLayoutEffect(() => {
    if (arrived) heading.current?.focus();
  }, []);

  const keepName = () => {
    const trimmed = name.trim();
    if (!isBlank(trimmed)) saveName(trimmed);
  };
  const join = (event: Event) => {
    event.preventDefault();
    const typed = roomTyped(room, baseUrl);
    if ("room" in typed) return enter(typed.room, typed.hash);
    if ("elsewhere" in typed) {
      return setProblem(words.text("problemElsewhere", { host: typed.elsewhere }));
    }
    setProblem(words.text("problemRoom"));
    if ("offer" in typed) setOffer(typed.offer);
  };
  const enter = (room: string, hash?: string) => {
    keepName();
    goTo(room, hash);
  };
  const create = useSingle(async () => {
    keepName();
    const made = await createRoom(baseUrl, isBlank(name.trim()) ? "" : name.trim());
    if ("room" in made) goTo(made.room);
    else setProblem(problemText(words, made.problem));
  });

  return (
    <main class="start">
      <div class="start-card">
        <header>
          <img src={new URL("favicon.svg", baseUrl).href} alt="" width="48" height="48" />
          <h1 ref={heading} tabIndex={-1}>
            {words.text("startTitle")}
          </h1>
          <p class="quiet">{words.text("tagline")}</p>
        </header>
        <form onSubmit={join}>
          <label class="field">
            <span>{words.text("roomLabel")}</span>
            <input
              data-testid="start-room"
              name="room"
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              placeholder={words.text("roomPlaceholder")}
              value={room}
              aria-invalid={problem !== undefined}
              aria-describedby="start-problem"
              onInput={(event) => {
                setRoom(event.currentTarget.value);
                setProblem(undefined);
                setOffer(undefined);
              }}
            />
          </label>
          <p id="start-problem" class="problem" role="alert">
            {problem}
          </p>
          {offer !== undefined && (
            <button
              class="button wide offer"
              type="button"
              data-testid="start-offer"
              onClick={() => enter(offer)}
            >
              {words.text("joinOffer")} <bdi>{offer}</bdi>
            </button>
          )}
          <label class="field">
            <span>{words.text("yourName")}</span>
            <input
              data-testid="start-name"
              name="name"
              autocomplete="nickname"
              maxLength={40}
              placeholder={words.text("namePlaceholder")}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </label>
          <button class="button primary wide" type="submit" data-testid="join">
            {words.text("join")}
          </button>
          <p class="or">
            <span>{words.text("or")}</span>
          </p>
          <button
            class="button wide"
            type="button"
            data-testid="create"
            title={words.text("createHint")}
            onClick={create}
          >
            {words.text("create")}
          </button>
          <p class="quiet small centred">{words.text("createHint")}</p>
        </form>
        {rooms.length > 0 && (
          <section aria-labelledby="recent">
            <h2 id="recent">{words.text("recentRooms")}</h2>
            <ul class="recent">
              {rooms.map((visit) => (
                <li key={visit.room}>
                  <button class="row" type="button" onClick={() => goTo(visit.room)}>
                    <bdi class="room-name">{visit.room}</bdi>
                    <span class="quiet small">{agoText(words, visit.at, Date.now())}</span>
                  </button>
                  <button
                    class="icon-button"
                    type="button"
                    aria-label={words.text("forgetRoom", { room: visit.room })}
                    onClick={() => {
                      mine.forget(visit.room);
                      setRooms(visits());
                    }}
                  >
                    <CloseIcon />
                  </button>
                </li>
              ))}
            </ul>
          </section>
        )}
        <footer>
          <SettingsFields />
        </footer>
      </div>
    </main>
  );
}
