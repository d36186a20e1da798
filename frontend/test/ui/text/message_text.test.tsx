// @vitest-environment happy-dom
import { describe, expect, test, vi } from "vitest";
import {
  inOneLine,
  isEmojiOnly,
  isLong,
  mayHaveMarkup,
  typedParts,
} from "../../../src/ui/text/typed.ts";
import { usePage } from "../open_page.tsx";

const page = usePage();
const { pass, all, one, texts, fill, press, open } = page;
const html = () => one("message-text").innerHTML;

/** The page with messages of others, after what it loads for them. */
async function showing(...messages: (string | object)[]): Promise<void> {
  for (const message of messages) {
    if (typeof message === "string") page.server.post(message);
    else page.server.append({ type: "message", from: { id: "other", name: "Bob" }, ...message });
  }
  await open("/rooms/lobby");
  await vi.waitFor(
    async () => {
      await pass(50);
      const marked = ".text :is(strong, a, .mention)";
      const wanted = messages.some((m) => /\*\*|:\/\/|mentions/.test(JSON.stringify(m)));
      if (wanted && document.querySelector(marked) === null) throw new Error("not formatted yet");
    },
    { timeout: 50_000 },
  );
}

describe("a message's text", () => {
  test("is drawn as elements", async () => {
    await showing("**b** `c` https://a.example/x\n> q\n- l\n```js\nlet a = '<b>';\n```");
    expect(html()).toContain("<strong>b</strong>");
    const link = one("message-text").querySelector("a");
    expect(link?.getAttribute("href")).toBe("https://a.example/x");
    expect(link?.getAttribute("rel")).toBe("noopener noreferrer nofollow");
    expect(link?.getAttribute("dir")).toBe("ltr");
    expect(one("message-text").querySelector("blockquote")?.textContent).toBe("q");
    expect(one("message-text").querySelector("li")?.textContent).toBe("l");
    expect(one("code-block").querySelector("pre")?.textContent).toBe("let a = '<b>';");
    expect(one("copy-code").getAttribute("aria-label")).toBe("Copy code");
    expect(one("message-text").textContent).not.toContain("```");
  });

  test("says where a link leads that hides it", async () => {
    await showing("https://google.com@evil.example/");
    expect(one("message-text").textContent).toBe("https://google.com@evil.example/ (evil.example)");
  });

  test("breaks lines wherever somebody ended one", async () => {
    await showing("a\rb\r\nc\u2028d", "**a**\rb");
    expect(texts()).toEqual(["a\nb\nc\nd", "a\nb"]);
  });

  test("is folded if it is long, and shown whole when asked", async () => {
    await showing(`a${"\n".repeat(2_000)}b`);
    expect(one("message-text").classList.contains("clipped")).toBe(true);
    const button = one("show-all") as HTMLButtonElement;
    expect(button.textContent).toBe("Show all");
    expect(button.getAttribute("aria-expanded")).toBe("false");
    button.click();
    await pass(50);
    expect(one("message-text").classList.contains("clipped")).toBe(false);
    expect(one("show-all").textContent).toBe("Show less");
  });
});

test.each([
  ["🙂", true],
  ["👍🏽 👨‍👩‍👧", true],
  ["👨🏽‍💻", true],
  ["🏳️‍🌈 🏴󠁧󠁢󠁥󠁮󠁧󠁿", true],
  ["👩🏻‍❤️‍💋‍👨🏿", true],
  ["🇫🇮❤️", true],
  ["1️⃣", true],
  ["1", false],
  ["🙂 ok", false],
  ["   ", false],
  ["🙂🙂🙂🙂🙂🙂🙂", false],
])("%s is emoji alone: %s", (text, expected) => {
  expect(isEmojiOnly(text)).toBe(expected);
});

test.each([
  ["a\n```js\nb\n\nc\n```\nd", ["a\n", "{b\n\nc}", "d"]],
  ["```\na\n```", ["{a}"]],
  ["a\n\n```\nb\n```\n\nc", ["a\n\n", "{b}", "\nc"]],
  ["```\na", ["```\na"]],
  ["a\rb", ["a\nb"]],
])("%j has its code in blocks before it is formatted", (text, expected) => {
  expect(typedParts(text).map((part) => (part.code ? `{${part.text}}` : part.text))).toEqual(
    expected,
  );
});

