import type { AccessToken } from "../../client/rules.ts";
import { usePage } from "../context.ts";
import { roomHref } from "../routes.ts";
import { ShownOnce } from "./shown_once.tsx";

/** The secret of a program or a hook that was made just now, with a line that tries it. */
export function MadeProgram({ room, made }: { room: string; made: AccessToken | undefined }) {
  const { words, baseUrl } = usePage();
  if (made?.url !== undefined) {
    const address = new URL(made.url, baseUrl).href;
    return (
      <>
        <p role="status">{words.text("hookShown")}</p>
        <ShownOnce
          key={made.id}
          text={address}
          label={words.text("hookAddress")}
          testId="hook-address"
        />
        <p class="small">{words.text("programTry")}</p>
        <Line text={`curl -d '{"text":"hello"}' '${quoted(address)}'`} />
      </>
    );
  }
  if (made?.token === undefined) return null;
  const address = quoted(roomHref(room, baseUrl));
  return (
    <>
      <p role="status">{words.text("programShown")}</p>
      <ShownOnce
        key={made.id}
        text={made.token}
        label={words.text("programToken")}
        testId="program-token"
      />
      <p class="small">{words.text("programTry")}</p>
      <Line text={`curl -H 'Authorization: Bearer ${made.token}' -d 'hello' '${address}'`} />
    </>
  );
}

/** A line for a terminal: what scrolls must be reached by keyboard. */
function Line({ text }: { text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <pre class="curl-line" tabIndex={0} data-testid="program-curl">
      {text}
    </pre>
  );
}

function quoted(address: string): string {
  return address.replaceAll("'", "%27");
}
