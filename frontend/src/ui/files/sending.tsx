import { useEffect, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import type { Talk } from "../conversation/talk.ts";
import { AlertIcon } from "../icons.tsx";
import { CloseIcon } from "../icons_later.tsx";
import { RetryIcon } from "./file_icons.tsx";
import type { Outgoing, Part } from "./outgoing.ts";
import { fileProblem } from "./problem.ts";
import { sizeText } from "./sizes.ts";

/** A file of a message that is on its way, as it is at the moment. */
export function usePart(talk: Talk | undefined, key: string | undefined, id: string) {
  const [, again] = useState(0);
  const outgoing = talk?.outgoing;
  useEffect(() => outgoing?.subscribe(() => again((n) => n + 1)), [outgoing]);
  return outgoing?.part(key, id);
}

interface SendingProps {
  part: Part;
  postKey: string;
  outgoing: Outgoing | undefined;
}

/** How far a file is, and what can be done about it. It lies over the file. */
export function Sending({ part, postKey, outgoing }: SendingProps) {
  const { words } = usePage();
  const { state, name, size, sent, problem } = part;
  const failed = state === "failed";
  const cancel = words.text("fileCancel", { name });
  const retry = `${words.text("retry")}: ${name}`;
  const text =
    problem !== undefined
      ? fileProblem(words, problem)
      : state === "waiting"
        ? words.text("fileWaits")
        : sent >= size
          ? words.text("fileChecking")
          : words.text("fileSent", { sent: sizeText(words, sent), size: sizeText(words, size) });
  return (
    <div class={failed ? "sending failed" : "sending"} data-testid="sending" data-state={state}>
      <div class="sending-about">
        {failed && <AlertIcon />}
        <p class="sending-text" role={failed ? "alert" : undefined} title={text}>
          <bdi class="sending-name">{name}</bdi>
          {problem !== undefined && !failed && `${words.text("filePaused")} `}
          {text}
        </p>
        {failed && (
          <button
            type="button"
            class="file-button"
            data-testid="file-retry"
            aria-label={retry}
            title={words.text("retry")}
            onClick={() => outgoing?.retry(part)}
          >
            <RetryIcon />
          </button>
        )}
        <button
          type="button"
          class="file-button"
          data-testid="file-cancel"
          aria-label={cancel}
          title={cancel}
          onClick={() => outgoing?.cancel(postKey, part)}
        >
          <CloseIcon />
        </button>
      </div>
      {!failed && (
        <progress
          max={Math.max(1, size)}
          value={sent}
          aria-label={words.text("fileProgress", { name })}
        />
      )}
    </div>
  );
}