test.each([
  ["```js\nlet a;\n```\nsee", "let a; see"],
  ["> q\n> r\nanswer", "q r answer"],
  ["**b** `c` ~~d~~ 2*3", "b c d 2*3"],
  ["\u202emoc\r\n  x", "moc x"],
  ["`", "`"],
])("%j in one line", (text, line) => {
  expect(inOneLine(text)).toBe(line);
});

test("what is long, and what is worth parsing", () => {
  expect(isLong("a\n".repeat(29))).toBe(false);
  expect(isLong("a\n".repeat(30))).toBe(true);
  expect(isLong("a".repeat(1_800))).toBe(false);
  expect(isLong("a".repeat(1_801))).toBe(true);
  for (const text of ["a*b", "`", "https://a", "WWW.a.b", "x\n- y", "> q", "1) a", "[a](b)"]) {
    expect(mayHaveMarkup(text), text).toBe(true);
  }
  for (const text of ["hello", "a - b", "1.5", "3 > 2", "Ann: hi!", "[a] (b)"]) {
    expect(mayHaveMarkup(text), text).toBe(false);
  }
});

describe("mentions", () => {
  const field = () => one("composer-input") as HTMLTextAreaElement;
  const options = () => all("mention-option").map((option) => option.textContent);

  const waited = (check: () => void) =>
    vi.waitFor(
      async () => {
        await pass(20);
        check();
      },
      { timeout: 50_000 },
    );

  async function withBob(): Promise<void> {
    page.server.post("hello", undefined, { id: "bob", name: "Bob Stone" });
    page.server.post("hi", undefined, { id: "zoe", name: "Zoë" });
    await open("/rooms/lobby");
  }

  test("complete by keyboard, and are posted with their ids", async () => {
    await withBob();
    await fill("composer-input", "@");
    await waited(() => expect(options()).toEqual(["BSBob Stone", "ZZoë"]));
    expect(field().getAttribute("aria-activedescendant")).toBe(all("mention-option")[0]?.id);
    expect(press(field(), "ArrowDown")).toBe(false);
    await pass(20);
    expect(all("mention-option")[1]?.getAttribute("aria-selected")).toBe("true");
    expect(press(field(), "ArrowUp")).toBe(false);
    await pass(20);
    expect(press(field(), "Enter")).toBe(false);
    await pass(20);
    expect(field().value).toBe("@Bob Stone ");
    expect(all("mention-list")).toHaveLength(0);
    field().value += "and @Zoë";
    field().dispatchEvent(new Event("input", { bubbles: true }));
    await pass(20);
    expect(press(field(), "Tab")).toBe(false);
    await pass(20);
    press(field(), "Enter");
    await pass(300);
    expect(page.server.log.at(-1)).toMatchObject({
      text: "@Bob Stone and @Zoë",
      mentions: ["bob", "zoe"],
    });
    await vi.waitFor(() => expect(all("mention")).toHaveLength(2), { timeout: 50_000 });
  });

  test("a key of an input method chooses nobody, and Esc closes the list", async () => {
    await withBob();
    await fill("composer-input", "@b");
    await waited(() => expect(options()).toEqual(["BSBob Stone"]));
    press(field(), "Enter", { keyCode: 229 } as KeyboardEventInit);
    press(field(), "Enter", { isComposing: true });
    await pass(20);
    expect(field().value).toBe("@b");
    expect(options()).toEqual(["BSBob Stone"]);
    expect(press(field(), "Escape")).toBe(false);
    await pass(20);
    expect(options()).toEqual([]);
    await fill("composer-input", "@bo");
    expect(options()).toEqual([]);
  });

  test("are chosen by a tap", async () => {
    await withBob();
    await fill("composer-input", "@zo");
    await waited(() => expect(options()).toEqual(["ZZoë"]));
    all("mention-option")[0]?.click();
    await pass(20);
    expect(field().value).toBe("@Zoë ");
  });

  test("show the present name, and mark what is for oneself", async () => {
    await showing(
      { text: "hello", from: { id: "bob", name: "Robert" } },
      { text: "@Ann and @Bob", mentions: ["me", "bob"] },
    );
    expect(texts().at(-1)).toBe("@Ann and @Robert");
    expect(all("mention").map((mention) => mention.className)).toEqual(["mention me", "mention"]);
    const message = all("message").at(-1);
    expect(message?.classList.contains("mentions-me")).toBe(true);
    expect(message?.textContent).toContain("mentions you. ");
  });

  test("a name that is not meant is text", async () => {
    await showing("hello @Ann **b**");
    expect(all("mention")).toHaveLength(0);
    expect(all("message")[0]?.classList.contains("mentions-me")).toBe(false);
  });
});
