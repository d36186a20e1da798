import { type Notice, readNotice } from "../../client/rules.ts";
import { usePage } from "../context.ts";
import type { Words } from "../i18n/index.ts";
import { isolate } from "../rows.tsx";
import type { NoticeItem } from "../timeline.ts";
import { spanText } from "./when.ts";

/** What was done in the room, in one quiet line; what those who run the server say is not quiet. */
export function NoticeLine({ notice }: { notice: NoticeItem }) {
  const { words } = usePage();
  const read = readNotice({ type: "unknown", name: "notice", fields: notice.fields });
  if (read?.what === "announcement") {
    return (
      <span class="announcement" dir="auto" data-testid="announcement">
        <strong>{words.text("noticeAnnouncement")}</strong> {String(read.fields.text ?? "")}
      </span>
    );
  }
  return (
    <>{read === undefined ? words.text("noticeOther", { by: "" }) : noticeText(words, read)}</>
  );
}

export function noticeText(words: Words, notice: Notice): string {
  const by = isolate(notice.from.name);
  const who = isolate(notice.member?.name ?? "");
  const values = { by, who };
  switch (notice.what) {
    case "owned":
      return words.text("noticeOwned", values);
    case "settings":
      return settingsText(words, notice, by);
    case "removed":
      return words.text("noticeRemoved", values);
    case "banned":
      return words.text("noticeBanned", values);
    case "unbanned":
      return words.text("noticeUnbanned", values);
    case "muted":
      return words.text("noticeMuted", values);
    case "unmuted":
      return words.text("noticeUnmuted", values);
    case "let-in":
      return words.text("noticeLetIn", values);
    case "cleared":
      return words.text("noticeCleared", values);
    case "role":
      return words.text(
        notice.role === "owner"
          ? "noticeOwner"
          : notice.role === "moderator"
            ? "noticeModerator"
            : notice.role === "member"
              ? "noticeMember"
              : "noticeNoRole",
        values,
      );
    default:
      return words.text("noticeOther", values);
  }
}

const POSTING: Record<string, Parameters<Words["text"]>[0] | undefined> = {
  everyone: "noticePostingEveryone",
  sessions: "noticePostingSessions",
  moderators: "noticePostingModerators",
};

/** One thing that was changed is said with its value, more of them by their number of words: none. */
function settingsText(words: Words, { changed, fields }: Notice, by: string): string {
  const [name] = changed;
  const value = name === undefined ? undefined : newValue(fields, name);
  if (changed.length !== 1) return words.text("noticeSettings", { by });
  const text = typeof value === "string" ? value : "";
  switch (name) {
    case "title":
      return text === ""
        ? words.text("noticeTitleOff", { by })
        : words.text("noticeTitle", { by, value: isolate(text) });
    case "topic":
      return text === ""
        ? words.text("noticeTopicOff", { by })
        : words.text("noticeTopic", { by, value: isolate(text) });
    case "locked":
      return words.text(value === true ? "noticeLocked" : "noticeUnlocked", { by });
    case "slowMode":
      return typeof value === "number" && value > 0
        ? words.text("noticeSlow", { by, span: spanText(words, value) })
        : words.text("noticeSlowOff", { by });
    case "newcomers":
      return words.text(value === "read" ? "noticeNewcomersRead" : "noticeNewcomersPost", { by });
    case "inviteOnly":
      return words.text(value === true ? "noticeInviteOnly" : "noticeInviteOnlyOff", { by });
    case "posting":
      return words.text(POSTING[text] ?? "noticeSettings", { by });
    case "password":
      return words.text(value === false ? "noticePasswordOff" : "noticePassword", { by });
    default:
      return words.text("noticeSettings", { by });
  }
}

/** The new values of what was changed. */
function newValue({ settings }: Record<string, unknown>, name: string): unknown {
  if (typeof settings !== "object" || settings === null) return undefined;
  return Object.entries(settings).find(([one]) => one === name)?.[1];
}
