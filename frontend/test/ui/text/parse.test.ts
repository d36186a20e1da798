import { describe, expect, test } from "vitest";
import { mentionedNames, parse } from "../../../src/ui/text/parse.ts";
import { type Block, type Inline, plainText } from "../../../src/ui/text/tree.ts";

/** A tree in one line, as a reader would note it down. */
function noted(nodes: readonly (Block | Inline)[]): string {
  return nodes.map(note).join("");
}

function note(node: Block | Inline): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "code":
      return "language" in node ? `{${node.language}|${node.text}}` : `{${node.text}}`;
    case "mention":
      return `@(${node.name})`;
    case "link":
      return `<${noted(node.children)}${node.host === undefined ? "" : ` -> ${node.host}`}>`;
    case "lines":
      return noted(node.children);
    case "list":
      return `[${node.start ?? ""}${node.sign} ${node.items.map(noted).join(" / ")}]`;
    default:
      return `${node.kind}(${noted(node.children)})`;
  }
}

describe("marks within a line", () => {
  test.each([
    ["a **b** _c_ *d* ~~e~~ `f`", "a bold(b) italic(c) italic(d) strike(e) {f}"],
    ["**a _b_**", "bold(a italic(b))"],
    ["你好**世界**你好", "你好bold(世界)你好"],
    ["他说**「好」**。", "他说bold(「好」)。"],
    ["*a\nb*", "italic(a\nb)"],
    ["``a`b``", "{a`b}"],
    ["```code```", "{code}"],
  ])("%j", (text, expected) => {
    expect(noted(parse(text))).toBe(expected);
  });

  test.each([
    "2*3*4",
    "a_b_c",
    "~5 min ~ok",
    "¯\\_(ツ)_/¯",
    "C:\\*.txt D:\\_tmp\\_x",
    "it`s ok\nhe`s",
    "* * *",
    "- - -",
    "---",
    "-",
    "- ",
    "1.",
    ">_< hi",
    ">50 people",
    "# no heading",
    "heading\n===",
    "a | b\n--|--\n1 | 2",
    "&copy; &amp; &#65;",
    "<b>x</b> <!-- y --> [a]() [a](<>)",
    "[a](javascript:alert(1)) [b](data:text/html,x) [c](/relative) [d][e]\n[e]: x",
    "```",
    "``` \n```",
    "~~~ hello ~~~",
    "~~~\na\n~~~",
    "    four\n  two\n\n\n\n    four",
    "\ttab\n\t\ttwo",
    "a  \nb\\\nc",
  ])("%j is shown as typed", (text) => {
    const blocks = parse(text);
    expect(plainText(blocks)).toBe(text);
    expect(noted(blocks)).toBe(text);
  });
});

describe("blocks", () => {
  test.each([
    ["```js\nlet a = 1;\n```", "{js|let a = 1;}"],
    ["```\n  a\n\n\n  b\n```", "{|  a\n\n\n  b}"],
    ["```\ncode```", "{|code}"],
    ["```\na\n  code```\nafter", "{|a\n  code}after"],
    ["```let a\nb\n```", "{|let a\nb}"],
    ["```\nunclosed", "{|unclosed}"],
    ["x\n```\na\n```\n\ny", "x{|a}\ny"],
    ["````\n```\n````", "{|```}"],
    ["```\n**a** https://a.example\n```", "{|**a** https://a.example}"],
    ["> q\nanswer", "quote(q)answer"],
    ["> q\n\nanswer", "quote(q)\nanswer"],
    ["> a\n> b\n> > c", "quote(a\nbquote(c))"],
    [">> a", "quote(quote(a))"],
    ["> ```\n> c\n> ```", "quote({|c})"],
    ["- a\n- b\nthen", "[- a / b]then"],
    ["- a\n  - b\n- c", "[- a[- b] / c]"],
    ["text\n- a\n- b", "text[- a / b]"],
    ["1. a\n2. b", "[1. a / b]"],
    ["5) a\n6) b", "[5) a / b]"],
    ["- a\n\n- b\n\n\nthen", "[- a / b]\n\nthen"],
    ["- `a`\n- **b**", "[- {a} / bold(b)]"],
    ["a\rb\r\nc\u2028d\u0085e", "a\nb\nc\nd\ne"],
    ["> a\r> b", "quote(a\nb)"],
  ])("%j", (text, expected) => {
    expect(noted(parse(text))).toBe(expected);
  });

  test("nothing is lost, however deep it stands", () => {
    for (const mark of ["> ", "- ", "1. ", "* > "]) {
      const text = `${mark.repeat(40)}deep`;
      expect(plainText(parse(text))).toContain("deep");
    }
  });
});

