import { useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { SavedSign } from "./lines.tsx";

export interface PasswordLineProps {
  /** There is one. */
  set: boolean;
  saved: boolean;
  /** Null takes it off. Reports whether it was taken. */
  onSave(password: string | null): Promise<boolean>;
}

/** The password is never shown: it is set, changed or taken off. */
export function PasswordLine({ set, saved, onSave }: PasswordLineProps) {
  const { words } = usePage();
  const [open, setOpen] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const toggle = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    toggle.current?.focus();
  };
  const save = async (event: Event) => {
    event.preventDefault();
    const password = field.current?.value ?? "";
    if (password === "") return field.current?.focus();
    if (await onSave(password)) close();
  };
  return (
    <>
      <div class="setting-line">
        <span id="set-password-label">{words.text("setPassword")}</span>
        <span class="setting-value">
          <SavedSign saved={saved} />
          <button
            ref={toggle}
            type="button"
            class="text-button"
            data-testid="set-password"
            aria-expanded={open}
            aria-describedby="set-password-label"
            onClick={() => setOpen(!open)}
          >
            {words.text(set ? "setPasswordOn" : "setPasswordOff")}
          </button>
        </span>
      </div>
      {open && (
        <form class="password-form" onSubmit={save}>
          <label class="field">
            <span>{words.text("setPasswordNew")}</span>
            <span class="quiet small">{words.text("setPasswordHint")}</span>
            <span class="joined-field">
              <input
                ref={field}
                type="password"
                data-testid="new-password"
                autocomplete="new-password"
                maxLength={128}
              />
              <button type="submit" class="button primary" data-testid="save-password">
                {words.text("setPasswordSave")}
              </button>
              {set && (
                <button
                  type="button"
                  class="button"
                  data-testid="take-password"
                  onClick={async () => (await onSave(null)) && close()}
                >
                  {words.text("setPasswordTake")}
                </button>
              )}
            </span>
          </label>
        </form>
      )}
    </>
  );
}
