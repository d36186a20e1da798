// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test } from "vitest";
import type { Member } from "../../src/client/index.ts";
import { Page, type PageContext } from "../../src/ui/context.ts";
import { LANGUAGES, type Language, Words } from "../../src/ui/i18n/index.ts";
import { PeopleList } from "../../src/ui/people.tsx";

const member = (id: string, name: string, more: Partial<Member> = {}): Member => ({
  id,
  name,
  transport: "ws",
  joinedAt: "",
  ...more,
});

test.each(Object.keys(LANGUAGES) as Language[])("who looks like somebody here: %s", (language) => {
  const words = new Words(language);
  const root = document.createElement("div");
  const show = (members: Member[]) =>
    render(
      <Page.Provider value={{ words } as PageContext}>
        <PeopleList
          members={members}
          count={members.length}
          session={undefined}
          onAbout={() => {}}
        />
      </Page.Provider>,
      root,
    );
  const marked = () =>
    [...root.querySelectorAll("[data-testid=looks-like]")].map((mark) => [
      mark.closest("li")?.dataset.id,
      mark.textContent,
    ]);
  const ann = member("a", "Ann");
  const other = member("b", "Аnn", { looksLike: "a" });
  show([ann, other]);
  expect(marked()).toEqual([["b", words.text("looksLike")]]);
  show([other]); // she has left
  expect(marked()).toEqual([]);
});