describe("links", () => {
  test.each([
    ["see https://a.example/x.", "see <https://a.example/x>."],
    ["(https://a.example/wiki/A_(b)), and", "(<https://a.example/wiki/A_(b)>), and"],
    ["https://en.wikipedia.org/wiki/Foo_(bar)", "<https://en.wikipedia.org/wiki/Foo_(bar)>"],
    ["请看https://example.com，谢谢", "请看<https://example.com>，谢谢"],
    ["「https://example.com」", "「<https://example.com>」"],
    ["（https://example.com/a）。", "（<https://example.com/a>）。"],
    ["https://例え.テスト/道、次", "<https://例え.テスト/道>、次"],
    [
      "“https://a.example/x”, «https://a.example»",
      "“<https://a.example/x>”, «<https://a.example>»",
    ],
    ["https://a.example/wiki/Devil's_advocate", "<https://a.example/wiki/Devil's_advocate>"],
    ["'https://a.example/x'", "'<https://a.example/x>'"],
    ["https://t.me/some_user_", "<https://t.me/some_user_>"],
    ["https://a.example/*b*c~~d~~", "<https://a.example/*b*c~~d~~>"],
    ["**https://a.example/b**", "bold(<https://a.example/b>)"],
    ["_https://a.example/b_c_", "italic(<https://a.example/b_c>)"],
    ["_https://a.example_, and", "italic(<https://a.example>), and"],
    ["~~https://a.example~~", "strike(<https://a.example>)"],
    ["**www.a.example**.", "bold(<www.a.example>)."],
    ["https://a.example|https://b.example/c|d", "<https://a.example>|<https://b.example/c|d>"],
    ["https://a_b.example", "https://a_b.example"],
    [
      "https://a.example/x: y; https://a.example!",
      "<https://a.example/x>: y; <https://a.example>!",
    ],
    ["https://a.example/x…", "<https://a.example/x>…"],
    [
      "http://a.example?q=1&r=2#f www.b.example/c!",
      "<http://a.example?q=1&r=2#f> <www.b.example/c>!",
    ],
    ["https://a.example:8080/x https://[::1]/", "<https://a.example:8080/x> <https://[::1]/>"],
    ['https://a.example/?q="><img', '<https://a.example/?q=>"><img'],
    ["HTTPS://A.example/X", "<HTTPS://A.example/X>"],
    ["[x](https://a.example/)", "<x -> a.example>"],
    ["[a.example](https://a.example/)", "<a.example>"],
    ["![i](https://a.example/i.png)", "!<i -> a.example>"],
    ["[**b** `c`](https://a.example)", "<bold(b) {c} -> a.example>"],
    ["`https://in.code.example`", "{https://in.code.example}"],
  ])("%j", (text, expected) => {
    expect(noted(parse(text))).toBe(expected);
  });

  test.each(["https:// https://", "xhttps://a.example", "www.", "www.a", "ftp://a.example"])(
    "%j is none",
    (text) => {
      expect(noted(parse(text))).toBe(text);
    },
  );

  test.each([
    ["https://google.com@evil.example/", "evil.example"],
    ["https://user:pass@a.example/", "a.example"],
    ["https://аpple.com", "xn--pple-43d.com"],
    ["https://аррӏе.com", "xn--80ak6aa92e.com"],
    ["https://www.gооgle.com/a", "www.xn--ggle-55da.com"],
    ["https://müller.de/", "xn--mller-kva.de"],
    ["https://google.com⁄evil.example", "google.xn--comevil-3d7c.example"],
    ["https://2130706433/", "127.0.0.1"],
    ["[https://google.com](https://evil.example)", "evil.example"],
    ["[evil](https://google.com@evil.example)", "evil.example"],
    ["[google.com@evil.example](https://google.com@evil.example)", "evil.example"],
  ])("%j says where it leads", (text, host) => {
    expect(noted(parse(text))).toContain(` -> ${host}>`);
  });

  test.each(["https://пример.рф/x", "https://παράδειγμα.δοκιμή", "https://a.example/п?в=о"])(
    "%j needs no word",
    (text) => {
      expect(noted(parse(text))).toBe(`<${text}>`);
    },
  );

  test("what turns text around is no part of one", () => {
    expect(noted(parse("\u202ehttps://evil.example/moc"))).toBe("\u202e<https://evil.example/moc>");
    expect(noted(parse("https://a.example/\u202emoc"))).toBe("<https://a.example/>\u202emoc");
    expect(noted(parse("https://a.exa\u200bmple/"))).toBe("<https://a.exa>\u200bmple/");
  });
});

describe("mentions", () => {
  const names = ["Ann Lee", "Ann", "Zoë"];
  test.each([
    ["@Ann Lee, hi", "@(Ann Lee), hi"],
    ["@Ann Leeward @Ann", "@(Ann) Leeward @(Ann)"],
    ["(@Zoë) **@Ann**", "(@(Zoë)) bold(@(Ann))"],
    ["@Somebody. else", "@(Somebody). else"],
    ["a@Ann.example `@Ann` \\@Ann @ x", "a@Ann.example {@Ann} \\@Ann @ x"],
    ["> @Ann\n- @Zoë", "quote(@(Ann))[- @(Zoë)]"],
  ])("%j", (text, expected) => {
    expect(noted(parse(text, names))).toBe(expected);
  });

  test("are found only where the message has some", () => {
    expect(noted(parse("@Ann"))).toBe("@Ann");
  });

  test("are listed as they are drawn", () => {
    expect(mentionedNames(parse("@Ann **@Zoë**\n> @Ann Lee\n\n- @x", names))).toEqual([
      "Ann",
      "Zoë",
      "Ann Lee",
      "x",
    ]);
  });
});
