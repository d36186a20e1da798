import type { Problem } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { AlertIcon, ReplyIcon } from "../icons.tsx";
import { CloseIcon, EditIcon } from "../icons_later.tsx";
import { problemText } from "../problems.ts";
import { excerptOf } from "./excerpt.ts";
import { refusalText } from "./refusals.ts";
import type { Answered } from "./talk.ts";
import type { WritingView } from "./writing.ts";

export interface WritingBarProps {
  view: WritingView;
  /** What is answered, or edited; undefined when it is not known here. */
  about: Answered | undefined;
  onCancel(): void;
}

/** Says over the field what one writes, when it is not just a new message. */
export function WritingBar({ view, about, onCancel }: WritingBarProps) {
  const { words } = usePage();
  const { editing, replyTo, problem } = view;
  if (editing === undefined && replyTo === undefined) {
    return problem === undefined ? null : <GivenBack problem={problem} onCancel={onCancel} />;
  }
  const edits = editing !== undefined;
  const cancel = words.text(edits ? "cancelEdit" : "cancelReply");
  return (
    <div class="writing-bar" data-testid={edits ? "editing" : "replying"}>
      {edits ? <EditIcon /> : <ReplyIcon />}
      <div class="writing-about">
        <p class="writing-title">
          {edits
            ? words.text("editing")
            : words.text("replyingTo", { name: `\u2068${about?.name ?? ""}\u2069` })}
        </p>
        {problem !== undefined ? (
          <p class="problem" role="alert" data-testid="writing-problem">
            {words.text("failedEdit")}. {refusalText(words, "edit", problem)}
          </p>
        ) : (
          about !== undefined && (
            <p class="writing-excerpt" dir="auto">
              {excerptOf(words, about)}
            </p>
          )
        )}
      </div>
      <button
        type="button"
        class="icon-button"
        data-testid="writing-cancel"
        aria-label={cancel}
        title={`${cancel} (Esc)`}
        onClick={onCancel}
      >
        <CloseIcon />
      </button>
    </div>
  );
}

/** Why what was sent is in the field again. */
function GivenBack({ problem, onCancel }: { problem: Problem; onCancel(): void }) {
  const { words } = usePage();
  return (
    <div class="writing-bar" data-testid="given-back">
      <AlertIcon />
      <p class="writing-about problem" role="alert">
        {words.text("refused")}. {problemText(words, problem)}
      </p>
      <button
        type="button"
        class="icon-button"
        aria-label={words.text("dismiss")}
        title={words.text("dismiss")}
        onClick={onCancel}
      >
        <CloseIcon />
      </button>
    </div>
  );
}
