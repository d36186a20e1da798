import { useEffect, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import type { RoomModel, RoomView } from "../room_model.ts";
import { useControl } from "./control.ts";
import { EnteringProblem } from "./door.tsx";
import { type Held, Hint } from "./hint.tsx";
import { linkOf } from "./invites_page.tsx";
import { Ask } from "./moderate.tsx";
import type { Over } from "./over.ts";
import { PersonMenu } from "./person_menu.tsx";
import { RoomDialog } from "./room_dialog.tsx";
import { dropOwnerUrl, ownerUrlOf, secretOf } from "./secret.ts";
import { ShownOnce } from "./shown_once.tsx";
import { toField } from "./to_field.ts";
import { UndoBar } from "./undo.tsx";

export interface InRoomProps {
  room: string;
  model: RoomModel;
  view: RoomView;
  over: Over | undefined;
  onOver(over: Over | undefined): void;
  onHeld(held: Held): void;
  say(text: string): void;
}

/** What a room's rules show over the composer and over the room. */
export function InRoom({ room, model, view, over, onOver, onHeld, say }: InRoomProps) {
  const { words } = usePage();
  const control = useControl(model, room);
  const { entering } = control;
  const inside = view.ended === undefined;
  const secret = secretOf(room);
  // Inside, too: an owner's link makes one an owner of a room that everybody may read.
  useEffect(() => {
    if (inside && view.connection.status === "live") void control.redeem();
  }, [control, inside, view.connection.status, view.session, secret]);
  useEffect(() => {
    if (entering?.state !== "in") return;
    say(words.text(entering.by === "owner" ? "enteredOwner" : "enteredInvite"));
    control.forgetEntering();
  }, [entering]);
  // One's own role, which the event `settings` does not say, and what it said before this was there.
  const owned = view.rules?.owned === true;
  useEffect(() => {
    if (owned && inside) void control.calls.read();
  }, [control, owned, inside, view.session?.clientId]);

  const close = () => onOver(undefined);
  return (
    <>
      {inside && <EnteringProblem control={control} />}
      {inside && <OwnerBar room={room} />}
      {inside && <UndoBar control={control} say={say} />}
      {inside && <Hint view={view} rules={control.known} muted={control.muted} onHeld={onHeld} />}
      {over?.kind === "room" && (
        <RoomDialog
          room={room}
          model={model}
          control={control}
          first={over.page}
          say={say}
          onClose={close}
        />
      )}
      {over?.kind === "person" && (
        <PersonMenu
          about={over.about}
          model={model}
          control={control}
          say={say}
          onAsk={(asked) => onOver({ kind: "ask", asked })}
          onClose={close}
        />
      )}
      {over?.kind === "ask" && (
        <Ask asked={over.asked} control={control} say={say} onClose={close} />
      )}
    </>
  );
}

/** The owner's link of a room that was made just now: it is told once. */
function OwnerBar({ room }: { room: string }) {
  const { words, baseUrl } = usePage();
  const [url, setUrl] = useState(() => ownerUrlOf(room));
  if (url === undefined) return null;
  return (
    <section class="owner-bar" data-testid="owner-bar" aria-label={words.text("ownerLink")}>
      <p class="small">
        <strong>{words.text("ownerLink")}.</strong> {words.text("ownerLinkHint")}
      </p>
      <ShownOnce text={linkOf(url, baseUrl)} label={words.text("ownerLink")} testId="owner-link" />
      <button
        type="button"
        class="text-button"
        data-testid="owner-bar-done"
        onClick={({ currentTarget }) => {
          toField(currentTarget);
          dropOwnerUrl(room);
          setUrl(undefined);
        }}
      >
        {words.text("done")}
      </button>
    </section>
  );
}
