// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from "vitest";
import { savedName, savedSession, saveName, saveSession } from "../../src/ui/visits.ts";

describe("a session that somebody else vouches for", () => {
  afterEach(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: it is what the server sets
    document.cookie = "caller_vouched=; expires=Thu, 01 Jan 1970 00:00:00 GMT";
    localStorage.clear();
  });

  it("is asked of the server, and leaves what one called oneself before", () => {
    saveName("Ann");
    saveSession({ clientId: "ann", name: "Ann" });
    // biome-ignore lint/suspicious/noDocumentCookie: it is what the server sets
    document.cookie = "caller_vouched=1";
    expect(savedSession()).toBeUndefined();
    expect(savedName()).toBeUndefined();
    saveName("Test User");
    saveSession({ clientId: "test-user", name: "Test User" });
    // biome-ignore lint/suspicious/noDocumentCookie: it is what the server sets
    document.cookie = "caller_vouched=; expires=Thu, 01 Jan 1970 00:00:00 GMT";
    expect(savedName()).toBe("Ann");
    expect(savedSession()).toEqual({ clientId: "ann", name: "Ann" });
  });

  it("is nobody's by a cookie whose name only ends so", () => {
    // biome-ignore lint/suspicious/noDocumentCookie: it is somebody's
    document.cookie = "not_caller_vouched=1";
    expect(savedSession()).toBeNull();
  });
});
