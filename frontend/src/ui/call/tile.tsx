import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { usePage } from "../context.ts";
import { hueOf } from "../identity.ts";
import { isolate } from "../rows.tsx";
import { MicrophoneOffIcon, ScreenIcon, SpeakingIcon, WeakIcon } from "./call_icons.tsx";
import type { Picture, Talker } from "./session.ts";
import { BigAvatar } from "./tile_parts.tsx";

/** Somebody in the call: the picture or who it is, and how it is going. */
export function Tile({ talker, size }: { talker: Talker; size?: Record<string, string> }) {
  const { words } = usePage();
  const { camera, connection } = talker;
  return (
    <li
      class={`tile ${talker.speaking ? "speaking" : ""}`}
      style={size}
      data-testid="call-tile"
      data-id={talker.id}
      data-own={talker.own}
      data-audible={talker.audible}
      data-camera={camera !== undefined}
      data-speaking={talker.speaking}
    >
      {camera === undefined ? (
        <BigAvatar person={talker} />
      ) : (
        <Video picture={camera} kind={talker.own ? "camera mirrored" : "camera"} />
      )}
      <p class="tile-name">
        {!talker.audible && (
          <Mark text={words.text("microphoneIsOff")}>
            <MicrophoneOffIcon />
          </Mark>
        )}
        {talker.speaking && (
          <Mark text={words.text("speaking")}>
            <SpeakingIcon />
          </Mark>
        )}
        <bdi class={`hue-${hueOf(talker.id)}`}>{talker.name}</bdi>
        {talker.own && <span class="tile-own">{words.text("you")}</span>}
        {connection !== undefined && (
          <Mark text={words.text(connection === "poor" ? "connectionPoor" : "connectionLost")}>
            <WeakIcon />
          </Mark>
        )}
      </p>
    </li>
  );
}

/** A screen that somebody shares. */
export function ScreenTile({ talker, screen }: { talker: Talker; screen: Picture }) {
  const { words } = usePage();
  return (
    <li class="tile screen" data-testid="call-screen-tile" data-id={talker.id}>
      <Video picture={screen} kind="screen" />
      <p class="tile-name">
        <ScreenIcon />
        <span>
          {talker.own
            ? words.text("screenOwn")
            : words.text("screenOf", { name: isolate(talker.name) })}
        </span>
      </p>
    </li>
  );
}

function Mark({ text, children }: { text: string; children: ComponentChildren }) {
  return (
    <span class="tile-mark" title={text}>
      {children}
      <span class="sr">{text}</span>
    </span>
  );
}

function Video({ picture, kind }: { picture: Picture; kind: string }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current !== null) return picture.attach(video.current);
  }, [picture]);
  return <video ref={video} class={`picture ${kind}`} autoplay playsinline muted />;
}
