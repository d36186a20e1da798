import type { ComponentChildren } from "preact";

/** What a section begins with. The focus comes here when one comes to it. */
export function Heading({ children, hint }: { children: ComponentChildren; hint?: string }) {
  return (
    <div class="heading">
      <h1 tabIndex={-1} data-testid="title">
        {children}
      </h1>
      {hint !== undefined && <p class="quiet">{hint}</p>}
    </div>
  );
}
