import { assertEquals } from "../../../kit/assert.ts";
import { isAuthorized } from "../../../../src/http/access/basic_auth.ts";

const credentials = { enabled: true, username: "admin", password: "p:ä ss" };

function basic(text: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;
}

const cases: [name: string, header: string | null, passes: boolean][] = [
  ["the right name and password", basic("admin:p:ä ss"), true],
  ["the scheme in small letters", basic("admin:p:ä ss").replace("Basic", "basic"), true],
  ["a wrong password", basic("admin:p:ä sS"), false],
  ["a longer password", basic("admin:p:ä ss1"), false],
  ["the right text twice", basic("admin:p:ä ssadmin:p:ä ss"), false],
  ["a wrong name", basic("admi:p:ä ss"), false],
  ["nothing in it", "Basic ", false],
  ["an empty text", basic(""), false],
  ["no base64", "Basic %%%%", false],
  ["base64 of an impossible length", "Basic abcde", false],
  ["another scheme", "Bearer admin", false],
  ["no header", null, false],
];

for (const [name, header, passes] of cases) {
  Deno.test(`isAuthorized with ${name}: ${passes}`, () => {
    assertEquals(isAuthorized(credentials, new Headers(header === null ? {} : { authorization: header })), passes);
  });
}

Deno.test("isAuthorized lets nobody in while name or password are not set, and everybody when it is off", () => {
  const headers = new Headers({ authorization: basic(":") });
  assertEquals(isAuthorized({ enabled: true, username: "", password: "" }, headers), false);
  assertEquals(isAuthorized({ enabled: true, username: "admin", password: "" }, headers), false);
  assertEquals(isAuthorized({ enabled: false, username: "", password: "" }, new Headers()), true);
});
