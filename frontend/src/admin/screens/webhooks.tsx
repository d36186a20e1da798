import { useAsk, usePage } from "../context.ts";
import { Heading } from "../parts/heading.tsx";
import { Loaded } from "../parts/state.tsx";

/** What could not be sent out. */
export function Webhooks() {
  const { words } = usePage();
  const asked = useAsk<object>("api/webhooks");
  return (
    <>
      <Heading>{words.text("webhooks")}</Heading>
      {asked.problem?.status === 404 ? (
        <p class="quiet empty" data-testid="webhooks-off">
          {words.text("webhooksOff")}
        </p>
      ) : (
        <Loaded asked={asked}>{() => null}</Loaded>
      )}
    </>
  );
}
