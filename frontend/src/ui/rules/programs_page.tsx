import { useState } from "preact/hooks";
import type { Problem } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { roomHref } from "../routes.ts";
import { isolate } from "../rows.tsx";
import { CheckBoxLine, ChoiceLine } from "./lines.tsx";
import { List, useList } from "./list_page.tsx";
import { RefusalLine } from "./refusal_line.tsx";
import type { PageProps } from "./room_dialog.tsx";
import { ShownOnce } from "./shown_once.tsx";
import { spanText, untilText } from "./when.ts";

const DAY = 86_400;
/** In seconds. The server gives none for longer than a year. */
const LIVES = [DAY, 7 * DAY, 30 * DAY, 365 * DAY];

/** Tokens for programs: made, shown once with a line that tries it, listed and taken back. */
export function ProgramsPage({ control, room }: PageProps) {
  const { words, baseUrl } = usePage();
  const { calls } = control;
  const { items, problem, load, act } = useList(() => calls.tokens());
  const [name, setName] = useState("");
  const [read, setRead] = useState(true);
  const [post, setPost] = useState(true);
  const [life, setLife] = useState(365 * DAY);
  const [token, setToken] = useState<string>();
  const [refused, setRefused] = useState<Problem>();

  const make = async (event: Event) => {
    event.preventDefault();
    if (name.trim() === "") return;
    const { result, problem } = await calls.makeToken({
      name: name.trim(),
      read,
      post,
      expiresIn: life,
    });
    setRefused(problem);
    if (result?.token === undefined) return;
    setToken(result.token);
    setName("");
    await load();
  };
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
          <ChoiceLine
            testId="program-life"
            label={words.text("programLife")}
            value={String(life)}
            choices={LIVES.map((s) => [String(s), spanText(words, s)])}
            onSave={(s) => setLife(Number(s))}
          />
        </div>
        <button
          type="submit"
          class="button primary"
          data-testid="program-make"
          disabled={name.trim() === "" || !(read || post)}
        >
          {words.text("programMake")}
        </button>
      </form>
      <RefusalLine problem={refused} />
      {token !== undefined && (
        <>
          <p role="status">{words.text("programShown")}</p>
          <ShownOnce text={token} label={words.text("programToken")} testId="program-token" />
          <p class="small">{words.text("programTry")}</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <pre class="curl-line" tabIndex={0} data-testid="program-curl">
            {curlOf(roomHref(room, baseUrl), token)}
          </pre>
        </>
      )}
      <List
        count={items?.length}
        problem={problem}
        none={words.text("programsNone")}
        testId="program-list"
      >
        {items?.map((one) => (
          <li key={one.id}>
            <span>
              <bdi class="record-name">{one.name}</bdi>{" "}
              {[
                one.read && words.text("programRead"),
                one.post && words.text("programPost"),
                one.expiresAt === undefined
                  ? words.text("programForever")
                  : words.text("programGood", { time: untilText(words, one.expiresAt) }),
              ]
                .filter(Boolean)
                .join(" · ")}
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

/** A line for a terminal. What is in it is an address and a token: neither has a quote. */
function curlOf(address: string, token: string): string {
  return `curl -H 'Authorization: Bearer ${token}' -d 'hello' '${address.replaceAll("'", "%27")}'`;
}
