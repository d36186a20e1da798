import { useState } from "preact/hooks";
import type { Problem } from "../../client/index.ts";
import type { AccessToken } from "../../client/rules.ts";
import { usePage } from "../context.ts";
import type { Words } from "../i18n/index.ts";
import { isolate } from "../rows.tsx";
import { useSingle } from "../single.ts";
import { CheckBoxLine, ChoiceLine } from "./lines.tsx";
import { List, useList } from "./list_page.tsx";
import { MadeProgram } from "./made_program.tsx";
import { RefusalLine } from "./refusal_line.tsx";
import type { PageProps } from "./room_dialog.tsx";
import { spanText, untilText } from "./when.ts";

const DAY = 86_400;
/** In seconds. The server gives none for longer than a year. */
const LIVES = [DAY, 7 * DAY, 30 * DAY, 365 * DAY];

/** Tokens for programs and addresses for services: made, shown once, listed and taken back. */
export function ProgramsPage({ control, room }: PageProps) {
  const { words } = usePage();
  const { calls } = control;
  const { items, problem, load, act } = useList(() => calls.tokens());
  const [hook, setHook] = useState(false);
  const [name, setName] = useState("");
  const [read, setRead] = useState(true);
  const [post, setPost] = useState(true);
  const [moderate, setModerate] = useState(false);
  const [secret, setSecret] = useState("");
  const [life, setLife] = useState(365 * DAY);
  const [made, setMade] = useState<AccessToken>();
  const [refused, setRefused] = useState<Problem>();

  const make = useSingle(async () => {
    if (name.trim() === "") return;
    const { result, problem } = await calls.makeToken({
      name: name.trim(),
      expiresIn: life,
      ...(hook
        ? { hook, ...(secret !== "" && { signingSecret: secret }) }
        : { read, post, ...(moderate && read && { role: "moderator" as const }) }),
    });
    setRefused(problem);
    if (result === undefined) return;
    setMade(result);
    setName("");
    setSecret("");
    await load();
  });
  return (
    <>
      <p class="quiet">{words.text("programsHint")}</p>
      <form onSubmit={make}>
        <label class="field">
          <span>{words.text("programName")}</span>
          <input
            data-testid="program-name"
            autocomplete="off"
            maxLength={40}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <div class="setting-lines">
          <ChoiceLine
            testId="program-kind"
            label={words.text("programKind")}
            value={hook ? "hook" : "token"}
            choices={[
              ["token", words.text("programIsToken")],
              ["hook", words.text("programIsHook")],
            ]}
            onSave={(kind) => setHook(kind === "hook")}
          />
          {!hook && (
            <>
              <CheckBoxLine
                testId="program-read"
                label={words.text("programRead")}
                value={read}
                onSave={setRead}
              />
              <CheckBoxLine
                testId="program-post"
                label={words.text("programPost")}
                value={post}
                onSave={setPost}
              />
              {read && (
                <CheckBoxLine
                  testId="program-moderate"
                  label={words.text("programModerate")}
                  value={moderate}
                  onSave={setModerate}
                />
              )}
            </>
          )}
          <ChoiceLine
            testId="program-life"
            label={words.text("programLife")}
            value={String(life)}
            choices={LIVES.map((s) => [String(s), spanText(words, s)])}
            onSave={(s) => setLife(Number(s))}
          />
        </div>
        {hook && (
          <>
            <p class="quiet small">{words.text("hookHint")}</p>
            <label class="field">
              <span>{words.text("hookSecret")}</span>
              <input
                type="password"
                data-testid="hook-secret"
                autocomplete="off"
                value={secret}
                onInput={(event) => setSecret(event.currentTarget.value)}
              />
            </label>
          </>
        )}
        <button
          type="submit"
          class="button primary"
          data-testid="program-make"
          disabled={name.trim() === "" || !(hook || read || post)}
        >
          {words.text(hook ? "hookMake" : "programMake")}
        </button>
      </form>
      <RefusalLine problem={refused} />
      <MadeProgram room={room} made={made} />
      <List
        count={items?.length}
        problem={problem}
        none={words.text("programsNone")}
        testId="program-list"
      >
        {items?.map((one) => (
          <li key={one.id}>
            <span>
              <bdi class="record-name">{one.name}</bdi> {aboutText(words, one)}
              {one.by !== undefined && (
                <span class="quiet small record-line">
                  {words.text("madeBy", { name: isolate(one.by.name) })}
                </span>
              )}
            </span>
            <button
              type="button"
              class="text-button"
              data-testid="program-revoke"
              onClick={() => void act(calls.revokeToken(one.id))}
            >
              {words.text("revoke")}
            </button>
          </li>
        ))}
      </List>
    </>
  );
}

/** What a program may do, or that it is a hook, and for how long. */
function aboutText(words: Words, one: AccessToken): string {
  const what = one.hook
    ? [words.text("hookRow"), one.signed && words.text("hookSigned")]
    : [
        one.read && words.text("programRead"),
        one.post && words.text("programPost"),
        one.role === "moderator" && words.text("programModerate"),
      ];
  return [
    ...what,
    one.expiresAt === undefined
      ? words.text("programForever")
      : words.text("programGood", { time: untilText(words, one.expiresAt) }),
  ]
    .filter(Boolean)
    .join(" · ");
}
