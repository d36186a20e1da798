// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from "vitest";
import { signedOut } from "../../src/ui/sign_out.ts";
import {
  isSignInOver,
  savedName,
  savedSession,
  saveName,
  saveSession,
} from "../../src/ui/visits.ts";

describe("a session that somebody else vouches for", () => {
  afterEach(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: it is what the server sets
    document.cookie = "caller_vouched=; expires=Thu, 01 Jan 1970 00:00:00 GMT";
    localStorage.clear();
  });

  it("is asked of the server, and nobody is somebody else by oneself when it is over", () => {
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
    expect(isSignInOver()).toBe(true);
    expect(savedName()).toBeUndefined();
    expect(savedSession()).toBeNull();
    saveSession(null);
    expect(isSignInOver()).toBe(true);
    // Whoever takes a name of one's own, or signs out, knows that.
    saveName("Ann");
    expect(isSignInOver()).toBe(false);
    expect(savedName()).toBe("Ann");
    // biome-ignore lint/suspicious/noDocumentCookie: it is what the server sets
    document.cookie = "caller_vouched=1";
    saveSession({ clientId: "test-user", name: "Test User" });
    signedOut();
    // biome-ignore lint/suspicious/noDocumentCookie: it is what the server sets
    document.cookie = "caller_vouched=; expires=Thu, 01 Jan 1970 00:00:00 GMT";
    expect(isSignInOver()).toBe(false);
    expect(savedName()).toBeUndefined();
    expect(savedSession()).toBeNull();
  });

  it("is nobody's by a cookie whose name only ends so", () => {
    // biome-ignore lint/suspicious/noDocumentCookie: it is somebody's
    document.cookie = "not_caller_vouched=1";
    expect(savedSession()).toBeNull();
  });
});
