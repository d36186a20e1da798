import { useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { copyText } from "../copy.ts";

export interface ShownOnceProps {
  /** The secret, in whatever form one needs it. */
  text: string;
  label: string;
  testId: string;
}

/** A secret that is shown once, to be copied. */
export function ShownOnce({ text, label, testId }: ShownOnceProps) {
  const { words } = usePage();
  const [copied, setCopied] = useState<boolean>();
  return (
    <>
      <div class="joined-field link-row">
        <input
          readOnly
          data-testid={testId}
          data-first
          aria-label={label}
          value={text}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button
          type="button"
          class="button primary"
          data-testid={`${testId}-copy`}
          onClick={async () => setCopied(await copyText(text))}
        >
          {words.text("copy")}
        </button>
      </div>
      <p class="quiet small" role="status">
        {copied !== undefined && words.text(copied ? "textCopied" : "copyFailed")}
      </p>
    </>
  );
}
