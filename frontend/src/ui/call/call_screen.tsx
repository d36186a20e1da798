import { useEffect, useMemo, useState } from "preact/hooks";
import type { Member, Person } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { Call } from "./call.ts";
import { troubleText } from "./call_texts.ts";
import { savedMedia } from "./devices.ts";
import { Look } from "./look.tsx";
import { askForPass } from "./pass.ts";
import { ConnectError, type OwnMedia, type Talker } from "./session.ts";
import { Stage } from "./stage.tsx";
import { useChanges } from "./use_changes.ts";

export interface CallScreenProps {
  room: string;
  self: Person;
  members: readonly Member[] | undefined;
  /** The room is live. */
  chatLive: boolean;
  /** Nobody is in the call yet. */
  isFirst: boolean;
  /** The stage is shown, or not. */
  onStage(shown: boolean): void;
  onClose(): void;
}

/**
 * From the look at oneself to leaving. It is loaded when somebody wants to join, and who takes it
 * away leaves the call.
 */
export function CallScreen(props: CallScreenProps) {
  const { room, self, members, chatLive, isFirst, onStage, onClose } = props;
  const { words, baseUrl } = usePage();
  const call = useMemo(() => callIn(baseUrl, room), [baseUrl, room]);
  const [media, setMedia] = useState<OwnMedia>(savedMedia);
  const [looking, setLooking] = useState(true);
  useChanges(call);
  useEffect(() => call.chatIs(chatLive), [call, chatLive]);
  useEffect(() => {
    onStage(!looking);
    return () => onStage(false);
  }, [looking]);
  useEffect(() => {
    const leave = () => {
      call.leave();
      onClose();
    };
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      call.leave();
    };
  }, [call]);

  if (looking) {
    return (
      <Look
        title={words.text(isFirst ? "callStart" : "callJoin")}
        self={self}
        media={media}
        onChange={setMedia}
        onJoin={(chosen) => {
          call.join(chosen);
          setMedia(chosen);
          setLooking(false);
        }}
        onClose={onClose}
      />
    );
  }
  const { state } = call;
  if (state.phase === "out" && state.trouble !== undefined) {
    return (
      <section
        class="call call-over"
        data-testid="call"
        data-phase="out"
        aria-label={words.text("call")}
      >
        <p role="alert" data-testid="call-trouble">
          {troubleText(words, state.trouble)}
        </p>
        <div class="buttons">
          <button
            type="button"
            class="button primary"
            data-testid="call-again"
            onClick={() => call.join(call.media)}
          >
            {words.text("callAgain")}
          </button>
          <button type="button" class="button" data-testid="call-close" onClick={onClose}>
            {words.text("close")}
          </button>
        </div>
      </section>
    );
  }
  return <Stage call={call} talkers={named(call.view.talkers, members)} onLeave={onClose} />;
}

function callIn(baseUrl: string, room: string): Call {
  return new Call({
    pass: (signal) => askForPass(baseUrl, room, signal),
    async open(...args) {
      const { openLiveKit } = await import("./livekit.ts").catch((error: unknown) => {
        throw new ConnectError("unloaded", error);
      });
      return openLiveKit(...args);
    },
  });
}

/** The room knows the newest names; the call has those that people joined it with. */
function named(talkers: readonly Talker[], members: readonly Member[] | undefined): Talker[] {
  const names = new Map(members?.map(({ id, name }) => [id, name]));
  return talkers.map((talker) => ({ ...talker, name: names.get(talker.id) ?? talker.name }));
}
