import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { CheckIcon } from "../icons.tsx";

interface LineProps {
  testId: string;
  label: string;
  /** It was saved just now; left out where nothing is saved by itself. */
  saved?: boolean;
}

/** A promise of false says that it was not taken. */
type Saves<Value> = (value: Value) => unknown;

/** That it was saved, for the eye; a voice is told once for the page. */
export function SavedSign({ saved }: { saved: boolean | undefined }) {
  const { words } = usePage();
  if (saved === undefined) return null;
  return (
    <span class="saved-sign" aria-hidden="true" title={saved ? words.text("setSaved") : undefined}>
      {saved && <CheckIcon />}
    </span>
  );
}

interface TextLineProps extends LineProps {
  value: string;
  placeholder?: string;
  /** Characters. */
  most: number;
  /** Reports whether it was taken. */
  onSave(value: string): Promise<boolean>;
}

/** A text is saved by Enter, and when one leaves the field; Esc brings back what it was. */
export function TextLine({
  testId,
  label,
  saved,
  value,
  placeholder,
  most,
  onSave,
}: TextLineProps) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  /** What is on its way: leaving the field after Enter is no second change. */
  const sent = useRef<string | undefined>(undefined);
  // Not after the paint: what is typed before it would be gone.
  useLayoutEffect(() => setText(value), [value]);
  const save = async () => {
    const next = text.trim();
    if (next === sent.current) return;
    if (next === value) return setText(value);
    sent.current = next;
    const taken = await onSave(next);
    sent.current = undefined;
    if (!taken) field.current?.focus();
  };
  return (
    <label class="setting-line wide">
      <span>{label}</span>
      <span class="setting-value">
        <input
          ref={field}
          data-testid={testId}
          autocomplete="off"
          dir="auto"
          maxLength={most}
          placeholder={placeholder}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onBlur={() => void save()}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.isComposing) void save();
            if (event.key !== "Escape" || text === value) return;
            event.preventDefault();
            event.stopPropagation();
            setText(value);
          }}
        />
        <SavedSign saved={saved} />
      </span>
    </label>
  );
}

interface CheckBoxLineProps extends LineProps {
  value: boolean;
  onSave: Saves<boolean>;
}

export function CheckBoxLine({ testId, label, saved, value, onSave }: CheckBoxLineProps) {
  return (
    <label class="setting-line">
      <span>{label}</span>
      <span class="setting-value">
        <SavedSign saved={saved} />
        <input
          type="checkbox"
          data-testid={testId}
          checked={value}
          onChange={async (event) => {
            const box = event.currentTarget;
            // What was not taken shows what it is.
            if ((await onSave(box.checked)) === false) box.checked = value;
          }}
        />
      </span>
    </label>
  );
}

interface ChoiceLineProps extends LineProps {
  value: string;
  choices: readonly (readonly [value: string, text: string])[];
  onSave: Saves<string>;
}

export function ChoiceLine({ testId, label, saved, value, choices, onSave }: ChoiceLineProps) {
  return (
    <label class="setting-line">
      <span>{label}</span>
      <span class="setting-value">
        <SavedSign saved={saved} />
        <select
          data-testid={testId}
          value={value}
          onChange={async (event) => {
            const select = event.currentTarget;
            if ((await onSave(select.value)) === false) select.value = value;
          }}
        >
          {choices.map(([one, text]) => (
            <option key={one} value={one}>
              {text}
            </option>
          ))}
        </select>
      </span>
    </label>
  );
}
