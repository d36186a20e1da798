import { usePage } from "./context.ts";
import { roomOf } from "./routes.ts";
import { beginSignIn } from "./sign_in.ts";

/** Leads to the sign-in service, and back into the room. */
export function SignInLink() {
  const { words, baseUrl } = usePage();
  const url = new URL("signin", baseUrl);
  const room = roomOf(location.href, baseUrl);
  if (room !== undefined) url.searchParams.set("room", room);
  return (
    <p class="small">
      <a class="text-button" href={url.href} data-testid="sign-in" onClick={beginSignIn}>
        {words.text("signIn")}
      </a>
    </p>
  );
}
