import { useState } from "preact/hooks";
import type { Problem } from "../../client/index.ts";
import type { Webhook } from "../../client/rules.ts";
import { usePage } from "../context.ts";
import type { Words } from "../i18n/index.ts";
import { isolate } from "../rows.tsx";
import { CheckBoxLine } from "./lines.tsx";
import { List, useList } from "./list_page.tsx";
import { RefusalLine } from "./refusal_line.tsx";
import type { PageProps } from "./room_dialog.tsx";
import { ShownOnce } from "./shown_once.tsx";
import { untilText } from "./when.ts";

/** What a program can be told, with the words for it. */
const EVENTS = {
  message: "webhook_message",
  edit: "webhook_edit",
  delete: "webhook_delete",
  reaction: "webhook_reaction",
  joined: "webhook_joined",
  left: "webhook_left",
  "room.opened": "webhook_opened",
  "room.closed": "webhook_closed",
} as const;
type EventName = keyof typeof EVENTS;
const NAMES = Object.keys(EVENTS) as EventName[];
const FIRST: readonly EventName[] = ["message", "edit", "delete"];

/** Programs that are told what happens: added, the secret shown once, listed with how it goes, removed. */
export function WebhooksPage({ control }: PageProps) {
  const { words } = usePage();
  const { calls } = control;
  const { items, problem, load, act } = useList(() => calls.webhooks());
  const [url, setUrl] = useState("");
  const [events, setEvents] = useState(FIRST);
  const [made, setMade] = useState<Webhook>();
  const [renewed, setRenewed] = useState(false);
  const [refused, setRefused] = useState<Problem>();

  const make = async (event: Event) => {
    event.preventDefault();
    if (url.trim() === "" || events.length === 0) return;
    const { result, problem } = await calls.makeWebhook({ url: url.trim(), events: [...events] });
    setRefused(problem);
    if (result === undefined) return;
    setMade(result);
    setRenewed(false);
    setUrl("");
    await load();
  };
  const renew = async ({ id }: Webhook) => {
    const { result, problem } = await calls.renewWebhookSecret(id);
    setRefused(problem);
    if (result === undefined) return;
    setMade(result);
    setRenewed(true);
  };
  return (
    <>
      <p class="quiet">{words.text("webhooksHint")}</p>
      <form onSubmit={make}>
        <label class="field">
          <span>{words.text("webhookUrl")}</span>
          <input
            type="url"
            data-testid="webhook-url"
            autocomplete="off"
            placeholder="https://"
            value={url}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        </label>
        <fieldset class="setting-lines plain">
          <legend class="small">{words.text("webhookEvents")}</legend>
          {NAMES.map((name) => (
            <CheckBoxLine
              key={name}
              testId={`webhook-${name}`}
              label={words.text(EVENTS[name])}
              value={events.includes(name)}
              onSave={(on) =>
                setEvents(NAMES.filter((n) => (n === name ? on : events.includes(n))))
              }
            />
          ))}
        </fieldset>
        <button
          type="submit"
          class="button primary"
          data-testid="webhook-make"
          disabled={url.trim() === "" || events.length === 0}
        >
          {words.text("webhookMake")}
        </button>
      </form>
      <RefusalLine problem={refused} />
      {made?.secret !== undefined && (
        <>
          <p role="status">{words.text(renewed ? "webhookRenewed" : "webhookShown")}</p>
          {renewed && <bdi class="record-name">{made.url}</bdi>}
          <ShownOnce
            key={made.secret}
            text={made.secret}
            label={words.text("webhookSecret")}
            testId="webhook-secret"
          />
        </>
      )}
      <List
        count={items?.length}
        problem={problem}
        none={words.text("webhooksNone")}
        testId="webhook-list"
      >
        {items?.map((one) => (
          <li key={one.id}>
            <span>
              <bdi class="record-name">{one.url}</bdi>
              <span class="record-line">
                {one.events.map((name) => eventText(words, name)).join(" · ")}
              </span>
              <span
                class={`small record-line${one.failing || one.disabledAt ? " problem" : " quiet"}`}
                data-testid="webhook-state"
              >
                {stateText(words, one)}
              </span>
              {one.by !== undefined && (
                <span class="quiet small record-line">
                  {words.text("madeBy", { name: isolate(one.by.name) })}
                </span>
              )}
            </span>
            <span>
              {one.disabledAt !== undefined && (
                <button
                  type="button"
                  class="text-button"
                  data-testid="webhook-on"
                  onClick={() => void act(calls.changeWebhook(one.id, { enabled: true }))}
                >
                  {words.text("webhookOn")}
                </button>
              )}
              <button
                type="button"
                class="text-button"
                data-testid="webhook-renew"
                onClick={() => void renew(one)}
              >
                {words.text("webhookRenew")}
              </button>
              <button
                type="button"
                class="text-button"
                data-testid="webhook-remove"
                onClick={() => void act(calls.removeWebhook(one.id))}
              >
                {words.text("webhookRemove")}
              </button>
            </span>
          </li>
        ))}
      </List>
    </>
  );
}

function eventText(words: Words, name: string): string {
  return name in EVENTS ? words.text(EVENTS[name as EventName]) : name;
}

/** How it goes with one. */
function stateText(words: Words, { failing, disabledAt, disabledReason, lost }: Webhook): string {
  const state =
    disabledAt !== undefined
      ? words.text("webhookOff", { reason: isolate(disabledReason ?? "") })
      : failing !== undefined
        ? words.text("webhookFailing", {
            time: untilText(words, failing.since),
            error: isolate(failing.error),
          })
        : words.text("webhookGood");
  return lost > 0 ? `${state} · ${words.plural("webhookLost", lost)}` : state;
}
