import type { Person } from "../client/index.ts";
import { usePage } from "./context.ts";
import { CheckIcon } from "./icons.tsx";
import { hueOf, initialsOf, lookOf } from "./identity.ts";

export function Avatar({ person }: { person: Person }) {
  return (
    <span class={`avatar hue-${hueOf(lookOf(person))}`} aria-hidden="true">
      {initialsOf(person.name)}
    </span>
  );
}

/**
 * A name in the person's colour, with the mark of a guest or a program, and of a name that somebody
 * else vouches for. Names may be written in any direction.
 */
export function PersonName({ person }: { person: Person }) {
  const { words } = usePage();
  return (
    <>
      <bdi class={`name hue-${hueOf(lookOf(person))}`}>{person.name}</bdi>
      {person.guest === true && <span class="tag">{words.text("guest")}</span>}
      {person.via === "token" && <span class="tag">{words.text("program")}</span>}
      {(person.via === "site" || person.via === "oidc") && (
        <span class="vouched" title={words.text("signedIn")} data-testid="vouched">
          <CheckIcon />
          <span class="sr">{words.text("signedIn")}</span>
        </span>
      )}
    </>
  );
}
