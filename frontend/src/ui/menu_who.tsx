import { useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { pageFetch } from "./page_session.ts";
import { offersSignIn } from "./sign_in.ts";
import { SignInLink } from "./sign_in_link.tsx";
import { signedOut } from "./sign_out.ts";
import { vouched } from "./visits.ts";

export interface MenuWhoProps {
  name: string;
  onChangeName(): void;
}

/** Who one is here. A name that somebody vouches for is theirs to change. */
export function MenuWho({ name, onChangeName }: MenuWhoProps) {
  const { words, baseUrl } = usePage();
  const [failed, setFailed] = useState(false);
  const fixed = vouched();
  const signOut = async () => {
    setFailed(false);
    try {
      const address = new URL("signout", baseUrl);
      const answer = await pageFetch(address.href, { method: "POST" });
      const { url } = (await answer.json()) as { url?: unknown };
      if (!answer.ok || typeof url !== "string") return setFailed(true);
      signedOut();
      location.assign(url); // there one is signed out, too
    } catch {
      setFailed(true);
    }
  };
  return (
    <>
      <div class="setting">
        <bdi class="own-name">{name}</bdi>
        {!fixed && (
          <button
            type="button"
            class="text-button"
            data-testid="change-name"
            onClick={onChangeName}
          >
            {words.text("changeName")}
          </button>
        )}
        {fixed && offersSignIn() && (
          <button type="button" class="text-button" data-testid="sign-out" onClick={signOut}>
            {words.text("signOut")}
          </button>
        )}
      </div>
      {failed && (
        <p class="problem" role="alert">
          {words.text("signOutFailed")}
        </p>
      )}
      {!fixed && offersSignIn() && <SignInLink />}
    </>
  );
}
