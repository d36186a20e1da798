import { useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { renewPush, subscribePush, unsubscribePush } from "./notify.ts";
import {
  LEVELS,
  type Level,
  levelOf,
  notifySettings,
  saveNotifySettings,
} from "./notify_settings.ts";
import { offersPush } from "./push.ts";

const LEVEL_TEXT = { mentions: "notifyMentions", all: "notifyAll", none: "notifyNone" } as const;

/** Whether and of what one is told: in this browser, and in this room. */
export function NotifyFields({ room }: { room: string }) {
  const { words, baseUrl } = usePage();
  const [settings, setSettings] = useState(notifySettings);
  const [permission, setPermission] = useState(permissionNow);
  const [pushed, setPushed] = useState<boolean>();
  const change = (next: Partial<typeof settings>) => {
    const whole = { ...notifySettings(), ...next };
    saveNotifySettings(whole);
    setSettings(whole);
  };

  const turnOn = async () => {
    const given = await Notification.requestPermission();
    setPermission(given);
    if (given !== "granted") return;
    change({ on: true });
    if (offersPush()) setPushed(await subscribePush(baseUrl));
  };
  const turnOff = () => {
    change({ on: false });
    setPushed(undefined);
    void unsubscribePush(baseUrl);
  };

  if (permission === undefined) return <p class="quiet small">{words.text("notifyMissing")}</p>;
  if (permission === "denied") {
    return (
      <p class="quiet small" role="status">
        {words.text("notifyBlocked")}
      </p>
    );
  }
  if (!settings.on || permission !== "granted") {
    return (
      <button
        type="button"
        class="text-button menu-action"
        data-testid="notify-on"
        onClick={turnOn}
      >
        {words.text("notifyTurnOn")}
      </button>
    );
  }
  return (
    <>
      <label class="setting">
        <span>{words.text("notifyLevel")}</span>
        <select
          data-testid="notify-level"
          value={levelOf(settings, room)}
          onChange={(event) => {
            change({ rooms: { ...settings.rooms, [room]: event.currentTarget.value as Level } });
            void renewPush(baseUrl);
          }}
        >
          {LEVELS.map((level) => (
            <option key={level} value={level}>
              {words.text(LEVEL_TEXT[level])}
            </option>
          ))}
        </select>
      </label>
      <label class="setting">
        <span>{words.text("notifySound")}</span>
        <input
          type="checkbox"
          data-testid="notify-sound"
          checked={settings.sound}
          onChange={(event) => change({ sound: event.currentTarget.checked })}
        />
      </label>
      <button
        type="button"
        class="text-button menu-action"
        data-testid="notify-off"
        onClick={turnOff}
      >
        {words.text("notifyTurnOff")}
      </button>
      <p class="quiet small" role="status">
        {pushed === true && words.text("notifyClosedToo")}
        {pushed === false && words.text("notifyOpenOnly")}
      </p>
    </>
  );
}

/** Undefined where there are no notifications, as in Safari on a phone before it is installed. */
function permissionNow(): NotificationPermission | undefined {
  return "Notification" in window ? Notification.permission : undefined;
}
