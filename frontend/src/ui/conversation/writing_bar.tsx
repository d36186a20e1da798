import { usePage } from "../context.ts";
import { CloseIcon, EditIcon, ReplyIcon } from "../icons.tsx";
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
  if (editing === undefined && replyTo === undefined) return null;
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
