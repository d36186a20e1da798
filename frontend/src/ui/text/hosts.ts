/** Characters that turn the text around them, and those that nobody sees. */
const HIDDEN = /\p{Default_Ignorable_Code_Point}/u;

/**
 * The host that an address leads to, if what is shown of it may be read as another one: something
 * stands before an `@`, letters of several alphabets look alike, or a number stands for a host. What
 * is as it looks gives undefined.
 */
export function hiddenHost(shown: string, url: URL): string | undefined {
  if (url.username !== "" || url.password !== "" || HIDDEN.test(shown)) return url.host;
  const authority = /^[a-z]+:\/\/([^/?#]*)/i.exec(shown)?.[1] ?? shown.split(/[/?#]/)[0] ?? "";
  const host = authority.replace(/:\d*$/, "").toLowerCase();
  if (host === url.hostname || isHonest(host)) return undefined;
  return url.host;
}

/** A name in the letters of one alphabet alone, its ending included, is not taken for another. */
function isHonest(host: string): boolean {
  const labels = host.normalize("NFC").split(".");
  return (
    !/[a-z0-9]$/.test(host) && SCRIPTS.some((script) => labels.every((label) => script.test(label)))
  );
}

const SCRIPTS = [
  /^[\p{Script=Cyrillic}\d-]+$/u,
  /^[\p{Script=Greek}\d-]+$/u,
  /^[\p{Script=Armenian}\d-]+$/u,
  /^[\p{Script=Georgian}\d-]+$/u,
  /^[\p{Script=Hebrew}\d-]+$/u,
  /^[\p{Script=Arabic}\d-]+$/u,
  /^[\p{Script=Thai}\d-]+$/u,
  /^[\p{Script=Devanagari}\d-]+$/u,
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\d-]+$/u,
  /^[\p{Script=Hangul}\p{Script=Han}\d-]+$/u,
];
